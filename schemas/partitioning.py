"""Which partition a key belongs to."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=1 << 19)
def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's own clients put ``key``: every producer agrees on it."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
