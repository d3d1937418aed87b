"""The commit cycles of one partition, with transactions that end as they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition

from agents.engine.partition import Horizon, Partition, Plan
from agents.engine.processor import Outgoing, Record
from agents.engine.store import Store
from agents.engine.transactions import CommitFailed

NOWHERE: Any = None
PLAN = Plan("stage", ("a",), "changelog", Path(), {}, 20, NOWHERE, 1, 1_000)


class Writing:
    """Has something to write in every cycle."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def drain(self, cycle: int) -> list[Outgoing]:
        self._store.put(b"cycle", str(cycle).encode())
        return []


class Ticking(Writing):
    """Has nothing to do as time passes."""

    has_more = False

    def process(self, topic: str, records: Sequence[Record]) -> None: ...

    def tick(self, clock: int, exhausted: frozenset[str]) -> None: ...

    def close(self) -> None: ...


class Failing:
    """Its first transaction fails, after others had the time to wait for it."""

    def __init__(self) -> None:
        self.begun = 0

    async def commit(self, *work: Any) -> dict[TopicPartition, int]:
        self.begun += 1
        await asyncio.sleep(0.01)
        if self.begun == 1:
            raise CommitFailed("no answer")
        return {TopicPartition("changelog", 0): 10}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


async def test_after_a_cycle_that_failed_there_is_no_other(store: Store) -> None:
    """The agent and the clock both ask for cycles: the one that waits must not commit the later without the earlier."""
    transactions: Any = Failing()
    partition = Partition(0, PLAN, store, transactions, {})
    partition.processor = Writing(store)  # type: ignore[assignment]
    failed, waited = await asyncio.gather(partition.commit(), partition.commit(), return_exceptions=True)
    assert isinstance(failed, CommitFailed)
    assert waited is False
    assert transactions.begun == 1


async def test_a_partition_awaits_its_first_cycle_from_when_every_input_was_heard_of(store: Store) -> None:
    transactions: Any = Failing()
    transactions.begun = 1
    partition = Partition(0, PLAN, store, transactions, {})
    partition.processor = Ticking(store)
    assert not partition.awaits_first_cycle
    partition.heard("a", Horizon(1_000, 0, 5))
    assert partition.awaits_first_cycle
    await partition.commit()
    assert not partition.awaits_first_cycle
    partition.heard("a", Horizon(2_000, 0, 5))
    assert not partition.awaits_first_cycle
