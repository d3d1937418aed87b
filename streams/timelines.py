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

    __slots__ = ("_bodies", "_by_identity", "_replaced", "_sorted", "_stored", "_unpacked", "lead")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, lead: str) -> None:
        self.lead = lead
        self._by_identity: dict[Identity, Event] = {}
        self._sorted: list[Event] | None = []
        self._bodies: list[bytes] = []
        self._unpacked: list[Event] = []
        self._stored = 0
        self._replaced: set[int] | None = None

    @staticmethod
    def load(lead: str, chunks: Iterable[bytes]) -> Timeline:
        """The timeline that ``encode_chunk`` wrote, chunks in their order."""
        timeline = Timeline(lead)
        events = timeline._by_identity
        timeline._sorted = None
        for chunk in chunks:
            timeline._bodies.append(chunk[3:])
            for code, time, spelling, source, name, fields, raw, subject in _decode(chunk):
                kind, topic, shape = _SHAPES[code]
                subject = subject or lead
                events[topic, subject, source, name] = Event(
                    kind, time, source, name, subject, shape(*fields), spelling, raw
                )
        timeline._stored = len(events)
        return timeline

    @staticmethod
    def is_full(chunk: bytes) -> bool:
        """Whether another chunk may follow this one."""
        return int.from_bytes(chunk[1:3], "big") == CHUNK

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

    def has(self, kind: str) -> bool:
        """Whether an event of the type is among them."""
        return any(event.type == kind for event in self._by_identity.values())

    def dirty_chunks(self) -> list[int]:
        """The chunks that differ from what was last stored, ascending."""
        total = len(self._by_identity)
        dirty = range(self._stored // CHUNK, self.chunks) if total > self._stored else ()
        return [*dirty] if self._replaced is None else sorted({*dirty, *self._replaced})

    def clean(self) -> None:
        """Take the present state as stored."""
        self._stored = len(self._by_identity)
        self._replaced = None

    def encode_chunk(self, n: int) -> bytes:
        """Chunk ``n`` as one msgpack record."""
        total = len(self._by_identity)
        if self._unpacked:
            self._pack(total - len(self._unpacked))
        return b"\xdc" + min(CHUNK, total - n * CHUNK).to_bytes(2, "big") + self._bodies[n]

    def _pack(self, position: int) -> None:
        bodies, packed = self._bodies, [_packed(event, self.lead) for event in self._unpacked]
        self._unpacked = []
        while packed:
            chunk, within = divmod(position, CHUNK)
            if not within:
                bodies.append(b"")
            fitting = packed[: CHUNK - within]
            bodies[chunk] += b"".join(fitting)
            position += len(fitting)
            packed = packed[CHUNK - within :]

    def _append(self, event: Event) -> None:
        self._unpacked.append(event)
        in_order = self._sorted
        if in_order is not None:
            if not in_order or in_order[-1].time < event.time or _order(in_order[-1]) <= _order(event):
                in_order.append(event)
            else:
                self._sorted = None

    def _replace(self, event: Event) -> None:
        total = len(self._by_identity)
        self._pack(total - len(self._unpacked))
        self._by_identity[event.identity] = event
        chunk = list(self._by_identity).index(event.identity) // CHUNK
        events = islice(self._by_identity.values(), chunk * CHUNK, (chunk + 1) * CHUNK)
        self._bodies[chunk] = b"".join([_packed(each, self.lead) for each in events])
        self._replaced = {chunk} if self._replaced is None else self._replaced | {chunk}
        self._sorted = None


def absorb(timeline: Timeline, event: Event) -> Absorbed:
    """Join one event to the timeline: in any order, any number of times, the outcome is the same.

    Of two contents under one identity the one with the smaller canonical JSON stands.
    """
    identity = (TOPIC_OF[event.type], event.subject, event.source, event.id)
    by_identity = timeline._by_identity
    size = len(by_identity)
    known = by_identity.setdefault(identity, event)
    if len(by_identity) != size:
        timeline._append(event)
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
