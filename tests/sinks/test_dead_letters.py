"""Dead letters on a real broker: read to the end, sent back byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import UnknownTopicOrPartitionError
from msgspec import structs

from deploy.topics import create
from schemas.decoding import Rejected, dead_letter
from schemas.publishing import published
from schemas.results import DeadLetter
from schemas.settings import Settings
from sinks.dead_letters import read, replay

Record = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]

RECORDS: list[Record] = [
    (b"lead-1", b"not json", [("ce_id", b"1"), ("empty", b""), ("null", None)]),
    (b"\xff\x00", b"\x00\xfe", []),
    (None, b"{}", []),
    (b"lead-2", None, []),
    (b"lead-3", b"x" * ((1 << 20) + 100), []),
]


def letters(settings: Settings, reason: str = "undecodable") -> list[DeadLetter]:
    rejected = Rejected("undecodable" if reason == "undecodable" else "future", "$", "why")
    topic = settings.topic("calls")
    return [dead_letter(rejected, topic, 1, n, 1_700_000_000_000, *record) for n, record in enumerate(RECORDS)]


def write(settings: Settings, found: Sequence[DeadLetter], *, commit: bool = True) -> None:
    """As the worker does: in one transaction, keyed as the records were."""
    producer = KafkaProducer(
        bootstrap_servers=settings.kafka,
        transactional_id=settings.topic(f"test-{commit}"),
        max_request_size=8 << 20,
    )
    producer.init_transactions()
    producer.begin_transaction()
    for letter in found:
        producer.send(settings.topic("dead-letters"), key=b"k", value=published(letter))
    producer.flush()
    if commit:
        producer.commit_transaction()
    else:
        producer.abort_transaction()
    producer.close()


def received(settings: Settings, topic: str, n: int) -> list[Any]:
    consumer = KafkaConsumer(
        topic, bootstrap_servers=settings.kafka, auto_offset_reset="earliest", consumer_timeout_ms=10_000
    )
    try:
        return list(islice(consumer, n))
    finally:
        consumer.close()


def test_every_committed_letter_is_read_and_then_the_reading_ends(settings: Settings) -> None:
    create(settings)
    write(settings, letters(settings))
    write(settings, letters(settings)[:1], commit=False)
    assert list(read(settings)) == letters(settings)


def test_letters_are_picked_by_reason_and_number(settings: Settings) -> None:
    create(settings)
    write(settings, letters(settings)[:3] + letters(settings, "future")[:2])
    assert [letter.reason for letter in read(settings, "future")] == ["future", "future"]
    assert list(read(settings, "undecodable", limit=2)) == letters(settings)[:2]
    assert list(read(settings, "ancient")) == []


def test_an_empty_topic_has_no_letters(settings: Settings) -> None:
    create(settings)
    assert list(read(settings)) == []


def test_records_go_back_byte_for_byte(settings: Settings) -> None:
    """Key, value and headers, nulls and emptiness included, to the topic they came from."""
    create(settings)
    assert replay(settings, letters(settings)) == len(RECORDS)
    found = received(settings, settings.topic("calls"), len(RECORDS))
    assert [(record.key, record.value, list(record.headers)) for record in found] == RECORDS
    assert {record.partition for record in found} == {1}


def test_more_than_one_batch_goes_back_whole(settings: Settings) -> None:
    create(settings)
    many = letters(settings)[:2] * 5_000
    assert replay(settings, iter(many)) == len(many)
    assert [record.value for record in received(settings, settings.topic("calls"), len(many))] == [
        RECORDS[0][1],
        RECORDS[1][1],
    ] * 5_000


def test_a_topic_that_is_not_there_is_said_so(settings: Settings) -> None:
    with pytest.raises(UnknownTopicOrPartitionError, match="dead-letters"):
        next(read(settings))


def test_a_record_that_nobody_acknowledges_is_an_error(settings: Settings) -> None:
    """Its partition is gone: nothing may be counted as sent."""
    create(settings)
    [letter] = letters(settings)[:1]
    with pytest.raises(KafkaError, match="no partition 99"):
        replay(settings, [structs.replace(letter, partition=99)])
