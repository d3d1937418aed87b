"""The process: clock events are read, messages sent, and offsets committed once all before them is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from agents.engine.clock import now as wall_clock
from agents.engine.membership import committed
from agents.notify.log import Log, until_done
from agents.notify.partition import Judging, Partition
from schemas import connection
from schemas.decoding import Rejected
from schemas.events import Millis
from schemas.forgetting import TOPIC as FORGETS
from schemas.forgetting import request
from schemas.policy import PolicyFile
from schemas.policy_values import DAY
from schemas.settings import Settings
from sinks.exposition import served
from sinks.notify.metrics import Metrics
from sinks.notify.told import Outcome, recall
from sinks.notify.webhooks import Message, Webhooks, session
from streams.notices import Telling
from streams.policies import ALWAYS_OPEN, allowance
from streams.wording import Wording

log = structlog.get_logger(__name__)

FIRST_DAYS: Final = 1
"""A group that is new begins with what was announced in so many days before."""

_POLL_MS: Final = 250
_BACKOFF_MS: Final = 500
_COMMIT_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 15.0
_LARGEST: Final = 24 << 20


async def notify(
    settings: Settings,
    file: PolicyFile,
    stop: asyncio.Event,
    metrics_port: int | None = None,
    now: Callable[[], Millis] = wall_clock,
) -> None:
    """Tell people of what clocks announce until ``stop``, by the audiences of ``file``.

    Serves /metrics on ``settings.host`` where a port is given. Outages of Kafka and of receivers are waited for.
    """
    metrics = Metrics(file.audiences)
    patience = allowance(file.notify.give_up_after, ALWAYS_OPEN, 0)[1]
    with served(metrics.registry, settings.host, metrics_port):
        async with session() as client:
            webhooks = Webhooks(client, patience, metrics, now)
            await Notifier(settings, file, metrics, webhooks, now).run(stop)


class Notifier(ConsumerRebalanceListener):
    """The consumer of one process, its partitions, and what they have done to the world outside."""

    def __init__(
        self, settings: Settings, file: PolicyFile, metrics: Metrics, webhooks: Webhooks, now: Callable[[], Millis]
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._webhooks = webhooks
        self._now = now
        self._by = Judging(Telling(file), Wording(file), metrics, now)
        self._topic, self._forgets = settings.topic("sla"), settings.topic(FORGETS)
        self._partitions: dict[int, Partition] = {}
        self._assigned: set[int] = set()
        self._unread: dict[int, int] = {}
        self._committed: dict[int, int] = {}
        self._unwritten: dict[bytes, Outcome] = {}
        self._doing: set[asyncio.Future[None]] = set()
        self._producer: Any = AIOKafkaProducer(**connection.kafka(settings), acks="all", max_request_size=_LARGEST)
        self._log = Log(settings, self._producer)
        self._consumer = self._made()

    async def run(self, stop: asyncio.Event) -> None:
        """Read and send until ``stop``; what is being posted then is waited for."""
        working, stopping = asyncio.ensure_future(self._work()), asyncio.ensure_future(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (working, stopping):
            task.cancel()
        failed, _ = await asyncio.gather(working, stopping, return_exceptions=True)
        await self._webhooks.stop(_STOP_SECONDS)
        # Kafka may be away, and nothing that is left to do cannot be done by whoever starts next.
        with suppress(TimeoutError, KafkaError):
            await asyncio.wait_for(self._leave(), _STOP_SECONDS)
        if isinstance(failed, Exception):
            raise failed

    async def _leave(self) -> None:
        await self._commit()
        await self._consumer.stop()
        await self._producer.stop()

    def _made(self) -> Any:
        return AIOKafkaConsumer(
            **connection.kafka(self._settings),
            client_id=self._settings.topic("notify"),
            group_id=self._settings.topic("notify"),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=self._settings.session_timeout,
            heartbeat_interval_ms=self._settings.session_timeout // 4,
            retry_backoff_ms=_BACKOFF_MS,
        )

    async def _work(self) -> None:
        await until_done("starting", self._producer.start)
        await until_done("starting", self._consumer.start)
        self._consumer.subscribe([self._topic, self._forgets], listener=self)
        due, clock = 0.0, asyncio.get_running_loop().time
        while True:
            await self._open()
            await self._read()
            self._check()
            if clock() >= due:
                due = clock() + _COMMIT_SECONDS
                await self._commit()
                self._measure()

    # Partitions come and go

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing more is sent of partitions that may be another's."""
        await self._commit()
        for partition in self._partitions.values():
            partition.close()
        self._partitions, self._unread, self._committed = {}, {}, {}
        self._assigned = set()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """They are opened before the next read: here heartbeats would have to wait for it."""
        places = list(assigned)
        self._assigned = {place.partition for place in places if place.topic == self._topic}
        self._consumer.pause(*places)

    async def _open(self) -> None:
        for number in sorted(self._assigned - self._partitions.keys()):
            # Taken away meanwhile: whoever has it now opens it.
            with suppress(IllegalStateError):
                await until_done("opening a partition", partial(self._opened, number))

    async def _opened(self, number: int) -> None:
        place, forgets = TopicPartition(self._topic, number), TopicPartition(self._forgets, number)
        told = await recall(self._settings, number)
        # A partition may have come back to us while Kafka was away, and what we had sent could not be written.
        for message, outcome in self._unwritten.items():
            told.add(message, outcome)
        start = await self._start(place)
        end = (await self._consumer.end_offsets([place]))[place]
        if number not in self._assigned:
            return
        self._consumer.seek(place, start)
        await self._consumer.seek_to_beginning(forgets)
        self._partitions[number] = Partition(number, start, told, self._by, self)
        self._unread[number] = end
        self._consumer.resume(place, forgets)

    async def _start(self, place: TopicPartition) -> int:
        done = await committed(self._consumer._coordinator, place.partition, [place.topic])
        if place.topic in done:
            return done[place.topic]
        found = (await self._consumer.offsets_for_times({place: self._now() - FIRST_DAYS * DAY}))[place]
        return int(found.offset) if found is not None else int((await self._consumer.end_offsets([place]))[place])

    # Records in, messages out

    async def _read(self) -> None:
        polled = await self._consumer.getmany(timeout_ms=_POLL_MS)
        for place, records in sorted(polled.items()):
            if (partition := self._partitions.get(place.partition)) is not None:
                take = partial(_forget, partition) if place.topic == self._forgets else partition.take
                for record in records:
                    take(record)
        for number, partition in self._partitions.items():
            await self._release(number, partition)
            partition.tick()

    async def _release(self, number: int, partition: Partition) -> None:
        """Once all has been read that lay unread: of some of it somebody has taken care meanwhile."""
        if number in self._unread:
            with suppress(IllegalStateError):
                if await self._consumer.position(TopicPartition(self._topic, number)) >= self._unread[number]:
                    del self._unread[number]
                    partition.release()

    def send(self, message: Message) -> None:
        """Post it when its turn comes."""
        self._webhooks.send(message)

    def spawn(self, doing: Coroutine[Any, Any, None]) -> None:
        """See to it that this is done."""
        self._doing.add(asyncio.ensure_future(doing))

    async def remember(self, partition: int, message: bytes, outcome: Outcome) -> None:
        """Return when what became of a message is written."""
        self._unwritten[message] = outcome
        await self._log.remember(partition, {message: outcome})
        del self._unwritten[message]

    async def bury(self, record: Any, rejected: Rejected) -> None:
        """Return when the dead letter is written."""
        await self._log.bury(record, rejected)

    def _check(self) -> None:
        """What failed is a bug, and stops the process."""
        self._webhooks.check()
        for task in [task for task in self._doing if task.done()]:
            self._doing.remove(task)
            task.result()

    # How far all is done

    async def _commit(self) -> None:
        reached = {number: partition.committable for number, partition in self._partitions.items()}
        moved = {number: offset for number, offset in reached.items() if self._committed.get(number) != offset}
        if not moved:
            return
        try:
            await self._consumer.commit(
                {TopicPartition(self._topic, number): offset for number, offset in moved.items()}
            )
            self._committed |= moved
        except (KafkaError, IllegalStateError) as error:
            # Tried again; whoever has the partition meanwhile finds in the topic of what was told what is done.
            log.warning("offsets not committed", why=type(error).__name__)

    def _measure(self) -> None:
        held = posting = 0
        self._metrics.lag.clear()
        for number, partition in self._partitions.items():
            end = self._consumer.highwater(TopicPartition(self._topic, number))
            self._metrics.lag.labels(str(number)).set(max(0, (end or 0) - partition.position))
            held, posting = held + partition.waiting[0], posting + partition.waiting[1]
        self._metrics.open.labels("held").set(held)
        self._metrics.open.labels("sending").set(posting)


def _forget(partition: Partition, record: Any) -> None:
    asked = request(record.key, record.value)
    if asked is not None:
        partition.forget(asked.lead)
