"""One partition while this worker owns it: its store, its processor, its positions, its commit cycle."""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from aiokafka import TopicPartition

from agents.engine.clock import monotonic, now
from agents.engine.processor import Context, Factory, Millis, Outgoing, Processor, Record, StopWorker
from agents.engine.recovery import Progress, recover
from agents.engine.store import CYCLE, Cycle, Reached, Store, StoreFailed, encode_cycle
from agents.engine.transactions import CommitFailed, TooLarge, Transactions

log = structlog.get_logger(__name__)


class Plan(NamedTuple):
    """What the partitions of a stage have in common: where to connect, what to read, where to keep it.

    A cycle is due every ``interval`` seconds, and after ``full`` records of a partition, to bound the memory
    that it takes.
    """

    group: str
    inputs: tuple[str, ...]
    changelog: str
    directory: Path
    connection: Mapping[str, Any]
    timeout: float
    factory: Factory
    interval: float
    full: int


class Horizon(NamedTuple):
    """The instant up to which a topic's partition has been read, how many records were left then, and its end."""

    at: Millis
    left: int
    end: int


class Work(NamedTuple):
    """A cycle: taken in one synchronous step, so that records, state and offsets belong together."""

    outgoing: list[Outgoing]
    writes: dict[bytes, bytes | None]
    offsets: dict[TopicPartition, int]
    cycle: Cycle


