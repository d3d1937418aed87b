"""Leads forgotten on request: the marks of one partition, and what a request leads to elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from agents.engine.store import Store
from schemas.forgetting import Forget, Forgotten, encode, mark
from schemas.partitioning import partition_of
from streams.stubs import Stub
from streams.timelines import Timeline, merged_into

_MARK, _STUB = b"f", b"g"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Stub).decode

Records = list[tuple[bytes, bytes | None]]


class Marks:
    """Whose events are not to be stored, by hash, and the numbers that are left of each; kept in the store for good."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marks = {key[len(_MARK) :] for key, _ in store.scan(_MARK)}

    def add(self, lead: str) -> None:
        """Store nothing more of the lead."""
        name = mark(lead).encode()
        if name not in self._marks:
            self._marks.add(name)
            self._store.put(_MARK + name, b"")

    def __bool__(self) -> bool:
        return bool(self._marks)

    def has(self, *leads: str) -> bool:
        """Whether one of the leads is to be forgotten."""
        return bool(self._marks) and any(mark(lead).encode() in self._marks for lead in leads)

    def leave(self, lead: str, left: Stub) -> None:
        """Keep the numbers that a lead has added, for the day when windows are made anew."""
        self._store.put(_STUB + mark(lead).encode(), _encode(left))

    def stubs(self) -> Iterator[Stub]:
        """The numbers that forgotten leads have added."""
        return (_decode(value) for _, value in self._store.scan(_STUB))


def further(request: Forget, timeline: Timeline, subjects: Iterable[str]) -> list[Forget]:
    """What else is to be forgotten, of a timeline as it was before with events of these ``subjects``.

    Whoever was merged into a lead is the same person. What a lead gave to the one that it was merged into goes, too.
    """
    merged = [Forget(each, request.at) for each in sorted(set(subjects)) if request.lead == timeline.lead != each]
    target = merged_into(timeline)
    given = [] if target in (None, timeline.lead) else [Forget(request.lead, request.at, str(target))]
    return merged + given


def asking(requests: Iterable[Forget], partitions: int, into: dict[int, Records]) -> None:
    """Add the records of requests, by the partition of whoever holds what is to be forgotten."""
    for request in requests:
        key = request.place.encode()
        into.setdefault(partition_of(key, partitions), []).append((key, encode(request)))


def answering(answer: Forgotten) -> tuple[bytes, bytes]:
    """The record of an answer: its key is empty, since it would name the lead."""
    return b"", encode(answer)
