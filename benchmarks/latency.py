"""How long it took from an engagement to what counts it: read from the topics, by the times that records bear."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy
import orjson
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from agents.partials import decode_partial
from agents.sending import parse_key
from schemas.catalogue import index_of
from schemas.events import Millis
from schemas.settings import Settings
from streams.accumulators import SLOTS
from streams.windows import encode_cell

Seconds = numpy.ndarray[Any, Any]

_EVERYTHING = encode_cell("events", "all", (), "all", 0)
_LEADS = index_of["leads_created"] * SLOTS


def to_row(settings: Settings) -> Seconds:
    """Seconds from each engagement to the first row that counts it, in the order of time."""
    rows = []
    for record in records(settings, "kpi.activity"):
        row = orjson.loads(record.value)
        if (row["kpi"], row["grouping"], row["window"]) == ("leads_created", "all", "all"):
            rows.append((row["count"], record.timestamp))
    return _until([record.timestamp for record in records(settings, "leads")], rows)


def to_partial(settings: Settings, since: Millis) -> Seconds:
    """Seconds from each engagement from ``since`` on to the first partial of its partition that counts it."""
    engaged: dict[int, list[int]] = defaultdict(list)
    for record in records(settings, "leads"):
        engaged[record.partition].append(record.timestamp)
    counted: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for record in records(settings, "internal.partials"):
        cell, source = parse_key(record.key)
        if cell == _EVERYTHING and record.value is not None:
            counted[source].append((decode_partial(record.value).vector.get(_LEADS, 0), record.timestamp))
    taken = [_until(engaged[source], counted[source])[numpy.sort(engaged[source]) >= since] for source in engaged]
    return numpy.concatenate(taken)


def _until(engaged: list[int], counts: list[tuple[int, int]]) -> Seconds:
    """The n-th engagement is counted once a count says n."""
    reached = numpy.maximum.accumulate([n for n, _ in counts])
    if reached[-1] != len(engaged):
        raise SystemExit(f"{len(engaged)} engaged, {reached[-1]} counted")
    first = numpy.searchsorted(reached, numpy.arange(1, len(engaged) + 1))
    return (numpy.array([at for _, at in counts])[first] - numpy.sort(engaged)) / 1000


def records(settings: Settings, name: str) -> list[ConsumerRecord]:
    """All of a topic in the order of time."""
    topic = settings.topic(name)
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        check_crcs=False,
        enable_auto_commit=False,
    )
    parts = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    consumer.assign(parts)
    ends = consumer.end_offsets(parts)
    found: list[ConsumerRecord] = []
    while any(consumer.position(part) < ends[part] for part in parts):
        for batch in consumer.poll(timeout_ms=500).values():
            found += batch
    consumer.close()
    return sorted(found, key=lambda record: record.timestamp)
