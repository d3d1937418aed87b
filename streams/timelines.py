"""Timelines: the set of a lead's accepted events, a join-semilattice, and how it is stored."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from enum import Enum
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from schemas.decoding import canonical
from schemas.event import Event
from schemas.events import TOPIC_OF, TYPES, Data, Judgement, LeadMerged, Millis

_encode = msgspec.msgpack.Encoder().encode

CHUNK: Final = 256
"""Most events in one stored chunk."""
LARGE: Final = 1 << 20
"""Bytes from which on a chunk takes no more events: a record holds it, and one event may be of several MiB."""

_HEAVY: Final = 4096
"""Bytes for each of which an event counts as one more."""
_TRUNCATED: Final = _encode(True)
"""Stands among the stored events of a lead of which some were left out."""

_OPEN, _CLOSED = 0xDC, 0xDD
"""The two heads that msgpack has for a list: of the longer are those chunks that were full by their bytes."""

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


def _from_extension(_: int, digits: memoryview) -> int:
    return int(bytes(digits))


_decode = msgspec.msgpack.Decoder(ext_hook=_from_extension).decode

Identity = tuple[str, str, str, str]


Standing = tuple[str, int, str, str]
"""What tells contents of one identity apart: the smaller stands."""


class Absorbed(Enum):
    """What an arrival meant: a new event, one already known, or other contents under a known identity."""

    NEW = "new"
    SAME = "same"
    CONFLICT = "conflict"


class Timeline:
    """The accepted events of one lead, each once; those of leads merged into it keep their own subject.

    ``truncated``: there were more than ``cut`` allows. Contents that lost to another of the same identity are
    known, since that one may be left out and they not.
    """

    __slots__ = (
        "_bodies", "_by_identity", "_counts", "_dirty", "_end", "_lost", "_sorted", "_unpacked", "lead", "truncated",
    )  # fmt: skip
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, lead: str) -> None:
        self.lead = lead
        self._by_identity: dict[Identity, Event] = {}
        self._sorted: list[Event] | None = []
        self._bodies: list[bytes] = []
        self._counts: list[int] = []
        self._unpacked: list[Event] = []
        self._dirty: set[int] | None = None
        self._lost: dict[Standing, Event] | None = None
        self._end: tuple[Any, ...] | None = None
        self.truncated = False

    @staticmethod
    def load(lead: str, chunks: Iterable[bytes]) -> Timeline:
        """The timeline that ``encode_chunk`` wrote, chunks in their order."""
        timeline = Timeline(lead)
        events = timeline._by_identity
        timeline._sorted = None
        for chunk in chunks:
            head = 5 if chunk[0] == _CLOSED else 3
            timeline._bodies.append(chunk[head:])
            timeline._counts.append(int.from_bytes(chunk[1:head], "big"))
            records = _decode(chunk)
            if True in records:
                records.remove(True)
                timeline.truncated = True
            for code, time, spelling, source, name, fields, raw, subject, *judged in records:
                kind, topic, shape = _SHAPES[code]
                event = Event(
                    kind, time, source, name, subject or lead, shape(*fields), spelling, raw,
                    Judgement(*judged) if judged else None,
                )  # fmt: skip
                known = events.setdefault((topic, event.subject, source, name), event)
                if known is not event:
                    timeline._contradict(known, event)
        return timeline

    @staticmethod
    def is_full(chunk: bytes) -> bool:
        """Whether another chunk may follow this one."""
        return chunk[0] == _CLOSED or int.from_bytes(chunk[1:3], "big") == CHUNK

    def __len__(self) -> int:
        return len(self._by_identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timeline) and (self.lead, self._by_identity) == (other.lead, other._by_identity)

    @property
    def events(self) -> list[Event]:
        """The standing events in the order (time, source, id); not to be changed."""
        if self._sorted is None:
            self._sorted = sorted(self._by_identity.values(), key=_order)
        return self._sorted

    @property
    def identities(self) -> AbstractSet[Identity]:
        """Those of its events."""
        return self._by_identity.keys()

    @property
    def contents(self) -> list[Event]:
        """Everything that is known, contradicted contents too: what another timeline has to absorb."""
        return [*self._by_identity.values(), *(self._lost or {}).values()]

    @property
    def last_event_at(self) -> Millis | None:
        """Event time of the last event; None of an empty timeline."""
        return self.events[-1].time if self._by_identity else None

    @property
    def chunks(self) -> int:
        """How many chunks it is stored in."""
        self._pack()
        return len(self._counts)

    def has(self, kind: str) -> bool:
        """Whether an event of the type is among them."""
        return any(event.type == kind for event in self._by_identity.values())

    def is_past(self, event: Event) -> bool:
        """Whether the event comes after all that is kept of a lead which has as much as ``cut`` allows."""
        return self._end is not None and _order(event) > self._end

    def cut(self, limit: int) -> list[Event]:
        """Leave out all but the earliest events, as many as weigh up to ``limit``; those left out.

        An event of 4 KiB weighs as much as two. Whatever stands before an event of weight ``limit`` and more in
        all leaves it out, in any company: so the outcome does not depend on when, or how often, it is cut.
        """
        self._pack()
        bound = sum(self._counts) + sum(map(len, self._bodies)) // _HEAVY
        if bound <= limit and (not self.truncated or self._end is not None):
            return []
        contents = sorted(self.contents, key=self._rank)
        size, weight = 0, 0
        while size < len(contents) and weight < limit:
            weight += 1 + len(_packed(contents[size], contents[size].subject)) // _HEAVY
            size += 1
        left_out = contents[size:]
        if left_out:
            self._keep(contents[:size])
            self.mark_truncated()
        if self.truncated and weight >= limit:
            self._end = _order(contents[size - 1])
        if bound > 2 * limit and left_out:
            self._rewrite()
        return left_out

    def mark_truncated(self) -> bool:
        """Remember that events were left out; False where that is known."""
        if self.truncated:
            return False
        self.truncated = True
        self._store([_TRUNCATED])
        return True

    def _rank(self, event: Event) -> tuple[Any, ...]:
        order = _order(event)
        return (*order, _standing(event)) if self._lost else order

    def _keep(self, contents: list[Event]) -> None:
        self._by_identity, self._lost, self._sorted = {}, None, None
        for event in contents:
            known = self._by_identity.setdefault(event.identity, event)
            if known is not event:
                self._contradict(known, event)

    def _rewrite(self) -> None:
        """Store anew what is kept: what was left out is still in the chunks, which must not grow for ever."""
        chunks = len(self._counts)
        self._bodies, self._counts = [], []
        marks = [_TRUNCATED] if self.truncated else []
        self._store([*marks, *(_packed(event, self.lead) for event in self.contents)])
        self._dirty = {*range(chunks), *(self._dirty or ())}

    @property
    def stored(self) -> list[Event]:
        """All that its chunks hold: what was left out is there until they are stored anew."""
        return Timeline.load(self.lead, [self.encode_chunk(n) for n in range(self.chunks)]).contents

    def drop(self, subject: str) -> int:
        """Leave out the events of a subject, where they are stored as well; how many there were."""
        dropped = sum(event.subject == subject for event in self.stored)
        if dropped:
            self._keep([event for event in self.contents if event.subject != subject])
            self._end = None
            self._rewrite()
        return dropped

    def dirty_chunks(self) -> list[int]:
        """The chunks that differ from what was last stored, ascending; those from ``chunks`` on are gone."""
        self._pack()
        return sorted(self._dirty or ())

    def clean(self) -> None:
        """Take the present state as stored."""
        self._pack()
        self._dirty = None

    def encode_chunk(self, n: int) -> bytes:
        """Chunk ``n`` as one msgpack record; its head says whether it takes no more events."""
        self._pack()
        count = self._counts[n]
        if count < CHUNK and (n + 1 < len(self._counts) or len(self._bodies[n]) >= LARGE):
            return bytes([_CLOSED]) + count.to_bytes(4, "big") + self._bodies[n]
        return bytes([_OPEN]) + count.to_bytes(2, "big") + self._bodies[n]

    def _pack(self) -> None:
        """Put the events that came since into the last chunk, and into others once that is full."""
        if self._unpacked:
            unpacked, self._unpacked = self._unpacked, []
            self._store([_packed(event, self.lead) for event in unpacked])

    def _store(self, packed: list[bytes]) -> None:
        bodies, counts = self._bodies, self._counts
        done = 0
        while done < len(packed):
            if not counts or counts[-1] == CHUNK or len(bodies[-1]) >= LARGE:
                bodies.append(b"")
                counts.append(0)
            size, first = len(bodies[-1]), done
            while done < len(packed) and counts[-1] < CHUNK and size < LARGE:
                size += len(packed[done])
                counts[-1] += 1
                done += 1
            bodies[-1] += b"".join(packed[first:done])
            self._note(len(counts) - 1)

    def _note(self, chunk: int) -> None:
        if self._dirty is None:
            self._dirty = set()
        self._dirty.add(chunk)

    def _append(self, event: Event) -> None:
        self._unpacked.append(event)
        in_order = self._sorted
        if in_order is not None:
            if not in_order or in_order[-1].time < event.time or _order(in_order[-1]) <= _order(event):
                in_order.append(event)
            else:
                self._sorted = None

    def _contradict(self, known: Event, event: Event) -> bool:
        """Know both contents of one identity, let the smaller stand; False where the other was known as well."""
        ours, theirs = _standing(known), _standing(event)
        if theirs == ours or theirs in (self._lost or ()):
            return False
        if self._lost is None:
            self._lost = {}
        if theirs < ours:
            self._by_identity[event.identity] = event
            self._sorted = None
            self._lost[ours] = known
        else:
            self._lost[theirs] = event
        return True


def absorb(timeline: Timeline, event: Event) -> Absorbed:
    """Join one event to the timeline: in any order, any number of times, the outcome is the same.

    Of two contents under one identity the one with the smaller canonical JSON stands; where they differed only
    in the text of a reply, that is forgotten by now, the later classifier's judgement, then the smaller.
    """
    identity = (TOPIC_OF[event.type], event.subject, event.source, event.id)
    by_identity = timeline._by_identity
    size = len(by_identity)
    known = by_identity.setdefault(identity, event)
    if len(by_identity) != size:
        timeline._append(event)
        return Absorbed.NEW
    # 12 and 12.0 are equal, and two contents all the same.
    if known == event and _packed(known, "") == _packed(event, ""):
        return Absorbed.SAME
    if not timeline._contradict(known, event):
        return Absorbed.SAME
    timeline._unpacked.append(event)
    return Absorbed.CONFLICT


def _standing(event: Event) -> Standing:
    judged = event.judged
    return (canonical(event), *((-judged.version, judged.kind, judged.why) if judged is not None else (0, "", "")))


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
        return _encode(record if event.judged is None else (*record, *astuple(event.judged)))
    except OverflowError:
        wide = tuple(_as_extension(field) for field in fields[:size])
        return _encode((*record[:5], wide, *record[6:]))


def _as_extension(field: Any) -> Any:
    # msgpack has no integers beyond 64 bits, JSON has.
    if isinstance(field, int) and not -(1 << 63) <= field < 1 << 64:
        return msgspec.msgpack.Ext(1, str(field).encode())
    return field
