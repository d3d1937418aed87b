"""Bringing a store up to the end of its changelog."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.engine.clock import now
from agents.engine.store import CYCLE, Reached, Store, decode_cycle

_TOMBSTONES_KEPT_MS = 12 * 3_600_000
"""Half of the changelog's ``delete.retention.ms``: an older directory may have missed a deletion."""

_WRITE_EVERY = 50_000

Progress = Callable[[int, int], None]
"""Called with the records read and the records there are."""


class _Recreated(Exception):
    """The changelog is not the one that the directory was written from."""


async def recover(
    store: Store,
    changelog: TopicPartition,
    connection: Mapping[str, Any],
    progress: Progress = lambda done, total: None,
) -> None:
    """Read the changelog to its end into the store, from where the directory stands.

    The directory is cleared first where it cannot be trusted: it is older than tombstones are
    kept, ahead of the changelog, or of another incarnation of it (the topic was made anew).
    The caller has fenced older owners, so that the end is the end.
    """
    consumer = AIOKafkaConsumer(
        **connection,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )
    await consumer.start()
    try:
        consumer.assign([changelog])
        first = (await consumer.beginning_offsets([changelog]))[changelog]
        end = (await consumer.end_offsets([changelog]))[changelog]
        if not _trusted(store.reached, end):
            store.clear()
        try:
            await _read(store, consumer, changelog, first, end, progress)
        except _Recreated:
            store.clear()
            await _read(store, consumer, changelog, first, end, progress)
    finally:
        await consumer.stop()


def _trusted(reached: Reached | None, end: int) -> bool:
    return reached is None or (reached.offset <= end and now() - reached.at < _TOMBSTONES_KEPT_MS)


async def _read(
    store: Store, consumer: Any, changelog: TopicPartition, first: int, end: int, progress: Progress
) -> None:
    reached = store.reached
    start = first if reached is None else max(first, reached.offset)
    incarnation = None if reached is None else reached.incarnation
    consumer.seek(changelog, start)
    writes: dict[bytes, bytes | None] = {}
    while (position := await consumer.position(changelog)) < end:
        fetched = await consumer.getmany(changelog, timeout_ms=1000, max_records=_WRITE_EVERY)
        for record in fetched.get(changelog, ()):
            writes[record.key] = record.value
        if CYCLE in writes:
            incarnation = _same(incarnation, writes[CYCLE])
        if len(writes) >= _WRITE_EVERY:
            store.apply(writes, Reached(await consumer.position(changelog), incarnation or b"", now()))
            writes = {}
        progress(position - start, end - start)
    store.apply(writes, Reached(end, incarnation or b"", now()))
    progress(end - start, end - start)


def _same(incarnation: bytes | None, value: bytes | None) -> bytes | None:
    if value is None:
        return incarnation
    found = decode_cycle(value).incarnation
    if incarnation and found != incarnation:
        raise _Recreated
    return found
