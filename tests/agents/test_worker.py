"""``salespulse worker`` as it is run: processes on a real broker, judged by what they publish and say."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from agents.engine.clock import now
from deploy import topics
from deploy.produce import produce
from deploy.simulator.cast import DAY
from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import START, simulate
from deploy.simulator.reading import LARGEST, millis
from deploy.simulator.truth import compare, truth
from schemas.results import DeadLetter
from schemas.settings import Settings
from sinks import dead_letters
from tests import promtool
from tests.agents.workers import Reader, Row, Worker, until

A_YEAR_AGO = START - 364 * DAY
"""A Monday too, and past on the clock of the broker."""

Start = Callable[..., Worker]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The topics are there; the truth knows two windows."""
    settings.data_dir.mkdir(parents=True)
    topics.create(settings)
    return settings.model_copy(update={"windows": "all,1d"})


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Starts workers, of which none outlives the test."""
    workers: list[Worker] = []

    def started(name: str = "one", **changed: Any) -> Worker:
        workers.append(Worker(settings, name, **changed))
        return workers[-1]

    yield started
    for worker in workers:
        worker.end()


@pytest.fixture
def reader(settings: Settings) -> Iterator[Reader]:
    made = Reader(settings)
    yield made
    made.close()


def differences(settings: Settings, reader: Reader, lines: list[bytes]) -> list[str]:
    """What the standing rows say, against the truth as of now."""
    clock = now()
    true = [since(row, clock) for row in truth(lines, settings, clock)["kpis"]]
    return compare([since(row, millis(row["watermark"])) for row in reader.told()], true)


def since(row: Row, clock: int) -> Row:
    """Rows of different moments agree on when the oldest lead came, not on how long ago that is, nor on other ages."""
    if row["kpi"] == "stage_age":
        return row | {"value": None, "statistics": {}}
    return row | {"value": clock / 1000 - row["value"]} if row["kpi"] == "oldest_open_lead" else row


def letters(settings: Settings) -> list[DeadLetter]:
    return list(dead_letters.read(settings))


def test_kpis_are_the_truth_while_they_are_live(settings: Settings, start: Start, reader: Reader) -> None:
    """Every event type, with duplicates, disorder, lateness, conflicts and malformed events."""
    clean = simulate(21, 200, A_YEAR_AGO)
    lines = list(disturb(clean, 21, duplicates=0.1, late=0.05, malformed=0.05, conflicts=0.02))
    worker = start()
    produce(settings, lines)
    until(lambda: worker.is_ready() and not differences(settings, reader, lines), "the KPIs are the truth")
    counted = truth(lines, settings)["events"]
    found = letters(settings)
    assert {letter.reason for letter in found} == set(counted["dead_letters"])
    assert len({b64decode(letter.value or "") for letter in found}) == sum(counted["dead_letters"].values())
    assert worker.events() + len(found) == len(lines)
    assert promtool.faults(worker.get("/metrics")[1]) == []


def test_a_worker_is_ready_once_it_has_its_partitions_and_ends_when_asked_to(settings: Settings, start: Start) -> None:
    worker = start()
    seen: list[tuple[int, int]] = []

    def is_ready() -> bool:
        alive, ready = worker.get("/livez")[0], worker.get("/readyz")[0]
        seen.append((alive, ready))
        return ready == 200

    until(is_ready, "the worker is ready")
    answers = list(dict.fromkeys(pair for pair in seen if all(pair)))
    assert answers == [(200, 503), (200, 200)]
    assert worker.partitions() == [list(range(settings.partitions))] * 2
    pulse = orjson.loads(worker.get("/board/floor")[1])["pulse"]
    assert (pulse["ready"], pulse["owned"], pulse["partitions"]) == (True, settings.partitions, settings.partitions)
    worker.process.terminate()
    assert worker.process.wait(30) == 0, worker.stderr


def test_kill_9_of_one_of_two_workers_changes_nothing(settings: Settings, start: Start, reader: Reader) -> None:
    lines = list(disturb(simulate(22, 400, A_YEAR_AGO), 22, duplicates=0.05, malformed=0.02))
    workers = [start("one"), start("two")]
    until(lambda: all(worker.is_ready() and all(worker.partitions()) for worker in workers), "both have partitions")
    survivor, victim = workers
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(produce, settings, lines, rate=500)
        until(lambda: victim.events() > 100 and reader.told(), "the victim is at work")
        victim.end()
        assert not sending.done()
    until(lambda: not differences(settings, reader, lines), "the KPIs are the truth")
    assert survivor.partitions() == [list(range(settings.partitions))] * 2
    places = [(letter.topic, letter.partition, letter.offset) for letter in letters(settings)]
    assert len(places) == len(set(places)) > 5


def test_a_flood_of_bad_input_ends_the_worker_with_a_line_that_says_where_and_what_to_do(
    settings: Settings, start: Start
) -> None:
    produce(settings, [orjson.dumps({"type": "call.completed", "subject": "lead-1", "n": n}) for n in range(400)])
    worker = start(dead_letter_sample="100")
    assert worker.process.wait(60) == 1
    told = [line for line in worker.stderr.splitlines() if "cannot be used" in line]
    assert told == worker.stderr.splitlines()[-1:]
    assert told[0].startswith("salespulse: ")
    assert f"{settings.topic('calls')}[" in told[0]
    assert "mend its producer, or set SALESPULSE_DEAD_LETTER_SHARE=1" in told[0]


def event(name: str, padding: int, lead: str = "lead-1") -> bytes:
    envelope = {"specversion": "1.0", "id": name, "source": "crm", "type": "lead.engaged", "subject": lead}
    return orjson.dumps(envelope | {"time": "2025-03-03T09:00:00Z", "data": {"aside": "x" * padding}})


def test_an_event_that_is_too_large_is_a_dead_letter_with_all_its_bytes(settings: Settings, start: Start) -> None:
    """1 MiB is what may be read; the letter is larger still, and what comes after it is read too."""
    large = event("large", LARGEST)
    worker = start()
    produce(settings, [large, event("small", 0)])
    until(lambda: worker.is_ready() and worker.events() == 1, "what comes after it is read")
    until(lambda: letters(settings), "the letter is there")
    [letter] = letters(settings)
    assert (letter.reason, letter.topic, b64decode(letter.key or "")) == (
        "too_large",
        settings.topic("leads"),
        b"lead-1",
    )
    assert b64decode(letter.value or "") == large


def test_events_as_large_as_may_be_are_kept(settings: Settings, start: Start, reader: Reader) -> None:
    empty = len(event("large-1", 0))
    lines = [event(f"large-{n}", LARGEST - empty) for n in range(3)]
    assert {len(line) for line in lines} == {LARGEST}
    start()
    produce(settings, lines)
    until(lambda: not differences(settings, reader, lines), "the KPIs are the truth")


def test_producers_compress_as_they_like(settings: Settings, start: Start) -> None:
    worker = start()
    for n, codec in enumerate(("none", "gzip", "snappy", "lz4", "zstd")):
        producer = Producer({"bootstrap.servers": settings.kafka, "compression.type": codec})
        producer.produce(settings.topic("leads"), key=b"lead-1", value=event(f"e-{n}", 10_000))
        producer.flush(30)
    until(lambda: worker.is_ready() and worker.events() == 5, "events of every codec are read")


def test_topics_of_unequal_partitions_are_refused_with_a_line_that_names_them(settings: Settings, start: Start) -> None:
    """Events of one lead would lie in partitions of different numbers."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    admin.create_partitions({settings.topic("calls"): 6})
    admin.close()
    worker = start()
    assert worker.process.wait(60) == 1
    assert worker.stderr.splitlines()[-1].startswith("salespulse: topics that belong together differ")
    assert f"{settings.topic('calls')} 6, {settings.topic('emails')} 4" in worker.stderr


def test_topics_that_are_deleted_and_made_anew_are_waited_for(settings: Settings, start: Start) -> None:
    """Those of its own are still there meanwhile: that is not a difference in partitions."""
    worker = start()
    until(worker.is_ready, "it is ready")
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    admin.delete_topics([settings.topic(name) for name in ("leads", "calls", "emails", "deals")])
    until(lambda: "waiting for topics" in worker.stderr, "it has seen that they are gone")
    assert worker.get("/readyz")[0] == 503
    made: set[str] = set()

    def are_made() -> bool:
        with suppress(KafkaError):
            made.update(topics.create(settings))
        return len(made) == 4

    until(are_made, "they are there again")
    admin.close()
    produce(settings, [event(f"e-{n}", 1_000) for n in range(40)])
    until(lambda: worker.events() == 40, "what is in them is read")
