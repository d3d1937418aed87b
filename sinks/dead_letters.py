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

from schemas import connection
from schemas.results import DeadLetter
from schemas.settings import Settings
from sinks.reading import records

_AT_A_TIME: Final = 500
_BATCH: Final = 1 << 19
_LARGEST: Final = 8 << 20

_decode = msgspec.json.Decoder(DeadLetter).decode


def read(settings: Settings, reason: str | None = None, limit: int | None = None) -> Iterator[DeadLetter]:
    """The letters up to the end of the topic as of now, oldest first in each partition.

    ``KafkaError`` where the broker or the topic is away.
    """
    found = (_decode(record.value) for record in records(settings, settings.topic("dead-letters")))
    yield from islice((letter for letter in found if reason in (None, letter.reason)), limit)


def replay(settings: Settings, letters: Iterable[DeadLetter]) -> int:
    """Send each record again as it was, key, value and headers, to its own partition; how many were acknowledged.

    ``KafkaError`` of aiokafka where one is not.
    """
    return asyncio.run(_replay(settings, letters))


async def _replay(settings: Settings, letters: Iterable[DeadLetter]) -> int:
    # Ready-made batches: the plain way of sending, in either client, knows no null headers or wholly empty records.
    producer = AIOKafkaProducer(
        **connection.kafka(settings), enable_idempotence=True, max_batch_size=_BATCH, max_request_size=_LARGEST
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


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
