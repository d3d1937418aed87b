"""How a backlog is read: one partition at a time, and of its topics the one that stands at the oldest record."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.transport.drivers import aiokafka as driver

from agents.engine.clock import monotonic
from agents.engine.engine import Engine
from agents.engine.faust_transport import ConsumerThread, Fetched

FULL = 1_000


def partition(number: int, left: int | None, uncommitted: int = 0, failure: str | None = None) -> Any:
    """A partition with so many records left to read; None: not heard of yet."""
    lag = {} if left is None else {"a": left // 2, "b": left - left // 2}
    return SimpleNamespace(
        number=number, lag=lag, uncommitted=uncommitted, failure=failure, fatal=False, last_commit=float("inf"),
        awaits_first_cycle=False,
    )  # fmt: skip


def engine_of(*partitions: Any) -> Engine:
    group: Any = SimpleNamespace(pause=lambda number: None)
    plan: Any = SimpleNamespace(full=FULL)
    engine = Engine(plan, group)
    engine.partitions = {partition.number: partition for partition in partitions}
    engine.receive({}, {})
    return engine


def test_of_several_partitions_with_a_backlog_one_is_read_until_its_cycle_is_full() -> None:
    first, second = partition(0, 1_000_000), partition(1, 1_000_000)
    engine = engine_of(first, second)
    assert engine.held_back == {1}
    first.uncommitted = FULL
    assert engine.is_due
    engine.receive({}, {})
    assert engine.held_back == {0}
    second.uncommitted, first.uncommitted = FULL, 0
    engine.receive({}, {})
    assert engine.held_back == {1}


def test_the_first_cycle_of_a_partition_does_not_wait_for_its_time() -> None:
    """Deadlines passed while nobody had it."""
    taken = partition(0, 0)
    engine = engine_of(taken, partition(1, 0))
    assert not engine.is_due
    taken.awaits_first_cycle = True
    assert engine.is_due


def test_nobody_waits_for_a_partition_that_has_caught_up_or_stopped() -> None:
    assert engine_of(partition(0, 10), partition(1, 1_000_000)).held_back == set()
    assert engine_of(partition(0, 1_000_000, failure="a bug"), partition(1, 1_000_000)).held_back == set()


def test_a_partition_that_was_not_heard_of_yet_is_read() -> None:
    engine = engine_of(partition(0, 1_000_000), partition(1, None), partition(2, 1_000_000))
    assert engine.held_back == {2}


def test_a_partition_that_gives_nothing_does_not_keep_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its broker may be away."""
    engine = engine_of(partition(0, 1_000_000), partition(1, 1_000_000))
    later = monotonic() + 60
    monkeypatch.setattr("agents.engine.engine.monotonic", lambda: later)
    engine.receive({}, {})
    assert engine.held_back == {0}


def test_with_a_backlog_a_cycle_waits_but_not_for_long() -> None:
    engine = engine_of(partition(0, 1_000_000, uncommitted=5))
    assert engine.can_wait
    engine.partitions[0].last_commit = 0.0
    assert not engine.can_wait
    assert not engine_of(partition(0, 10, uncommitted=5)).can_wait


CALLS, LEADS, OTHER = TopicPartition("calls", 0), TopicPartition("leads", 0), TopicPartition("leads", 1)


class Reader:
    """A consumer thread that was told what a fetch found."""

    def __init__(self) -> None:
        self.thread: Any = ConsumerThread.__new__(ConsumerThread)
        self.thread._behind = {}

    def fetched(self, *found: tuple[TopicPartition, int, int], exhausted: tuple[TopicPartition, ...] = ()) -> None:
        """Topic-partition, timestamp of the last record, how many records are left."""
        states = {tp: SimpleNamespace(lso=100 + left, position=100) for tp, _, left in found}
        assignment = SimpleNamespace(state_value=states.get)
        consumer = SimpleNamespace(_subscription=SimpleNamespace(subscription=SimpleNamespace(assignment=assignment)))
        self.thread._note(consumer, {tp: [SimpleNamespace(timestamp=at)] for tp, at, _ in found}, exhausted)

    @property
    def ahead(self) -> set[TopicPartition]:
        ahead: set[TopicPartition] = self.thread._ahead()
        return ahead


def test_of_the_topics_of_a_partition_the_one_at_the_oldest_record_is_read() -> None:
    reader = Reader()
    reader.fetched((CALLS, 2_000, 50), (LEADS, 1_000, 50), (OTHER, 9_000, 50))
    assert reader.ahead == {CALLS}
    reader.fetched((LEADS, 3_000, 50))
    assert reader.ahead == {LEADS}


def test_a_topic_without_more_to_read_holds_no_other_back() -> None:
    reader = Reader()
    reader.fetched((CALLS, 2_000, 50), (LEADS, 1_000, 0))
    assert reader.ahead == set()


def test_a_topic_that_gives_nothing_for_now_holds_no_other_back() -> None:
    """Its leader may be away."""
    reader = Reader()
    reader.fetched((CALLS, 2_000, 50), (LEADS, 1_000, 50))
    reader.fetched(exhausted=(LEADS,))
    assert reader.ahead == set()


# What was fetched and dropped


def test_after_an_assignment_every_topic_is_read_on_where_the_engine_stands() -> None:
    """Faust would leave alone what nothing was committed for, though a dropped fetch may have moved it on."""
    sought: list[tuple[str, int, int]] = []
    engine = engine_of(partition(0, 0), partition(1, 0))
    engine.plan.inputs = ("calls", "leads")  # type: ignore[misc]
    engine._group.seek = lambda *to: sought.append(to)  # type: ignore[method-assign]
    engine.partitions[0].positions, engine.partitions[1].positions = {"calls": 7}, {}
    engine.seek()
    assert sought == [("calls", 0, 7), ("leads", 0, 0), ("calls", 1, 0), ("leads", 1, 0)]


async def test_a_fetch_that_ends_while_nothing_may_be_read_tells_what_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """The consumer's positions have moved on: silently dropped, its records would never be read."""
    record = SimpleNamespace(offset=0, timestamp=1)

    async def fetched(*args: Any, **kwargs: Any) -> Any:
        reader.thread.consumer.flow_active = False
        return {CALLS: [record]}

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetched)
    reader = Reader()
    reader.thread.consumer = SimpleNamespace(flow_active=True, engine=SimpleNamespace(held_back=frozenset()))
    found = await reader.thread._fetch_records(None, {CALLS}, max_records=1)
    assert found == Fetched({("calls", 0): [record]}, {})
