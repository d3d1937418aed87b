"""Timelines: the set of a lead's accepted events, a join-semilattice, and how it is stored."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from itertools import islice
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from schemas.decoding import canonical
from schemas.events import TOPIC_OF, TYPES, Data, Event, LeadMerged, Millis

CHUNK: Final = 256
"""Events in one stored chunk."""

_CODES: Final = (
    "lead.engaged", "lead.assigned", "lead.stage_changed", "lead.merged", "lead.closed",
    "call.completed", "call.scheduled", "call.missed",
    "email.sent", "email.delivered", "email.bounced", "email.opened", "email.clicked", "email.replied",
    "deal.opened", "deal.stage_changed", "deal.won", "deal.lost", "deal.renewed", "deal.expanded", "deal.churned",
)  # fmt: skip
"""Stored as positions: types are only ever added, at the end."""

_TYPE_CODES: Final = {name: code for code, name in enumerate(_CODES)}
_SHAPES: Final[tuple[tuple[str, str, type[Data]], ...]] = tuple(
    (name, TOPIC_OF[name], TYPES[TOPIC_OF[name]][name]) for name in _CODES
)

_order = attrgetter("time", "source", "id", "type", "subject")
_encode = msgspec.msgpack.Encoder().encode


def _from_extension(_: int, digits: memoryview) -> int:
    return int(bytes(digits))


_decode = msgspec.msgpack.Decoder(ext_hook=_from_extension).decode

Identity = tuple[str, str, str, str]


class Absorbed(Enum):
    """What an arrival meant: a new event, one already known, or other contents under a known identity."""

    NEW = "new"
    SAME = "same"
    CONFLICT = "conflict"


class Timeline:
    """The accepted events of one lead, each once; those of leads merged into it keep their own subject."""

    __slots__ = ("_bodies", "_by_identity", "_dirty", "_fresh", "_sorted", "lead")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, lead: str) -> None:
        self.lead = lead
        self._by_identity: dict[Identity, Event] = {}
        self._sorted: list[Event] | None = None
        self._bodies: list[bytes] = []
        self._fresh: dict[int, list[Event]] = {}
        self._dirty: set[int] = set()

    @staticmethod
    def load(lead: str, chunks: Iterable[bytes]) -> Timeline:
        """The timeline that ``encode_chunk`` wrote, chunks in their order."""
        timeline = Timeline(lead)
        events = timeline._by_identity
        for chunk in chunks:
            timeline._bodies.append(chunk[3:])
            for code, time, spelling, source, name, fields, raw, subject in _decode(chunk):
                kind, topic, shape = _SHAPES[code]
                subject = subject or lead
                events[topic, subject, source, name] = Event(
                    kind, time, source, name, subject, shape(*fields), spelling, raw
                )
        return timeline

    def __len__(self) -> int:
        return len(self._by_identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timeline) and (self.lead, self._by_identity) == (other.lead, other._by_identity)

    @property
    def events(self) -> list[Event]:
        """All events in the order (time, source, id); not to be changed."""
        if self._sorted is None:
            self._sorted = sorted(self._by_identity.values(), key=_order)
        return self._sorted

    @property
    def last_event_at(self) -> Millis | None:
        """Event time of the last event; None of an empty timeline."""
        return self.events[-1].time if self._by_identity else None

    @property
    def chunks(self) -> int:
        """How many chunks it is stored in."""
        return -(-len(self._by_identity) // CHUNK)

    def dirty_chunks(self) -> list[int]:
        """The chunks that differ from what was last stored, ascending."""
        return sorted(self._dirty)

    def clean(self) -> None:
        """Take the present state as stored."""
        self._dirty.clear()

    def encode_chunk(self, n: int) -> bytes:
        """Chunk ``n`` as one msgpack record."""
        fresh = self._fresh.pop(n, ())
        if fresh:
            self._bodies[n] += b"".join([_packed(event, self.lead) for event in fresh])
        events = min(CHUNK, len(self._by_identity) - n * CHUNK)
        return b"\xdc" + events.to_bytes(2, "big") + self._bodies[n]

    def _append(self, identity: Identity, event: Event) -> None:
        chunk = len(self._by_identity) // CHUNK
        self._by_identity[identity] = event
        if chunk == len(self._bodies):
            self._bodies.append(b"")
        self._fresh.setdefault(chunk, []).append(event)
        self._dirty.add(chunk)
        in_order = self._sorted
        if in_order and _order(in_order[-1]) <= _order(event):
            in_order.append(event)
        else:
            self._sorted = None

    def _replace(self, event: Event) -> None:
        self._by_identity[event.identity] = event
        chunk = list(self._by_identity).index(event.identity) // CHUNK
        self._fresh[chunk] = list(islice(self._by_identity.values(), chunk * CHUNK, (chunk + 1) * CHUNK))
        self._bodies[chunk] = b""
        self._dirty.add(chunk)
        self._sorted = None


def absorb(timeline: Timeline, event: Event) -> Absorbed:
    """Join one event to the timeline: in any order, any number of times, the outcome is the same.

    Of two contents under one identity the one with the smaller canonical JSON stands.
    """
    identity = (TOPIC_OF[event.type], event.subject, event.source, event.id)
    known = timeline._by_identity.get(identity)
    if known is None:
        timeline._append(identity, event)
        return Absorbed.NEW
    if known == event:
        return Absorbed.SAME
    ours, theirs = canonical(known), canonical(event)
    if ours == theirs:
        return Absorbed.SAME
    if theirs < ours:
        timeline._replace(event)
    return Absorbed.CONFLICT


def merged_into(timeline: Timeline) -> str | None:
    """The lead that this one was merged into first, or None; of leads merged in a circle nobody is left."""
    for event in timeline.events:
        if event.type == "lead.merged" and event.subject == timeline.lead:
            assert isinstance(event.data, LeadMerged)
            return event.data.into
    return None


def _packed(event: Event, lead: str) -> bytes:
    fields = astuple(event.data)
    size = len(fields)
    while size and fields[size - 1] is None:
        size -= 1
    subject = None if event.subject == lead else event.subject
    record = (
        _TYPE_CODES[event.type], event.time, event.spelling, event.source, event.id, fields[:size], event.raw, subject,
    )  # fmt: skip
    try:
        return _encode(record)
    except OverflowError:
        wide = tuple(_as_extension(field) for field in fields[:size])
        return _encode((*record[:5], wide, *record[6:]))


def _as_extension(field: Any) -> Any:
    # msgpack has no integers beyond 64 bits, JSON has.
    if isinstance(field, int) and not -(1 << 63) <= field < 1 << 64:
        return msgspec.msgpack.Ext(1, str(field).encode())
    return field
