"""The limits: a client that reads the four topics, and parses what it reads or does not.

``python -m benchmarks.peers.engines.raw aiokafka|librdkafka fetch|orjson|msgspec``
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from benchmarks.peers.work import Marks, Work

PARSERS: dict[str, Callable[[bytes], Any] | None] = {
    "fetch": None,
    "orjson": orjson.loads,
    "msgspec": msgspec.json.Decoder(
        msgspec.defstruct("Event", [("type", str), ("time", str), ("subject", str), ("data", dict[str, Any])])
    ).decode,
}


async def aiokafka(work: Work, marks: Marks, parse: Callable[[bytes], Any] | None) -> None:
    """Read to the end of the topics with aiokafka."""
    from aiokafka import AIOKafkaConsumer, TopicPartition

    consumer = AIOKafkaConsumer(bootstrap_servers=work.kafka, auto_offset_reset="earliest")
    await consumer.start()
    await consumer._client.force_metadata_update()
    found = {topic: await _partitions(consumer, topic) for topic in work.topics}
    consumer.assign([TopicPartition(topic, number) for topic, numbers in found.items() for number in numbers])
    read = 0
    marks.mark("consuming")
    while read < work.events:
        for records in (await consumer.getmany(timeout_ms=1000, max_records=5000)).values():
            if parse is not None:
                for record in records:
                    parse(record.value)
            read += len(records)
    marks.mark("done")
    await consumer.stop()


async def _partitions(consumer: Any, topic: str) -> set[int]:
    consumer._client.add_topic(topic)
    await consumer._client.force_metadata_update()
    return consumer.partitions_for_topic(topic) or set()


def librdkafka(work: Work, marks: Marks, parse: Callable[[bytes], Any] | None) -> None:
    """Read to the end of the topics with confluent-kafka."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": work.kafka, "group.id": "none", "auto.offset.reset": "earliest"})
    found = consumer.list_topics().topics
    consumer.assign([TopicPartition(topic, number, 0) for topic in work.topics for number in found[topic].partitions])
    read = 0
    marks.mark("consuming")
    while read < work.events:
        messages = consumer.consume(5000, timeout=1.0)
        if parse is not None:
            for message in messages:
                parse(message.value())
        read += len(messages)
    marks.mark("done")
    consumer.close()


if __name__ == "__main__":
    given = Work.given()
    client, parser = sys.argv[1], PARSERS[sys.argv[2]]
    if client == "aiokafka":
        asyncio.run(aiokafka(given, Marks(given), parser))
    else:
        librdkafka(given, Marks(given), parser)
