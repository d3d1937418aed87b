"""Bringing a store up to the end of its changelog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.engine.cancellation import is_cancelled
from agents.engine.clock import now
from agents.engine.store import CYCLE, Reached, Store, decode_cycle

_TOMBSTONES_KEPT_MS = 12 * 3_600_000
"""Half of the changelog's ``delete.retention.ms``: an older directory may have missed a deletion."""

_WRITE_EVERY = 50_000

Progress = Callable[[int, int], None]
"""Called with the records read and the records there are."""


class Unreadable(Exception):
    """The changelog holds a record that the engine never wrote; the text is for the operator."""


class _OtherIncarnation(Exception):
    """The changelog goes on with a state that was begun anew; what the directory holds is not of it."""


async def recover(
    store: Store,
    changelog: TopicPartition,
    connection: Mapping[str, Any],
    progress: Progress = lambda done, total: None,
) -> None:
    """Read the changelog to its end into the store, from where the directory stands.

    The directory is cleared first where it cannot be trusted: it is older than tombstones are
    kept, ahead of the changelog, or of another incarnation of the state than it.
    The caller has fenced older owners, so that the end is the end.
    """
    consumer = AIOKafkaConsumer(
        **connection,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )
    try:
        await consumer.start()
        consumer.assign([changelog])
        first = (await consumer.beginning_offsets([changelog]))[changelog]
        end = (await consumer.end_offsets([changelog]))[changelog]
        if not _trusted(store.reached, end):
            store.clear()
        try:
            await _read(store, consumer, changelog, first, end, progress)
        except _OtherIncarnation:
            store.clear()
            await _read(store, consumer, changelog, first, end, progress)
    finally:
        await _leave(consumer)


async def _leave(consumer: AIOKafkaConsumer) -> None:
    """Disconnect. A fetch that is failing just then makes that end as if whoever waits for it had been cancelled."""
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        await consumer._client.close()
        if is_cancelled():
            raise


def _trusted(reached: Reached | None, end: int) -> bool:
    return reached is None or (reached.offset <= end and now() - reached.at < _TOMBSTONES_KEPT_MS)


async def _read(
    store: Store, consumer: Any, changelog: TopicPartition, first: int, end: int, progress: Progress
) -> None:
    reached = store.reached
    start = first if reached is None else max(first, reached.offset)
    begun = incarnation = b"" if reached is None else reached.incarnation
    consumer.seek(changelog, start)
    writes: dict[bytes, bytes | None] = {}
    while (position := await consumer.position(changelog)) < end:
        fetched = await consumer.getmany(changelog, timeout_ms=1000, max_records=_WRITE_EVERY)
        for record in fetched.get(changelog, ()):
            if record.key is None:
                raise Unreadable(f"{changelog.topic}[{changelog.partition}] offset {record.offset} has no key")
            writes[record.key] = record.value
        if (cycle := writes.get(CYCLE)) is not None:
            try:
                incarnation = decode_cycle(cycle).incarnation
            except msgspec.MsgspecError as error:
                where = f"{changelog.topic}[{changelog.partition}] offsets {start}…{end}"
                raise Unreadable(f"{where}: {CYCLE!r} is no cycle: {error}") from error
        if begun and incarnation != begun:
            raise _OtherIncarnation
        if len(writes) >= _WRITE_EVERY:
            store.apply(writes, Reached(await consumer.position(changelog), incarnation, now()))
            writes = {}
        progress(position - start, end - start)
    store.apply(writes, Reached(end, incarnation, now()))
    progress(end - start, end - start)
