"""Targets live, on a real broker and the real engine: set, reached, published, told Prometheus, revoked."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import orjson
import pytest
from clickhouse_connect.driver.client import Client
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from prometheus_client import CollectorRegistry

from agents import targets
from agents.targets import Pursuit, breakdown, pursuing, stand
from deploy import topics
from deploy.readings import scrape
from schemas.events import Millis
from schemas.policy import NOTHING, PolicyFile
from schemas.policy_values import DAY
from schemas.recorded_kpis import by_name
from schemas.results import timestamp
from schemas.settings import Settings
from schemas.targets import subject
from sinks.clickhouse import sink
from sinks.clickhouse.recorded_kpis.queries import rows
from sinks.clickhouse.recorded_kpis.views import create
from sinks.clickhouse.schema import connect, migrate
from tests.conftest import at
from tests.directories import directory
from tests.sinks.recorded_kpis.test_by_hand import Teller
from tests.sinks.test_reconciliation import record

SECONDS: Final = 60
NOW: Final = int(time.time() * 1000)
START: Final = NOW // 1000 * 1000 - 10 * DAY
TEAM: Final = NOTHING._replace(reps=directory('[reps.r-1]\nteam = "t-1"\n[reps.r-2]\nteam = "t-1"\n'))
"""Two reps who are always there."""


def aim(tell: Teller, value: Any, at: Millis, kind: str = "target.set", days: int = 20, **who: str) -> None:
    end = START + days * DAY
    data = {"kpi": "won_amount", "start": timestamp(START), "end": timestamp(end)} | who
    tell.add(subject("won_amount", who, START, end), kind, at, **data, value=value)


def floor() -> Teller:
    """400 of the team's 1,000 are won at half of its time, all of it by r-1."""
    tell = Teller()
    sold = {"amount": "400", "currency": "EUR", "team": "t-1", "rep": "r-1"}
    tell.deal("deal", "won", START, START + DAY, **sold)
    aim(tell, 1000, START - DAY, team="t-1")
    return tell


def send(settings: Settings, tell: Teller) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka, linger_ms=20)
    for event in tell.events:
        topic = settings.topic(f"{event['type'].partition('.')[0]}s")
        producer.send(topic, key=event["subject"].encode(), value=orjson.dumps(event))
    producer.flush()
    producer.close()


def standing_rows(settings: Settings) -> dict[tuple[str, str, str], dict[str, Any]]:
    """What a reader of the topic holds: the last of each key, by KPI, grouping or rep, and window."""
    topic = settings.topic(targets.TOPIC)
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka, isolation_level="read_committed")
    try:
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends, held = consumer.end_offsets(places), dict[bytes, Any]()
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=200).values():
                held |= {each.key: each.value and orjson.loads(each.value) for each in records}
    finally:
        consumer.close()
    found = [row for row in held.values() if row]
    return {(row["kpi"], row["dimensions"].get("rep", row["grouping"]), row["window"]): row for row in found}


def until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not claim():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.2)


