"""The partitions of one stage, opened and closed as the consumer group assigns them."""

from __future__ import annotations

import asyncio
import gc
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import structlog
from aiokafka.errors import KafkaError
from kafka.errors import KafkaError as OtherKafkaError

from agents.engine.cancellation import is_cancelled
from agents.engine.clock import monotonic
from agents.engine.partition import Horizon, Partition, Plan
from agents.engine.processor import Record
from agents.engine.store import StoreFailed
from agents.engine.topic_ids import partition_counts, topic_ids
from agents.engine.transactions import CommitFailed, Transactions

log = structlog.get_logger(__name__)

T = TypeVar("T")

_BEHIND = 20_000
"""A partition with more records left to read has a backlog: its cycles are long, so that a lead's events share work."""

_PATIENCE_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 1.0
"""Topics that are not there are looked for again after this long."""


class Group(Protocol):
    """The consumer group's side, as the engine needs it."""

    def partitions(self) -> dict[int, set[str]]:
        """Assigned topics by partition number."""

    def count(self, topic: str) -> int:
        """How many partitions the topic has; a ``KafkaError`` while Kafka has not said."""

    async def committed(self, number: int, topics: Collection[str]) -> dict[str, int]:
        """Committed offsets of a partition, 0 where none is; a ``KafkaError`` while Kafka cannot tell."""

    def seek(self, topic: str, number: int, offset: int) -> None:
        """Continue reading there."""

    def pause(self, number: int) -> None:
        """Read no more of the partition."""

    def rejoin(self) -> None:
        """Leave the assignment and ask for one anew."""

    def stop_worker(self, reason: str) -> None:
        """End the process with a failure that is explained by ``reason``."""


