"""The whole sink on a real broker and the real engine: nothing lost and nothing twice, whatever stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from confluent_kafka import Producer
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError
from prometheus_client.parser import text_string_to_metric_families

from deploy import topics
from deploy.local.clickhouse import LocalClickHouse
from schemas.settings import Settings
from sinks.clickhouse import sink
from sinks.clickhouse.recorded_kpis import views
from sinks.clickhouse.schema import connect

SECONDS: Final = 60
NOW: Final = int(time.time() * 1000)


@pytest.fixture
def settings(settings: Settings, dsn: str) -> Settings:
    """Settings of one test, its topics made, its database not."""
    topics.create(settings)
    return settings.model_copy(update={"clickhouse": dsn})


def until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not claim():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.1)


def asked(settings: Settings, query: str) -> Any:
    try:
        client = connect(settings)
        try:
            return client.query(query).result_rows
        finally:
            client.close()
    except DatabaseError:
        return None


@contextmanager
def running(settings: Settings, port: int | None = None) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=sink.run, args=(settings, stop, port))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(SECONDS)
        assert not thread.is_alive()


def send(settings: Settings, first: int, last: int) -> None:
    """One event, one KPI row and its lead's facts for each number; every event is sent twice."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka, linger_ms=20)
    for number in range(first, last):
        lead = f"lead-{number}"
        event = {"specversion": "1.0", "id": f"e-{number}", "source": "crm", "type": "lead.closed", "subject": lead}
        value = orjson.dumps(event | {"time": "2026-03-02T09:00:00Z", "data": {"reason": "recycled"}})
        for _ in range(2):
            producer.send(settings.topic("leads"), key=lead.encode(), value=value, timestamp_ms=NOW)
        key, row = kpi(number)
        producer.send(settings.topic("kpi.reply"), key=key, value=row)
    producer.flush()
    producer.close()


def kpi(number: int) -> tuple[bytes, bytes]:
    names = {"kpi": "reply_rate", "grouping": "rep", "dimensions": {"rep": f"r-{number}"}, "window": "all"}
    names |= {"start": "1970-01-01T00:00:00Z"}
    numbers = {"value": 0.5, "count": 2, "numerator": 1, "denominator": 2, "revision": number, "statistics": {}}
    row = names | numbers | {"end": None, "basis": "first_touch", "final": False, "watermark": None}
    return orjson.dumps(list(names.values()), option=orjson.OPT_SORT_KEYS), orjson.dumps(row)


def counts(settings: Settings) -> tuple[int, int, int]:
    """Events shown, KPI rows shown, sum of the revisions shown."""
    rows = asked(settings, "SELECT (SELECT count() FROM events_once), count(), sum(revision) FROM kpis_latest")
    return tuple(rows[0]) if rows else (0, 0, 0)


