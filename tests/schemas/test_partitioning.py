"""Keys go where every other client of Kafka puts them."""

from __future__ import annotations

import pytest
from kafka.partitioner.default import murmur2

from schemas.partitioning import partition_of


@pytest.mark.parametrize(
    ("key", "hashed"), [(b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536)]
)
def test_keys_go_where_the_java_client_puts_them(key: bytes, hashed: int) -> None:
    """The hashes are those of Kafka's own test of its partitioner."""
    assert partition_of(key, 12) == (hashed & 0x7FFFFFFF) % 12


@pytest.mark.parametrize("key", [b"", b"lead-4711", "Käufer".encode(), b"x" * 100])
def test_keys_go_where_kafka_python_puts_them(key: bytes) -> None:
    assert partition_of(key, 7) == (murmur2(key) & 0x7FFFFFFF) % 7
