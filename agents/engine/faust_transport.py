"""Faust's aiokafka transport, delivering one fetch as one stream item, and committing by the engine's cycle.

Pinned to faust-streaming 0.15.3: every method overridden or private name used here is named in
``tests/agents/engine/test_faust_contract.py``, which fails when Faust changes under it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from agents.engine.engine import Engine
from agents.engine.membership import keep_up
from agents.engine.partition import Horizon
from agents.engine.processor import Record

_POLL_SECONDS = 0.25
"""An idle fetch ends after this long, so that the clocks of idle partitions move."""

_SMALL_FETCH = 500
_PAUSE_SECONDS = 0.03
"""After a small fetch, so that low rates do not burn a core on batches of one."""


class Fetched(NamedTuple):
    """One fetch of all partitions, and up to when each had been read right after it, taken in one step."""

    batches: dict[tuple[str, int], Sequence[Record]]
    horizons: dict[tuple[str, int], Horizon]
    generation: int = 0


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Fetches ``read_committed``, and tells with each fetch where every partition stands.

    Where several topics of a partition have more to read, the one is read that stands at the oldest record:
    what belongs together is then read together, whatever the backlog of each topic.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._behind: dict[Any, int] = {}

    async def on_start(self) -> None:
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator
        keep_up(coordinator, lambda reason: self.parent_loop.call_soon_threadsafe(self.app.stop_worker, reason))

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = int(_POLL_SECONDS * 1000)
        return consumer

    async def _fetch_records(self, consumer: Any, active_partitions: Any, timeout: Any = None, max_records: Any = None):  # type: ignore[no-untyped-def]
        held_back = self.consumer.engine.held_back
        wanted = {tp for tp in active_partitions if tp.partition not in held_back} - self._ahead()
        records = await super()._fetch_records(consumer, wanted, timeout=timeout, max_records=max_records)
        batches = {(tp.topic, tp.partition): found for tp, found in records.items()}
        if not self.consumer.flow_active:
            # Its positions have moved on all the same: whoever drops it must know of what.
            return Fetched(batches, {})
        self._note(consumer, records, wanted if sum(map(len, records.values())) < max_records else ())
        return Fetched(batches, self._horizons(consumer, records))

    def _ahead(self) -> set[Any]:
        """The topic-partitions with more to read that stand later than another of their partition."""
        least: dict[int, int] = {}
        for tp, at in self._behind.items():
            least[tp.partition] = min(at, least.get(tp.partition, at))
        return {tp for tp, at in self._behind.items() if at > least[tp.partition]}

    def _note(self, consumer: Any, records: Mapping[Any, Sequence[Record]], exhausted: Iterable[Any]) -> None:
        """Where the topics stand; those ``exhausted`` had nothing to give for now, and hold no other back."""
        for tp in exhausted:
            self._behind.pop(tp, None)
        for tp, found in records.items():
            state = consumer._subscription.subscription.assignment.state_value(tp)
            if state is not None and (state.lso or 0) > state.position:
                self._behind[tp] = found[-1].timestamp
            else:
                self._behind.pop(tp, None)

    def _horizons(self, consumer: Any, records: Mapping[Any, Sequence[Record]]) -> dict[tuple[str, int], Horizon]:
        horizons: dict[tuple[str, int], Horizon] = {}
        for tp in consumer.assignment():
            state = consumer._subscription.subscription.assignment.state_value(tp)
            if not state.has_valid_position or state.timestamp is None:
                continue
            left = max(0, state.lso - state.position)
            if not left:
                horizons[tp.topic, tp.partition] = Horizon(state.timestamp, 0, state.lso)
            elif tp in records:
                horizons[tp.topic, tp.partition] = Horizon(records[tp][-1].timestamp, left, state.lso)
        return horizons


class Consumer(driver.Consumer):
    """Hands fetches to the agent whole, and replaces Faust's offset commit by the engine's cycle."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def engine(self) -> Engine:
        engine: Engine = self.app.engine
        return engine

    async def _drain_messages(self, fetcher: Any) -> None:
        while not (self.should_stop or fetcher.should_stop):
            generation = self.app.consumer_generation_id
            fetched, _ = await self._wait_next_records(_POLL_SECONDS)
            if not isinstance(fetched, Fetched) or self.should_stop:
                await self.sleep(0)
                continue
            if not self.flow_active or generation != self.app.consumer_generation_id:
                self.engine.unread(fetched.batches)
                continue
            await self._deliver(fetched._replace(generation=generation))
            if sum(map(len, fetched.batches.values())) < _SMALL_FETCH:
                await self.sleep(_PAUSE_SECONDS)

    async def _deliver(self, fetched: Fetched) -> None:
        tp = next(iter(self.assignment()), None)
        if tp is None:
            return
        message = ConsumerMessage(
            tp.topic, tp.partition, 0, 0.0, 0, None, None, fetched, None, tp=TP(*tp), generation_id=fetched.generation
        )
        await self.wait_first(self.callback(message), self.suspend_flow.wait())

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        if self.should_stop or not self.engine.can_wait:
            await self.engine.commit()
        return True

    async def perform_seek(self) -> None:
        """Read on where the engine stands: Faust would leave alone what nothing was committed for."""
        self.engine.seek()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        await super().on_partitions_revoked(revoked)
        await self.engine.commit()
        await self.engine.close()

    async def on_stop(self) -> None:
        await super().on_stop()
        await self.engine.close()

    async def verify_all_partitions_active(self) -> None:
        """Faust watches single messages, of which there are none; ``/livez`` watches progress."""

    def on_buffer_full(self, tp: TP) -> None:
        """The queue of one agent holds fetches of all partitions: waiting for it is enough."""

    def on_buffer_drop(self, tp: TP) -> None:
        """See ``on_buffer_full``."""


class Transport(driver.Transport):
    """Faust's transport with the consumer above."""

    Consumer = Consumer


class FetchSchema(faust.Schema):
    """Passes a fetch through as the stream's value."""

    def compile(self, app: Any, **kwargs: Any) -> Any:
        create_event = app.create_event

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return create_event(None, message.value, message.headers, message)

        return decode
