"""Deadlines of a running worker on a real broker: told once, whoever is killed when, and not for what lies unread."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from kafka import KafkaConsumer, TopicPartition

from agents.engine.clock import now
from deploy import topics
from deploy.produce import produce
from schemas.results import timestamp
from schemas.settings import Settings
from tests.agents.test_leads import line
from tests.agents.workers import Worker, until
from tests.policy_files import HEAD, policy

MINUTE = 60_000
POLICY = policy("p", 1, target='"1 calendar minute"', calendar="", warn_at="[0.5]")

Start = Callable[[], Worker]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    settings.data_dir.mkdir(parents=True)
    topics.create(settings)
    path = settings.data_dir / "policies.toml"
    path.write_text(HEAD + POLICY)
    return settings.model_copy(update={"windows": "all", "policies": path})


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Starts workers on one directory, of which none outlives the test; the one before is killed."""
    workers: list[Worker] = []

    def started() -> Worker:
        for worker in workers:
            worker.end()
        workers.append(Worker(settings, "one"))
        return workers[-1]

    yield started
    for worker in workers:
        worker.end()


class Announced:
    """``sales.sla`` to a ``read_committed`` reader."""

    def __init__(self, settings: Settings) -> None:
        self.events: list[dict[str, Any]] = []
        self._consumer = KafkaConsumer(
            bootstrap_servers=settings.kafka, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        self._places = [TopicPartition(settings.topic("sla"), number) for number in range(settings.partitions)]
        self._consumer.assign(self._places)

    def read(self) -> list[dict[str, Any]]:
        ends = self._consumer.end_offsets(self._places)
        while any(self._consumer.position(place) < ends[place] for place in self._places):
            for records in self._consumer.poll(timeout_ms=200).values():
                self.events += [orjson.loads(record.value) for record in records]
        return self.events

    def count(self, name: str) -> int:
        return sum(event["name"] == f"sla.{name}" for event in self.read())

    def close(self) -> None:
        self._consumer.close()


@pytest.fixture
def announced(settings: Settings) -> Iterator[Announced]:
    made = Announced(settings)
    yield made
    made.close()


def engaged(lead: int, at: int) -> bytes:
    return line("lead.engaged", at, f"lead-{lead}", f"engaged-{lead}")


def test_each_step_is_announced_once_wherever_the_worker_is_killed(
    settings: Settings, start: Start, announced: Announced
) -> None:
    """Deadlines pass one after the other while workers are killed at instants that differ each time."""
    leads, worker = 400, start()
    until(worker.is_ready, "it is ready")
    first = now() - MINUTE + 10_000
    produce(settings, [engaged(n, first + n * 50) for n in range(leads)])
    rng = random.Random()
    for _ in range(3):
        seen = len(announced.read())
        until(lambda: len(announced.read()) > seen, "some was announced")  # noqa: B023
        time.sleep(rng.uniform(0, 0.5))
        worker = start()
    until(lambda: announced.count("breached") == leads, "every deadline has passed", 150)
    counts = Counter(event["identity"] for event in announced.read())
    assert set(counts.values()) == {1}
    assert Counter(event["name"] for event in announced.events) == {
        "sla.started": leads,
        "sla.at_risk": leads,
        "sla.breached": leads,
    }


def test_after_a_restart_the_overdue_are_told_of_and_not_those_whose_call_lies_unread(
    settings: Settings, start: Start, announced: Announced
) -> None:
    worker = start()
    until(worker.is_ready, "it is ready")
    at = now() - MINUTE + 15_000
    produce(settings, [engaged(n, at) for n in range(40)])
    until(lambda: announced.count("started") == 40, "they have been read")
    worker.end()
    produce(settings, [line("call.completed", now(), f"lead-{n}", direction="outbound") for n in range(20)])
    until(lambda: now() > at + MINUTE, "the deadline has passed")
    worker = start()
    until(lambda: announced.count("breached") + announced.count("met") >= 40, "all are told of")
    breached = {event["lead"] for event in announced.events if event["name"] == "sla.breached"}
    assert breached == {f"lead-{n}" for n in range(20, 40)}
    assert {event["due_at"] for event in announced.events} == {timestamp(at + MINUTE)}


def test_a_faulty_policy_file_ends_the_worker_with_its_lines(settings: Settings) -> None:
    assert settings.policies is not None
    settings.policies.write_text(HEAD + POLICY.replace("1 calendar minute", "1 minute"))
    worker = Worker(settings, "one")
    assert worker.process.wait(60) == 1
    fault, sum_of_them = worker.stderr.splitlines()
    assert fault.startswith(f"{settings.policies}: policies[p@1].target: expected a length")
    assert sum_of_them.endswith(f"1 fault(s) in {settings.policies}")
