"""A topic read to its end as of now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError
from kafka.errors import UnknownTopicOrPartitionError as NoSuchTopic

from schemas import connection
from schemas.settings import Settings

_POLL_MS: Final = 500
_IDLE_POLLS: Final = 60
_LARGEST: Final = 8 << 20


def records(settings: Settings, topic: str) -> Iterator[Any]:
    """The committed records up to the end of a topic of this full name as of now, oldest first in each partition.

    ``KafkaError`` where the broker or the topic is away.
    """
    consumer = KafkaConsumer(
        **connection.kafka(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        max_partition_fetch_bytes=_LARGEST,
        # In pure Python they cost more than all the rest; the broker has checked them.
        check_crcs=False,
    )
    try:
        yield from _records(consumer, topic)
    finally:
        consumer.close()


def _records(consumer: Any, topic: str) -> Iterator[Any]:
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
        for partition, found in polled.items():
            yield from (record for record in found if record.offset < ends[partition])