def expected(rows: int) -> tuple[int, int, int]:
    return (rows, rows, rows * (rows - 1) // 2)


def committed(settings: Settings) -> int:
    """Records of all topics whose offsets the group has committed."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        offsets = admin.list_group_offsets([f"{settings.topic_prefix}-clickhouse"])
        return sum(found.offset for group in offsets.values() for found in group.values())
    finally:
        admin.close()


def test_what_is_in_the_topics_comes_to_be_in_the_views_and_is_committed(settings: Settings) -> None:
    send(settings, 0, 300)
    with running(settings):
        until(lambda: counts(settings) == expected(300))
        until(lambda: committed(settings) == 900)
        send(settings, 300, 310)
        until(lambda: counts(settings) == expected(310))
    lost = "FROM churn_rate(from = '2026-03-01', to = '2026-04-01', period = 'month', scope = 'all')"
    assert asked(settings, f"SELECT count() {lost}") == [(0,)], "recorded KPIs can be asked for"


def test_recorded_kpis_that_cannot_be_made_hold_up_no_row(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def create(client: Any, settings: Settings) -> None:
        raise DatabaseError("no such function")

    monkeypatch.setattr(views, "create", create)
    send(settings, 0, 3)
    with running(settings):
        until(lambda: counts(settings) == expected(3))


def test_producers_compress_as_they_like(settings: Settings) -> None:
    event = {"specversion": "1.0", "source": "crm", "type": "lead.closed", "subject": "lead-1"}
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        producer = Producer({"bootstrap.servers": settings.kafka, "compression.type": codec})
        data = {"time": "2026-03-02T09:00:00Z", "id": codec, "data": {"reason": "recycled" * 32}}
        producer.produce(settings.topic("leads"), key=b"lead-1", value=orjson.dumps(event | data))
        producer.flush(SECONDS)
    with running(settings):
        until(lambda: asked(settings, "SELECT count() FROM events_once") == [(5,)])


def test_a_tombstone_in_the_topic_ends_the_row(settings: Settings) -> None:
    send(settings, 0, 3)
    with running(settings):
        until(lambda: counts(settings) == expected(3))
        producer = KafkaProducer(bootstrap_servers=settings.kafka)
        producer.send(settings.topic("kpi.reply"), key=kpi(2)[0], value=None)
        producer.close()
        until(lambda: counts(settings) == (3, 2, 1))


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of what the sinks of this test have taken in hand so far."""
    sizes: list[int] = []
    take = sink.Sink._take

    def noted(self: sink.Sink, topic: str, records: list[Any]) -> None:
        take(self, topic, records)
        sizes.append(len(records))

    monkeypatch.setattr(sink.Sink, "_take", noted)
    return sizes


def test_what_was_read_is_written_and_committed_before_the_sink_ends(
    settings: Settings, taken: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "_BATCH_SECONDS", 3600)
    send(settings, 0, 50)
    with running(settings) as stop:
        until(lambda: sum(taken) == 150)
        assert committed(settings) == 0
        stop.set()
        # The poll in progress ends with the next records.
        send(settings, 50, 51)
    assert committed(settings) >= 150
    assert counts(settings) >= expected(50)


def test_a_second_sink_that_joins_while_rows_are_in_hand_costs_none_of_them(
    settings: Settings, taken: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "_BATCH_SECONDS", 5)
    send(settings, 0, 200)
    with running(settings):
        until(lambda: sum(taken) == 600)
        with running(settings):
            until(lambda: committed(settings) == 600)
            assert counts(settings) == expected(200)


def killed_before_commit(settings: Settings) -> None:
    program = (
        "import os, signal, threading\n"
        "from schemas.settings import Settings\n"
        "from sinks.clickhouse import sink\n"
        "sink.Sink._commit = lambda self: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sink.run(Settings(_env_file=None), threading.Event())\n"
    )
    environment = {
        "SALESPULSE_KAFKA": str(settings.kafka),
        "SALESPULSE_CLICKHOUSE": str(settings.clickhouse),
        "SALESPULSE_TOPIC_PREFIX": settings.topic_prefix,
    }
    ended = subprocess.run([sys.executable, "-c", program], env=os.environ | environment, timeout=SECONDS)
    assert ended.returncode == -signal.SIGKILL


def test_a_sink_killed_between_insert_and_commit_leaves_the_views_right(settings: Settings) -> None:
    send(settings, 0, 200)
    killed_before_commit(settings)
    assert counts(settings) > (0, 0, 0)
    assert committed(settings) == 0
    with running(settings):
        until(lambda: committed(settings) == 600)
    assert counts(settings) == expected(200)


def test_offsets_that_could_not_be_committed_are_committed_later_without_new_records(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(settings, 0, 20)
    commit = KafkaConsumer.commit
    refused: list[int] = []

    def refused_at_first(self: Any, timeout_ms: int) -> None:
        if not refused:
            refused.append(timeout_ms)
            raise KafkaError("the group is rebalancing")
        commit(self, timeout_ms=timeout_ms)

    monkeypatch.setattr(KafkaConsumer, "commit", refused_at_first)
    with running(settings):
        until(lambda: committed(settings) == 60)
    assert refused


def test_what_an_aborted_transaction_wrote_is_not_read(settings: Settings) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka, transactional_id=settings.topic_prefix)
    producer.init_transactions()
    for number, end in ((1, producer.abort_transaction), (2, producer.commit_transaction)):
        producer.begin_transaction()
        key, row = kpi(number)
        producer.send(settings.topic("kpi.reply"), key=key, value=row).get(SECONDS)
        end()
    producer.close()
    send(settings, 0, 1)
    with running(settings):
        until(lambda: counts(settings)[1] >= 2)
        assert counts(settings) == (1, 2, 2)


def test_two_sinks_at_once_share_the_work(settings: Settings) -> None:
    send(settings, 0, 200)
    with running(settings), running(settings):
        send(settings, 200, 400)
        until(lambda: counts(settings) == expected(400))
        until(lambda: committed(settings) == 1200)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measured(port: int) -> dict[tuple[str, str], float]:
    """Sample name and topic or table → value."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        families = text_string_to_metric_families(answer.read().decode())
        samples = [sample for family in families for sample in family.samples]
    return {(sample.name, next(iter(sample.labels.values()), "")): sample.value for sample in samples}


def test_while_clickhouse_is_away_the_lag_grows_and_nothing_is_lost(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "_LAG_SECONDS", 0.2)
    port = free_port()
    leads = settings.topic("leads")
    with LocalClickHouse(tmp_path / "clickhouse") as server:
        settings = settings.model_copy(update={"clickhouse": server.start()})
        with running(settings, port):
            send(settings, 0, 100)
            until(lambda: counts(settings) == expected(100))
            until(lambda: measured(port)["sales_sink_lag_records", leads] == 0)
            server.kill()
            send(settings, 100, 200)
            until(lambda: measured(port)["sales_sink_failures_total", ""] > 1)
            send(settings, 200, 300)
            until(lambda: measured(port)["sales_sink_lag_records", leads] == 400)
            server.start()
            until(lambda: counts(settings) == expected(300))
            until(lambda: measured(port)["sales_sink_lag_records", leads] == 0)
            assert measured(port)["sales_sink_rows_total", "events"] == 600
            assert measured(port)["sales_sink_insert_seconds_count", ""] > 0


def test_a_record_that_makes_no_row_is_counted_and_passed_over(settings: Settings) -> None:
    port = free_port()
    producer = KafkaProducer(bootstrap_servers=settings.kafka)
    producer.send(settings.topic("leads"), key=b"lead-1", value=b"not json")
    producer.close()
    send(settings, 0, 1)
    with running(settings, port):
        until(lambda: counts(settings) == expected(1))
        assert measured(port)["sales_sink_skipped_records_total", settings.topic("leads")] == 1


def test_without_an_address_of_clickhouse_the_sink_says_which_setting_is_missing(settings: Settings) -> None:
    with pytest.raises(ValueError, match="SALESPULSE_CLICKHOUSE"):
        sink.run(settings.model_copy(update={"clickhouse": None}), threading.Event())