class Partition:
    """Owned from ``take_over`` until ``release``; ``failure`` says why it stopped, where it did."""

    def __init__(
        self, number: int, plan: Plan, store: Store, transactions: Transactions, committed: Mapping[str, int]
    ) -> None:
        self.number = number
        self.failure: str | None = None
        self.fatal = False
        self.last_commit = monotonic()
        self.records = 0
        self.uncommitted = 0
        self.processor: Processor
        self._plan = plan
        self._store = store
        self._transactions = transactions
        self.positions = dict(committed)
        self._committed = dict(committed)
        self._horizons: dict[str, Horizon] = {}
        self._clock = 0
        self._lock = asyncio.Lock()
        self._is_lost = False
        self._has_ticked = False
        self._cycle = store.cycle or Cycle(0, b"")

    @classmethod
    async def take_over(
        cls,
        number: int,
        partitions: int,
        plan: Plan,
        transactions: Transactions,
        committed: Mapping[str, int],
        ids: Mapping[str, str],
        progress: Progress,
    ) -> Partition:
        """Recover and rebuild; ``transactions`` was started, and ``committed`` read, before, in this order.

        ``ids`` are Kafka's of the input topics. One that was made anew is read from its beginning, and so is
        everything where the changelog was: events are known again, so that none counts twice.
        """
        store = Store(plan.directory / str(number))
        try:
            await recover(store, TopicPartition(plan.changelog, number), plan.connection, progress)
            unread = set(ids)
            if store.is_whole:
                unread = store.reads(ids)
            else:
                store.begin(Cycle(now(), os.urandom(8)))
                store.reads(ids)
            partition = cls(number, plan, store, transactions, committed)
            partition._read_anew({topic for topic in unread if committed[topic]})
            partition.processor = plan.factory(Context(number, partitions, store))
        except BaseException:
            store.close()
            raise
        return partition

    def _read_anew(self, topics: set[str]) -> None:
        for topic in sorted(topics):
            self.positions[topic] = 0
            log.warning(
                "read from its beginning", topic=topic, partition=self.number, why="made anew, or its changelog"
            )

    def process(self, topic: str, records: Sequence[Record]) -> None:
        """Absorb what lies at or after the position; a bug stops this partition and names the records."""
        position = self.positions.get(topic, 0)
        if records[0].offset < position:
            records = [record for record in records if record.offset >= position]
        if self.failure is not None or not records:
            return
        try:
            self.processor.process(topic, records)
        except Exception as error:
            where = f"{topic}[{self.number}] offsets {records[0].offset}…{records[-1].offset}"
            self._fail(f"{where}: {error}", error)
            return
        self.records += len(records)
        self.uncommitted += len(records)
        self.positions[topic] = records[-1].offset + 1

    def heard(self, topic: str, horizon: Horizon) -> None:
        """Everything that the broker had of the topic at the horizon has been processed."""
        self._horizons[topic] = horizon

    @property
    def is_ahead(self) -> bool:
        """More was read of a topic than there is of it: it was made anew."""
        return any(horizon.end < self.positions.get(topic, 0) for topic, horizon in self._horizons.items())

    @property
    def clock(self) -> Millis | None:
        """The instant up to which all inputs have been read; None until each has been heard of. Never goes back."""
        if len(self._horizons) == len(self._plan.inputs):
            self._clock = max(self._clock, min(horizon.at for horizon in self._horizons.values()))
        return self._clock or None

    @property
    def awaits_first_cycle(self) -> bool:
        """Every input has been heard of since it was taken over, and what fell due meanwhile is not told yet."""
        return not self._has_ticked and self.failure is None and self.clock is not None

    @property
    def is_idle(self) -> bool:
        """Nothing is being committed, and nothing was read since the last commit."""
        return not self._lock.locked() and self.positions == self._committed

    @property
    def lag(self) -> dict[str, int]:
        """Records left to read, by topic, as of the last fetch."""
        return {topic: horizon.left for topic, horizon in self._horizons.items()}

    async def commit(self) -> bool:
        """One cycle; True where there was anything to commit. Raises CommitFailed, after which there is no other."""
        async with self._lock:
            await asyncio.sleep(0)
            if self._is_lost:
                return False
            try:
                return await self._commit()
            except (CommitFailed, asyncio.CancelledError):
                # Whoever waited for the lock must not commit what came later without what came first.
                self._is_lost = True
                raise

    async def _commit(self) -> bool:
        if self.is_ahead:
            raise CommitFailed(f"less is left of an input of {self._plan.group}[{self.number}] than was read")
        work = self._take()
        if work is None:
            return False
        try:
            reached = await self._transactions.commit(work.outgoing, work.offsets, self._plan.group)
        except TooLarge as error:
            self._fail(f"{self._plan.group}[{self.number}] while committing: {error}", error)
            return False
        offset = reached[TopicPartition(self._plan.changelog, self.number)]
        before = self._store.reached
        if before is not None and offset <= before.offset:
            self._store.clear()
            raise CommitFailed(f"{self._plan.changelog}[{self.number}] was made anew")
        try:
            self._store.apply(work.writes, Reached(offset, work.cycle.incarnation, now()))
        except StoreFailed as error:
            self._fail("", StopWorker(str(error)))
            return False
        self._cycle = work.cycle
        self.last_commit = monotonic()
        return True

    def _take(self) -> Work | None:
        if self.failure is not None:
            return None
        number = self._cycle.number + 1
        self.uncommitted = 0
        try:
            if (clock := self.clock) is not None:
                self._has_ticked = True
                self.processor.tick(clock, frozenset(t for t, h in self._horizons.items() if not h.left))
            outgoing = self.processor.drain(number)
        except Exception as error:
            self._fail(f"{self._plan.group}[{self.number}] while committing: {error}", error)
            return None
        offsets = {t: o for t, o in self.positions.items() if o != self._committed.get(t)}
        writes = self._store.take()
        if not (outgoing or offsets or writes):
            self.last_commit = monotonic()
            return None
        cycle = Cycle(number, self._cycle.incarnation)
        writes[CYCLE] = encode_cycle(cycle)
        self._committed.update(offsets)
        changelog = Outgoing(self._plan.changelog, self.number, list(writes.items()))
        addressed = {TopicPartition(topic, self.number): offset for topic, offset in offsets.items()}
        return Work([*outgoing, changelog], writes, addressed, cycle)

    def _fail(self, reason: str, error: Exception) -> None:
        self.fatal = isinstance(error, StopWorker)
        if self.fatal:
            # The worker says it as it ends.
            self.failure = str(error)
            return
        self.failure = reason
        trace = "".join(traceback.format_exception(error))
        log.error("partition stopped", group=self._plan.group, partition=self.number, reason=reason, trace=trace)

    async def release(self) -> None:
        """Give everything back; what was not committed is forgotten."""
        async with self._lock:
            self.processor.close()
            await self._transactions.stop()
            self._store.close()
