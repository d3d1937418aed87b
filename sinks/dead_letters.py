"""Dead letters: read back, and their records sent to where they came from."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice, takewhile
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownTopicOrPartitionError
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError
from kafka.errors import UnknownTopicOrPartitionError as NoSuchTopic

from schemas.results import DeadLetter
from schemas.settings import Settings

_POLL_MS: Final = 500
_IDLE_POLLS: Final = 60
_AT_A_TIME: Final = 500
_BATCH: Final = 1 << 19
_LARGEST: Final = 8 << 20

_decode = msgspec.json.Decoder(DeadLetter).decode


def read(settings: Settings, reason: str | None = None, limit: int | None = None) -> Iterator[DeadLetter]:
    """The letters up to the end of the topic as of now, oldest first in each partition.

    ``KafkaError`` where the broker or the topic is away.
    """
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        max_partition_fetch_bytes=_LARGEST,
        # In pure Python they cost more than all the rest; the broker has checked them.
        check_crcs=False,
    )
    try:
        found = (_decode(value) for value in _values(consumer, settings.topic("dead-letters")))
        yield from islice((letter for letter in found if reason in (None, letter.reason)), limit)
    finally:
        consumer.close()


def replay(settings: Settings, letters: Iterable[DeadLetter]) -> int:
    """Send each record again as it was, key, value and headers, to its own partition; how many were acknowledged.

    ``KafkaError`` of aiokafka where one is not.
    """
    return asyncio.run(_replay(settings, letters))


async def _replay(settings: Settings, letters: Iterable[DeadLetter]) -> int:
    # Ready-made batches: the plain way of sending, in either client, knows no null headers or wholly empty records.
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka, enable_idempotence=True, max_batch_size=_BATCH, max_request_size=_LARGEST
    )
    await producer.start()
    waiting, sent = iter(letters), 0
    try:
        while some := list(islice(waiting, _AT_A_TIME)):
            for place in sorted({(letter.topic, letter.partition) for letter in some}):
                await _send(producer, place, [letter for letter in some if (letter.topic, letter.partition) == place])
            sent += len(some)
    finally:
        await producer.stop()
    return sent


async def _send(producer: Any, place: tuple[str, int], letters: list[DeadLetter]) -> None:
    topic, partition = place
    if partition not in await producer.partitions_for(topic):
        raise UnknownTopicOrPartitionError(f"{topic} has no partition {partition}")
    while letters:
        batch = producer.create_batch()
        taken = sum(1 for _ in takewhile(partial(_append, batch), letters))
        batch.close()
        await (await producer.send_batch(batch, topic, partition=partition))
        letters = letters[taken:]


def _append(batch: Any, letter: DeadLetter) -> bool:
    """Whether the batch had room; an empty one has for anything."""
    headers = [(name, _bytes(text)) for name, text in letter.headers]
    written = batch.append(timestamp=None, key=_bytes(letter.key), value=_bytes(letter.value), headers=headers)
    return written is not None


def _values(consumer: Any, topic: str) -> Iterator[bytes]:
    numbers = consumer.partitions_for_topic(topic)
    if not numbers:
        raise NoSuchTopic(f"there is no topic {topic}")
    partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
    consumer.assign(partitions)
    ends = consumer.end_offsets(partitions)
    consumer.seek_to_beginning(*partitions)
    idle = 0
    # Markers of transactions take offsets too, so only the position tells that the end is reached.
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        polled = consumer.poll(timeout_ms=_POLL_MS)
        idle = 0 if polled else idle + 1
        if idle > _IDLE_POLLS:
            raise KafkaTimeoutError(f"{topic} could not be read to its end")
        for partition, records in polled.items():
            yield from (record.value for record in records if record.offset < ends[partition])


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
