"""Recorded events to the topics: each line to the topic of its type, keyed by its subject, nothing dropped."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import zlib
from asyncio import Future
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from msgspec import Struct

from deploy.topics import TOPICS
from schemas import connection
from schemas.events import TOPIC_OF
from schemas.partitioning import partition_of
from schemas.settings import Settings

_BATCH_BYTES: Final = 256 * 1024
_IN_FLIGHT: Final = 64
_TICK_SECONDS: Final = 0.02
_TIMEOUT_MS: Final = 60_000
_LONGEST_STEP_SECONDS: Final = 86_400.0
_UNREADABLE: Final = (msgspec.DecodeError, RecursionError)
_PREFIXES: Final = {"lead": "leads", "call": "calls", "email": "emails", "deal": "deals"}

Progress = Callable[[int], None]
"""Told the number of lines read so far, now and then."""


class ProduceFailed(Exception):
    """Not every line was read and taken by the broker: why, in one line."""


class Produced(Struct, frozen=True):
    """What was sent and acknowledged; ``by_topic`` counts records by topic, prefix left out."""

    n: int
    by_topic: dict[str, int]


class _Head(Struct):
    type: str = ""
    subject: str | None = None


class _Time(Struct):
    time: datetime


_head: Final = msgspec.json.Decoder(_Head).decode
_time: Final = msgspec.json.Decoder(_Time).decode


def read_lines(paths: Iterable[Path]) -> Iterator[bytes]:
    """The lines of files one after the other, plain or ``.gz``, without their ends; empty ones left out.

    ``ProduceFailed`` where a file is no whole gzip.
    """
    for path in paths:
        read = 0
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                for line in file:
                    read += 1
                    if line := line.rstrip(b"\r\n"):
                        yield line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ProduceFailed(f"{path}: cannot be decompressed after line {read:,}: {error}") from error


def address(line: bytes) -> tuple[str, bytes | None]:
    """Topic (prefix left out) and key of an event; what cannot be read goes to ``leads`` without a key."""
    try:
        head = _head(line)
    except _UNREADABLE:
        return "leads", None
    topic = TOPIC_OF.get(head.type) or _PREFIXES.get(head.type.partition(".")[0], "leads")
    return topic, head.subject.encode() if head.subject is not None else None


def produce(
    settings: Settings,
    lines: Iterable[bytes],
    rate: float | None = None,
    speed: float | None = None,
    progress: Progress | None = None,
) -> Produced:
    """Send every line and return when all are acknowledged; ``ProduceFailed`` otherwise.

    At full speed, or ``rate`` events a second, or ``speed`` times as fast as their event times.
    """
    return asyncio.run(_produce(settings, lines, rate, speed, progress))


async def _produce(
    settings: Settings, lines: Iterable[bytes], rate: float | None, speed: float | None, progress: Progress | None
) -> Produced:
    pace = _steady(rate) if rate else _as_recorded(speed) if speed else None
    clock = asyncio.get_running_loop().time
    async with Sender(settings, progress) as sender:
        start = clock()
        for line in lines:
            if pace is not None and (wait := start + pace(line) - clock()) > 0:
                await sender.flush()
                await asyncio.sleep(max(wait, _TICK_SECONDS))
            await sender.send(line)
        await sender.flush()
        return sender.produced


def _steady(rate: float) -> Callable[[bytes], float]:
    sent = itertools.count()
    return lambda line: next(sent) / rate


def _as_recorded(speed: float) -> Callable[[bytes], float]:
    """When a line is due by the recorded times, in seconds from the first; an unreadable one is due at once.

    A step of more than a day, either way, counts as a day: one event dated 2099 must not hold up the rest.
    """
    due, previous = 0.0, None

    def at(line: bytes) -> float:
        nonlocal due, previous
        try:
            time = _time(line).time
        except _UNREADABLE:
            return due
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        step = (time - (previous or time)).total_seconds()
        due += max(-_LONGEST_STEP_SECONDS, min(step, _LONGEST_STEP_SECONDS)) / speed
        previous = time
        return due

    return at


class Sender:
    """Sends lines in ready-made batches, one open per partition; used as an async context manager."""

    def __init__(self, settings: Settings, progress: Progress | None = None) -> None:
        self._settings = settings
        self._progress = progress
        self._producer: Any = None
        self._partitions: dict[str, int] = {}
        self._open: dict[tuple[str, int], Any] = {}
        self._sent: deque[tuple[Future[Any], str]] = deque()
        self._counts: Counter[str] = Counter()
        self._lines = 0

    @property
    def produced(self) -> Produced:
        """What has been sent; acknowledged too after ``flush``."""
        return Produced(self._lines, dict(sorted(self._counts.items())))

    async def send(self, line: bytes) -> None:
        """Send one event; it may wait in a batch until ``flush``."""
        topic, key = address(line)
        count = self._partitions[topic]
        self._lines += 1
        self._counts[topic] += 1
        place = topic, self._lines % count if key is None else partition_of(key, count)
        batch = self._open.get(place)
        if batch is None or batch.append(timestamp=None, key=key, value=line) is None:
            await self._begin(place, key, line)

    async def flush(self) -> None:
        """Send what waits; returns when everything is acknowledged, ``ProduceFailed`` where that fails."""
        for place in list(self._open):
            await self._submit(place)
        await self._acknowledged(0)

    async def __aenter__(self) -> Self:
        if self._settings.kafka is None:
            raise ProduceFailed("no Kafka to send to: SALESPULSE_KAFKA is not set and the local one is not running")
        self._producer = AIOKafkaProducer(
            **connection.kafka(self._settings),
            enable_idempotence=True,
            acks="all",
            max_batch_size=_BATCH_BYTES,
            request_timeout_ms=_TIMEOUT_MS,
        )
        try:
            await self._producer.start()
            self._partitions = await self._topics()
        except KafkaError as error:
            await self._producer.stop()
            raise ProduceFailed(f"cannot send to {self._settings.kafka}: {error}") from error
        except ProduceFailed:
            await self._producer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def _topics(self) -> dict[str, int]:
        cluster = await self._producer.client.fetch_all_metadata()
        found = {topic.name: cluster.partitions_for_topic(self._settings.topic(topic.name)) for topic in TOPICS}
        if missing := [self._settings.topic(name) for name in set(TOPIC_OF.values()) if not found[name]]:
            raise ProduceFailed(f"{', '.join(sorted(missing))} missing: salespulse topics create makes them")
        return {name: len(partitions) for name, partitions in found.items() if partitions}

    async def _begin(self, place: tuple[str, int], key: bytes | None, line: bytes) -> None:
        if place in self._open:
            await self._submit(place)
        self._open[place] = self._producer.create_batch()
        self._open[place].append(timestamp=None, key=key, value=line)

    async def _submit(self, place: tuple[str, int]) -> None:
        batch = self._open.pop(place)
        batch.close()
        topic, partition = place
        what = f"{batch.size():,} bytes for {topic}, up to line {self._lines:,}"
        try:
            sent = await self._producer.send_batch(batch, self._settings.topic(topic), partition=partition)
        except KafkaError as error:
            raise ProduceFailed(f"{topic}, partition {partition}, takes nothing: {error}") from error
        self._sent.append((sent, what))
        await self._acknowledged(_IN_FLIGHT)

    async def _acknowledged(self, but: int) -> None:
        """Wait until no more than ``but`` batches are on their way."""
        while len(self._sent) > but:
            sent, what = self._sent.popleft()
            try:
                await sent
            except KafkaError as error:
                raise ProduceFailed(f"the broker refused {what}: {error}") from error
        if self._progress is not None:
            self._progress(self._lines)
