"""What was told: a compacted topic with a record for each message, by partition beside the clock events."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from schemas import connection
from schemas.settings import Settings

TOPIC: Final = "internal.notified"
FOR_GOOD: Final = 1 << 62


class Outcome(Struct, frozen=True):
    """What became of a message: taken, or given up where its event stood at ``offset``."""

    taken: bool
    offset: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Outcome).decode


def name(identity: str, audience: str) -> bytes:
    """What a message is known by; it names nobody to whoever does not know the lead."""
    return sha256(f"{audience} {identity}".encode()).digest()[:16]


class Told:
    """The messages of one partition that are over.

    One that was given up counts as told for its event, not for the same event sent again as a dead letter.
    """

    def __init__(self) -> None:
        self._until: dict[bytes, int] = {}

    def add(self, message: bytes, outcome: Outcome) -> None:
        """Remember how a message ended."""
        until = FOR_GOOD if outcome.taken else outcome.offset
        self._until[message] = max(until, self._until.get(message, -1))

    def has(self, message: bytes, offset: int) -> bool:
        """Whether a message of the event at this offset is over."""
        return offset <= self._until.get(message, -1)

    def was_taken(self, message: bytes) -> bool:
        """Whether somebody has read it."""
        return self._until.get(message) == FOR_GOOD


async def recall(settings: Settings, partition: int) -> Told:
    """Read what is told of a partition to its end; ``KafkaError`` where the broker is away."""
    place = TopicPartition(settings.topic(TOPIC), partition)
    consumer = AIOKafkaConsumer(**connection.kafka(settings), enable_auto_commit=False, auto_offset_reset="earliest")
    told = Told()
    await consumer.start()
    try:
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            for record in (await consumer.getmany(place, timeout_ms=500)).get(place, ()):
                _recall(told, record)
    finally:
        await consumer.stop()
    return told


def _recall(told: Told, record: Any) -> None:
    if record.key and record.value:
        told.add(bytes.fromhex(record.key.decode()), _decode(record.value))


async def remember(producer: Any, settings: Settings, partition: int, outcomes: Mapping[bytes, Outcome]) -> None:
    """Write how messages ended; done when the broker has it, ``KafkaError`` where it has not."""
    for message, outcome in outcomes.items():
        await producer.send_and_wait(
            settings.topic(TOPIC), _encode(outcome), message.hex().encode(), partition=partition
        )
