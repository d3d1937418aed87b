"""Merged leads: their events go on to the lead that they were merged into."""

from __future__ import annotations

from agents.engine.processor import Record
from schemas.partitioning import partition_of
from streams.timelines import Timeline, merged_into


def forwarding(timeline: Timeline, partitions: int, into: dict[int, list[tuple[bytes, bytes | None]]]) -> None:
    """Add the records that carry a merged timeline on, by partition; nothing where it is not merged."""
    target = merged_into(timeline)
    if target is None or target == timeline.lead:
        return
    key = target.encode()
    records = [(key, timeline.encode_chunk(number)) for number in range(timeline.chunks)]
    origin = timeline.lead.encode()
    framed: list[tuple[bytes, bytes | None]] = [
        (key, len(origin).to_bytes(4, "big") + origin + chunk) for key, chunk in records
    ]
    into.setdefault(partition_of(key, partitions), []).extend(framed)


def forwarded(record: Record) -> tuple[str, Timeline]:
    """The target of a forwarding record and what it carries of the merged lead's timeline."""
    if record.key is None or record.value is None:
        raise ValueError("a record of internal.merges without key or value")
    size = int.from_bytes(record.value[:4], "big")
    origin, chunk = record.value[4 : 4 + size].decode(), record.value[4 + size :]
    return record.key.decode(), Timeline.load(origin, [chunk])