class Engine:
    """Owns the partitions; everything happens on the loop of the Faust app."""

    def __init__(self, plan: Plan, group: Group, on_cycle: Callable[[float], None] = lambda seconds: None) -> None:
        self.plan = plan
        self.partitions: dict[int, Partition] = {}
        self.recovering: dict[int, tuple[int, int]] = {}
        self.assigned = False
        self.held_back: frozenset[int] = frozenset()
        self._unopened: dict[int, str] = {}
        self._turn = -1
        self._turn_began = 0.0
        self._group = group
        self._on_cycle = on_cycle

    async def open(self) -> None:
        """Take over what is assigned, waiting for Kafka where it is away."""
        # What was given back hangs together in circles, with all that it had in memory; at the worker's pace of
        # collecting it would stay for ever.
        gc.collect()
        assignment = self._group.partitions()
        self._unopened = {}
        if any(topics != set(self.plan.inputs) for topics in assignment.values()):
            await self._find_what_is_lacking()
            return
        try:
            ids = await self._patiently(lambda: topic_ids(self.plan.connection, self.plan.inputs))
            opened = await asyncio.gather(*(self._open(number, ids) for number in sorted(assignment)))
        except StoreFailed as error:
            self._group.stop_worker(str(error))
            return
        self.partitions = {partition.number: partition for partition in opened if partition is not None}
        self.held_back = frozenset()
        self.recovering = {}
        self.assigned = True
        log.info("partitions ready", group=self.plan.group, partitions=sorted(self.partitions))

    async def _find_what_is_lacking(self) -> None:
        """Topics of unequal partitions end the worker; those that are not there, as while made anew, are waited for."""
        inputs = self.plan.inputs
        counts = await self._patiently(lambda: partition_counts(self.plan.connection, inputs))
        if len(counts) == len(inputs) and len(set(counts.values())) > 1:
            listed = ", ".join(f"{name} {counts[name]}" for name in inputs)
            self._group.stop_worker(
                f"topics that belong together differ in their partitions: {listed}; salespulse topics check tells more"
            )
            return
        log.warning(
            "waiting for topics", group=self.plan.group, missing=[name for name in inputs if name not in counts]
        )
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        self._group.rejoin()

    async def _open(self, number: int, ids: Mapping[str, str]) -> Partition | None:
        """None where its state cannot be made sense of: that stops this partition alone."""
        self.recovering[number] = (0, 0)
        try:
            return await self._patiently(lambda: self._take_over(number, ids))
        except StoreFailed:
            raise
        except Exception as error:
            reason = self._unopened[number] = f"{self.plan.group}[{number}] cannot be taken over: {error}"
            trace = "".join(traceback.format_exception(error))
            log.error("partition stopped", group=self.plan.group, partition=number, reason=reason, trace=trace)
            return None

    async def _patiently(self, step: Callable[[], Awaitable[T]]) -> T:
        delay = 0.5
        while True:
            try:
                return await step()
            except (KafkaError, OtherKafkaError, TimeoutError, OSError, asyncio.CancelledError) as error:
                if is_cancelled():
                    raise
                log.warning("waiting for Kafka", group=self.plan.group, error=repr(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5)

    async def _take_over(self, number: int, ids: Mapping[str, str]) -> Partition:
        plan = self.plan
        transactional_id = f"{plan.group}-{number}"
        transactions = await Transactions.start(plan.connection, transactional_id, plan.timeout)
        try:
            committed = await self._group.committed(number, plan.inputs)
            count = self._group.count(plan.inputs[0])
            return await Partition.take_over(number, count, plan, transactions, committed, ids, self._progress(number))
        except BaseException:
            await transactions.stop()
            raise

    def _progress(self, number: int) -> Callable[[int, int], None]:
        def note(done: int, total: int) -> None:
            self.recovering[number] = (done, total)

        return note

    def receive(
        self, batches: Mapping[tuple[str, int], Sequence[Record]], horizons: Mapping[tuple[str, int], Horizon]
    ) -> None:
        """Process one fetch; ``horizons`` are as of the same moment."""
        for (topic, number), records in batches.items():
            if (partition := self.partitions.get(number)) is not None:
                partition.process(topic, records)
            elif number in self._unopened:
                self._group.pause(number)
        for (topic, number), horizon in horizons.items():
            if (partition := self.partitions.get(number)) is not None:
                partition.heard(topic, horizon)
        self._take_turns()
        for partition in self.partitions.values():
            if partition.failure is not None:
                self._group.pause(partition.number)
                if partition.fatal:
                    self._group.stop_worker(partition.failure)

    def seek(self) -> None:
        """Read on where each partition stands; what was fetched and not processed is read again."""
        for partition in self.partitions.values():
            for topic in self.plan.inputs:
                self._group.seek(topic, partition.number, partition.positions.get(topic, 0))

    def unread(self, batches: Mapping[tuple[str, int], Sequence[Record]]) -> None:
        """A fetch was dropped: read it again."""
        for topic, number in batches:
            if (partition := self.partitions.get(number)) is not None:
                self._group.seek(topic, number, partition.positions.get(topic, 0))

    @property
    def is_due(self) -> bool:
        """The next cycle should not wait for its time: much was read since the last, or a partition has had none."""
        partitions = self.partitions.values()
        return any(each.uncommitted >= self.plan.full or each.awaits_first_cycle for each in partitions)

    @property
    def can_wait(self) -> bool:
        """The cycle that is due by time is better made longer: there is a backlog, and the last was not long ago."""
        overdue = monotonic() - _PATIENCE_SECONDS
        waiting = [partition for partition in self.partitions.values() if partition.uncommitted]
        return bool(self._behind()) and all(partition.last_commit > overdue for partition in waiting)

    def _behind(self) -> list[int]:
        running = [partition for partition in self.partitions.values() if partition.failure is None]
        return sorted(partition.number for partition in running if sum(partition.lag.values()) > _BEHIND)

    def _take_turns(self) -> None:
        """Of several partitions with a backlog one is read at a time, up to a full cycle, to have few leads in hand.

        A turn ends with its time too: one whose broker is away holds no other back.
        """
        behind = self._behind()
        current = self.partitions.get(self._turn)
        over = monotonic() - self._turn_began > _PATIENCE_SECONDS
        if over or current is None or current.number not in behind or current.uncommitted >= self.plan.full:
            self._turn_began = monotonic()
            self._turn = next((number for number in behind if number > self._turn), behind[0] if behind else -1)
        self.held_back = frozenset(behind) - {self._turn}

    async def commit(self) -> None:
        """Cycles of every partition, in parallel, until none has anything left over."""
        while await self._cycle():
            await asyncio.sleep(0)

    async def _cycle(self) -> bool:
        """One cycle; True where a partition has more to come. A partition whose cycle fails is taken anew."""
        started = monotonic()
        partitions = list(self.partitions.values())
        results = await asyncio.gather(*(partition.commit() for partition in partitions), return_exceptions=True)
        if any(result is True for result in results):
            self._on_cycle(monotonic() - started)
        lost: dict[Partition, BaseException] = {}
        for partition, result in zip(partitions, results, strict=True):
            if isinstance(result, CommitFailed):
                lost[partition] = result
            elif isinstance(result, BaseException):
                raise result
        for partition, error in lost.items():
            log.warning("cycle failed", group=self.plan.group, partition=partition.number, error=repr(error))
            await self._drop(partition)
        if lost:
            self.assigned = False
            self._group.rejoin()
        return any(p.processor.has_more for p in self.partitions.values() if p.failure is None)

    async def close(self) -> None:
        """Give every partition back. What is to be kept was committed before."""
        self.assigned = False
        for partition in list(self.partitions.values()):
            await self._drop(partition)

    async def _drop(self, partition: Partition) -> None:
        if self.partitions.pop(partition.number, None) is not None:
            with suppress(KafkaError):
                await partition.release()

    @property
    def is_drained(self) -> bool:
        """Every input of every owned partition has been read to its end, as of the last fetch."""
        lags = [partition.lag for partition in self.partitions.values()]
        return all(len(lag) == len(self.plan.inputs) and not any(lag.values()) for lag in lags)

    def lag(self) -> dict[tuple[str, int], int]:
        """Records left to read, by topic and partition, as of the last fetch."""
        return {(t, p.number): left for p in self.partitions.values() for t, left in p.lag.items()}

    def status(self) -> dict[str, Any]:
        """What ``/readyz`` tells: assignment, recovery, failures."""
        failures = self._unopened | {p.number: p.failure for p in self.partitions.values() if p.failure}
        return {
            "ready": self.assigned and not failures,
            "partitions": sorted(self.partitions),
            "recovering": {n: list(progress) for n, progress in self.recovering.items()},
            "failures": failures,
        }


def by_partition(tps: Iterable[Any]) -> dict[int, set[str]]:
    """Topics by partition number."""
    found: dict[int, set[str]] = defaultdict(set)
    for tp in tps:
        found[tp.partition].add(tp.topic)
    return dict(found)
