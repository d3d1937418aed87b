"""What tells a topic from another one of its name that was made after it was deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import for_code


async def topic_ids(connection: Mapping[str, Any], topics: Sequence[str]) -> dict[str, str]:
    """The ids that Kafka gave the topics, by name; raises ``KafkaError`` where it cannot be asked.

    Asked by kafka-python, since aiokafka's requests are older than topic ids.
    """
    return await asyncio.to_thread(_ask, connection, topics)


def _ask(connection: Mapping[str, Any], topics: Sequence[str]) -> dict[str, str]:
    admin = KafkaAdminClient(**connection)
    try:
        found = admin.describe_topics(list(topics))
    finally:
        admin.close()
    for topic in found:
        if topic["error_code"]:
            raise for_code(topic["error_code"])(topic["name"])
    return {topic["name"]: str(topic["topic_id"]) for topic in found}