@pytest.fixture
def served(settings: Settings, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Settings, str]]:
    """A sink that runs, with targets beside it; its settings and the address of its metrics."""
    monkeypatch.setattr(targets, "_LOOK_SECONDS", 0.3)
    monkeypatch.setattr(targets, "_REST", 1)
    topics.create(settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = settings.model_copy(update={"clickhouse": dsn, "targets_interval": 1000, "recorded_export": ""})
    stop, beside = threading.Event(), partial(pursuing, settings, TEAM)
    thread = threading.Thread(target=sink.run, args=(settings, stop, port), kwargs={"beside": beside})
    thread.start()
    yield settings, f"http://127.0.0.1:{port}/metrics"
    stop.set()
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_a_target_that_is_set_is_measured_published_and_told_until_it_is_revoked(served: tuple[Settings, str]) -> None:
    settings, metrics = served
    tell = floor()
    send(settings, tell)
    attainment, of_rep = ("target_attainment", "team", "target"), ("target_attainment", "r-1", "target")
    until(lambda: standing_rows(settings).get(attainment, {}).get("value") == 0.4)
    found = standing_rows(settings)
    assert (found[attainment]["numerator"], found[attainment]["denominator"]) == ("400", "1000")
    assert found["target_pace", "team", "target"]["value"] == pytest.approx(0.8, rel=0.01)
    assert float(found["target_projected", "team", "target"]["value"]) == pytest.approx(800, rel=0.01)
    assert (found[of_rep]["value"], found[of_rep]["statistics"]["origin"]) == (0.8, "derived")
    assert found["target_attainment", "r-2", "target"]["value"] == 0
    assert ("target_attainment", "team", "week") in found
    team = {"kpi": "won_amount", "scope": "team", "who": "t-1", "window": "target", "currency": "EUR"}
    until(lambda: scrape(metrics).total("sales_target_attainment_ratio", **team) == 0.4)
    told = scrape(metrics)
    assert told.total("sales_target_pace_ratio", **team) == pytest.approx(0.8, rel=0.01)
    assert told.total("sales_target_projected", **team) == pytest.approx(800, rel=0.01)
    assert told.total("sales_target_value", **team) == 1000

    revoked = Teller()
    revoked.events = [{}] * 100
    aim(revoked, 1000, NOW - 1000, "target.revoked", team="t-1")
    revoked.events = revoked.events[100:]
    send(settings, revoked)
    until(lambda: not standing_rows(settings))
    until(lambda: scrape(metrics).total("sales_target_attainment_ratio", **team) is None)


@pytest.fixture(scope="module")
def kept(clickhouse: str) -> Iterator[tuple[Client, str]]:
    """A database with the views of recorded KPIs, which take a while to make, and its DSN."""
    dsn = f"{clickhouse}/of_targets"
    found = connect(at(dsn))
    migrate(found, Settings(_env_file=None))
    create(found, Settings(_env_file=None))
    yield found, dsn
    found.close()


@pytest.fixture
def client(kept: tuple[Client, str]) -> Client:
    """The same, with nothing recorded."""
    for table in ("events", "targets", "kpis", "standing_targets"):
        kept[0].command(f"TRUNCATE TABLE {table}")
    return kept[0]


def stood(kept: tuple[Client, str], tell: Teller, file: PolicyFile = TEAM, **more: Any) -> Settings:
    """The floor recorded, and what stands of its targets as of now."""
    client, dsn = kept
    settings = Settings(clickhouse=dsn, _env_file=None, **more)
    record(client, map(orjson.dumps, tell.events * 2))
    stand(client, settings, breakdown(settings, file), NOW)
    return settings


def attained(client: Client, kpi: str, scope: str) -> dict[str, tuple[Any, Any]]:
    """Who → value and denominator in the year in which the targets begin."""
    found = rows(client, by_name[kpi], START, START + 1, "custom", scope)
    return {row["who"]: (row["value"], row["denominator"]) for row in found if row["of"] == "won_amount"}


def test_recorded_kpis_are_of_the_targets_that_stand(client: Client, kept: tuple[Client, str]) -> None:
    """Of ten of twenty days another target stands; the reps have what the team has."""
    tell = floor()
    aim(tell, 100, START - 2 * DAY, days=10, team="t-1")
    stood(kept, tell)
    assert attained(client, "quota_attainment", "team") == {"t-1": (4, 100)}
    assert attained(client, "quota_attainment", "rep") == {"r-1": (8, 50), "r-2": (0, 50)}
    assert attained(client, "team_at_quota", "team") == {"t-1": (0.5, 2)}
    pieces = client.query(
        "SELECT toUnixTimestamp64Milli(start), toFloat64(target) FROM recorded_targets WHERE scope = 'team' ORDER BY 1"
    ).result_rows
    assert pieces == [(START, 100), (START + 10 * DAY, 500)]


def test_absence_is_taken_off_wherever_a_target_is_read(client: Client, kept: tuple[Client, str]) -> None:
    tell = Teller()
    tell.deal("deal", "won", START, START + DAY, amount="400", currency="EUR", team="t-1", rep="r-1")
    aim(tell, 800, START - DAY, rep="r-1")
    away = f"absences = [{{ from = {timestamp(START)}, to = {timestamp(START + 10 * DAY)} }}]"
    file = NOTHING._replace(reps=directory(f'[reps.r-1]\nteam = "t-1"\ncover = "r-2"\n{away}\n[reps.r-2]\n'))
    stood(kept, tell, file)
    [(value, target)] = attained(client, "quota_attainment", "rep").values()
    assert float(target) == pytest.approx(400, rel=0.05) and value == pytest.approx(1, rel=0.05)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[bytes, bytes | None]]:
    """What would have been sent, turn by turn."""
    found: list[dict[bytes, bytes | None]] = []
    monkeypatch.setattr(targets, "_send", lambda settings, records: found.append(records))
    return found


def test_reps_are_shown_as_the_setting_allows(
    client: Client, kept: tuple[Client, str], sent: list[dict[bytes, bytes | None]]
) -> None:
    settings = stood(kept, floor())
    for level, reps in (("off", set()), ("1", {"r-1"}), ("on", {"r-1", "r-2"})):
        Pursuit(settings.model_copy(update={"rep_level": level}), TEAM, CollectorRegistry()).turn()
        found = {orjson.loads(key)[2].get("rep") for key in sent.pop()}
        assert found == {None} | reps, level


def test_a_turn_in_which_nothing_is_new_or_due_sends_nothing(
    client: Client, kept: tuple[Client, str], sent: list[dict[bytes, bytes | None]]
) -> None:
    """What is over says the same whenever it is measured."""
    settings, at = stood(kept, floor(), targets_interval="1h"), [START + 60 * DAY]
    registry = CollectorRegistry()
    pursuit = Pursuit(settings, TEAM, registry, lambda: at[0])
    pursuit.turn()
    assert len(sent) == 1
    told = [sample.name for family in registry.collect() for sample in family.samples]
    assert not any(name.startswith("sales_target_attainment") for name in told), "gauges are of those that run"
    at[0] += 59 * 60_000
    pursuit.turn()
    at[0] += 60_000
    pursuit.turn()
    assert len(sent) == 1
    late = Teller()
    late.deal("late", "won", START, START + 2 * DAY, amount="100", currency="EUR", team="t-1", rep="r-2")
    record(client, map(orjson.dumps, late.events))
    at[0] += 3_600_000
    pursuit.turn()
    assert len(sent[1]) == 6, "all three rows of the team and of r-2, none of r-1"
