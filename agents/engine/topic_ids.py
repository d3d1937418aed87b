"""What Kafka says of topics: the id that tells one from another of its name made after it, and its partitions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import for_code


async def topic_ids(connection: Mapping[str, Any], topics: Sequence[str]) -> dict[str, str]:
    """The ids that Kafka gave the topics, by name; raises ``KafkaError`` where it cannot be asked, or one is not there.

    Asked by kafka-python, since aiokafka's requests are older than topic ids.
    """
    found = await asyncio.to_thread(_described, connection, topics)
    for topic in found:
        if topic["error_code"]:
            raise for_code(topic["error_code"])(topic["name"])
    return {topic["name"]: str(topic["topic_id"]) for topic in found}


async def partition_counts(connection: Mapping[str, Any], topics: Sequence[str]) -> dict[str, int]:
    """How many partitions the topics have, of those that are there; raises ``KafkaError`` where it cannot be asked."""
    found = await asyncio.to_thread(_described, connection, topics)
    return {topic["name"]: len(topic["partitions"]) for topic in found if not topic["error_code"]}


def _described(connection: Mapping[str, Any], topics: Sequence[str]) -> list[dict[str, Any]]:
    admin = KafkaAdminClient(**connection)
    try:
        found: list[dict[str, Any]] = admin.describe_topics(list(topics))
    finally:
        admin.close()
    return found
