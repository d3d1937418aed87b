"""Stage 1: events to lead timelines, and what each lead adds to which window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import msgspec
import structlog

from agents.engine.clock import now as wall_clock
from agents.engine.processor import Context, Outgoing, Record
from agents.expiry import Expiry
from agents.flood import Flood
from agents.forgetting import Marks, answering, asking, further
from agents.forwarding import forwarded, forwarding
from agents.open_leads import OpenLeads
from agents.partials import Watermark, encode
from agents.sending import encode_partial, home, partial_key, watermark_key
from agents.service_levels import Levels, ServiceLevels
from agents.standing import StandingDeals
from schemas.classification import judge
from schemas.decoding import Decode, Rejected, dead_letter, decoder
from schemas.event import Event
from schemas.events import Millis
from schemas.forgetting import Forget, Forgotten, named
from schemas.forgetting import request as forget_request
from schemas.policy import NOTHING, PolicyFile
from schemas.publishing import published
from schemas.settings import Settings
from sinks.prometheus import Metrics
from streams.accumulators import Vector, add_into
from streams.contributions import (
    NO_AXIS,
    NOW,
    PLANNED,
    STANDING,
    Axes,
    Change,
    Contributed,
    affected,
    changes,
    contributions,
    selected,
)
from streams.facts import facts
from streams.lead import Lead
from streams.policies import Policies
from streams.reading import read
from streams.retention import Retention
from streams.rows import reports
from streams.rules import Rules
from streams.selection import Selection, definition
from streams.spreading import Sums
from streams.stubs import restored, stub
from streams.timelines import Absorbed, Timeline, absorb
from streams.windows import Cells, encode_cell

log = structlog.get_logger(__name__)

EVENTS = ("leads", "calls", "emails", "deals")
INPUTS = (*EVENTS, "internal.merges", "internal.forgets")
STAGE = "leads"
PACE = 1.0
"""Cycles as often as is set."""
FULL = 30_000
"""Events of a partition in one cycle of a backlog: the more, the more of a lead's events share its work."""

_TIMELINE, _CELL = b"t", b"c"
_CLOCK, _DEFINITION, _DISTINCT, _SINCE = b"=clock", b"=definition", b"=distinct", b"=since"
_CELLS_KEPT = 5_000
_CLOCKED = STANDING | PLANNED
_SLICE = 2_000
_IDLE_WATERMARK_MS = 5_000

Records = list[tuple[bytes, bytes | None]]
"""Keys and values for one partition of one topic."""

_encode = msgspec.msgpack.encode
_decode_vector = msgspec.msgpack.Decoder(Vector).decode


class Entry:
    """A timeline in memory, and what the lead contributes as of the last drain; ``affected`` since then.

    ``contributed`` is None of a timeline that was loaded, until an event comes that may change it.
    """

    __slots__ = ("affected", "answered", "contributed", "merged", "timeline")

    def __init__(self, timeline: Timeline, contributed: Contributed | None) -> None:
        self.timeline = timeline
        self.contributed = contributed
        self.affected: Axes = NO_AXIS
        self.answered = False
        self.merged = False


class EventClock:
    """The clock of a replay: the least, over the topics not yet read to their end, of the greatest event time seen.

    When all is read it stands at the latest event, and runs on to ``end`` once that is set.
    """

    def __init__(self) -> None:
        self.latest: Millis = 0
        self.end: Millis | None = None


class LeadStage(NamedTuple):
    """What all partitions of the stage share; ``event_clock`` makes event time its clock."""

    settings: Settings
    rules: Rules
    selection: Selection
    metrics: Metrics
    levels: Levels
    event_clock: EventClock | None = None

    @classmethod
    def of(
        cls,
        settings: Settings,
        metrics: Metrics,
        event_clock: EventClock | None = None,
        policies: PolicyFile = NOTHING,
    ) -> LeadStage:
        """From the settings; raises ValueError where they name a KPI, grouping or window that there is not."""
        rules = Rules.of(settings)
        levels = Levels(Policies(policies), rules)
        return cls(settings, rules, Selection.of(settings), metrics, levels, event_clock)

    def processor(self, context: Context) -> Leads:
        """The stage's logic for one partition."""
        return Leads(self, context)


class Leads:
    """One partition of stage 1."""

    def __init__(self, stage: LeadStage, context: Context) -> None:
        settings = stage.settings
        self._stage = stage
        self._store = context.store
        self.distinct = self._distinct_kept = _number(context.store.get(_DISTINCT))
        self._partition = context.partition
        self._partitions = context.partitions
        self._names = {settings.topic(name): name for name in INPUTS}
        self._decoders: dict[str, Decode] = {
            settings.topic(name): decoder(
                name, future_skew=settings.future_skew, keep_text=settings.keep_text, judge=judge
            )
            for name in EVENTS
        }
        self._merges, self._forgets = (settings.topic(name) for name in INPUTS[len(EVENTS) :])
        self._forgotten = Marks(context.store)
        self._requests: list[Forget] = []
        self._entries: dict[str, Entry] = {}
        self._dirty: dict[str, Entry] = {}
        self._cells = Cells(stage.selection, stage.rules)
        self._sums = Sums(self._cells)
        self._held: dict[bytes, Vector] = {}
        self._sent: dict[bytes, int] = {}
        self._deltas: dict[bytes, Vector] = {}
        self._letters: Records = []
        self._answered: list[float] = []
        self._truncated = 0
        self._warned = False
        self._reached: dict[str, Millis] = {}
        self._flood = Flood(settings.dead_letter_share, settings.dead_letter_sample, context.store)
        self._clock: Millis = _number(context.store.get(_CLOCK))
        self._told: Millis = self._clock
        self._since = _number(context.store.get(_SINCE))
        self._begins = False
        self._stepped = False
        self._expiry = Expiry(context.store, _CELL, Retention.of(settings), self._clock)
        self._open = OpenLeads(context.store, self._cells)
        self._standing = StandingDeals(context.store, stage.selection, stage.rules)
        self._axes = selected(stage.selection)
        self._affected = affected(stage.selection)
        self._definition = definition(stage.selection, stage.rules)
        is_live = stage.event_clock is None
        self._levels = ServiceLevels(
            context.store, stage.levels, stage.metrics, is_live, stage.selection, context.partition
        )
        self._follow_definition()

    @property
    def settled_at(self) -> Millis | None:
        """The partition's clock where nothing waits for the next cycle."""
        waits = self._dirty or self._sums or self._deltas or self._letters or self._requests or self.has_more
        return None if waits else self._told

    @property
    def has_more(self) -> bool:
        return self._levels.has_more or self._standing.has_more

    # Events in

    def process(self, topic: str, records: Sequence[Record]) -> None:
        if topic == self._merges:
            self._take_over(records)
        elif topic == self._forgets:
            self._note_requests(records)
        else:
            events = self._decoded(topic, records)
            for event in events:
                self._join(event.subject, event)
            self._note(topic, events)

    def _take_over(self, records: Sequence[Record]) -> None:
        for record in records:
            lead, carried = forwarded(record)
            if self._forgotten.has(lead):
                continue
            for event in carried.contents:
                if not self._forgotten.has(event.subject):
                    self._join(lead, event)
            if carried.truncated:
                self._truncate(lead)

    def _note_requests(self, records: Sequence[Record]) -> None:
        for record in records:
            if (request := forget_request(record.key, record.value)) is not None:
                self._forgotten.add(request.lead)
                self._requests.append(request)

    def _decoded(self, topic: str, records: Sequence[Record]) -> list[Event]:
        decode, live = self._decoders[topic], self._stage.event_clock is None
        events: list[Event] = []
        refused = 0
        for record in records:
            try:
                events.append(decode(record.key, record.value, record.headers, record.timestamp if live else None))
            except Rejected as rejected:
                refused += 1
                self._refuse(rejected, topic, record)
        self._flood.note(len(events), refused, topic, self._partition)
        return self._stored_of(topic, events) if self._forgotten else events

    def _stored_of(self, topic: str, events: list[Event]) -> list[Event]:
        stored = [event for event in events if not self._forgotten.has(event.subject)]
        if dropped := len(events) - len(stored):
            self._stage.metrics.forgotten(self._names[topic], dropped)
        return stored

    def _refuse(self, rejected: Rejected, topic: str, record: Record) -> None:
        if self._forgotten and self._forgotten.has(*named(record.key, record.value)):
            self._stage.metrics.forgotten(self._names[topic], 1)
            return
        letter = dead_letter(
            rejected, topic, self._partition, record.offset, record.timestamp, record.key, record.value, record.headers
        )
        self._letters.append((record.key or b"", published(letter)))
        self._stage.metrics.dead_letters(rejected.reason, 1)

    def _note(self, topic: str, events: Sequence[Event]) -> None:
        if not events:
            return
        name = self._names[topic]
        for kind, count in Counter([event.type for event in events]).items():
            self._stage.metrics.events(name, kind, count)
        times = [event.time for event in events]
        latest, limit = max(times), self._clock - self._stage.settings.allowed_lateness
        if min(times) < limit:
            self._stage.metrics.late(name, sum(time < limit for time in times))
        self._stage.metrics.heard(name, wall_clock())
        self._reached[topic] = max(self._reached.get(topic, 0), latest)
        if (clock := self._stage.event_clock) is not None:
            clock.latest = max(clock.latest, latest)

    def _join(self, lead: str, event: Event) -> None:
        entry = self._dirty.get(lead)
        if entry is None:
            entry = self._entry(lead)
        if entry.timeline.is_past(event):
            return
        axes = self._affected[event.type]
        if axes and entry.contributed is None:
            self._look_back(entry, entry.timeline)
        outcome = absorb(entry.timeline, event)
        if outcome is Absorbed.SAME:
            return
        self._dirty[lead] = entry
        if outcome is Absorbed.NEW:
            if axes is not entry.affected:
                entry.affected |= axes
            self.distinct += event.subject == lead
        else:
            if entry.contributed is None:
                self._look_back(entry, self._stored(lead))
            entry.affected = self._axes

    def _truncate(self, lead: str) -> None:
        """Events of the lead were left out where it was before it was merged."""
        entry = self._entry(lead)
        if entry.timeline.mark_truncated():
            self._dirty[lead] = entry
            self._truncated += 1

    def _cut(self, lead: str, entry: Entry) -> None:
        """Hold the lead to the bound before it is read: what is left out may change anything that it contributed."""
        was_truncated = entry.timeline.truncated
        left_out = entry.timeline.cut(self._stage.rules.lead_events)
        if not left_out:
            return
        self.distinct -= len(
            {event.identity for event in left_out if event.subject == lead} - entry.timeline.identities
        )
        if entry.contributed is None:
            self._look_back(entry, self._stored(lead))
        entry.affected = self._axes
        if not was_truncated:
            self._truncated += 1

    def _entry(self, lead: str) -> Entry:
        entry = self._entries.pop(lead, None)
        if entry is None:
            timeline = self._stored(lead)
            entry = Entry(timeline, None if timeline else {})
            entry.merged = timeline.has("lead.merged")
        self._entries[lead] = entry
        return entry

    def _stored(self, lead: str) -> Timeline:
        chunks: list[bytes] = []
        while (chunk := self._store.get(_chunk_key(lead, len(chunks)))) is not None:
            chunks.append(chunk)
            if not Timeline.is_full(chunk):
                break
        timeline = Timeline.load(lead, chunks)
        timeline.cut(self._stage.rules.lead_events)
        return timeline

    def _view(self, lead: str) -> Lead:
        return read(self._entry(lead).timeline, self._stage.rules)

    def _look_back(self, entry: Entry, timeline: Timeline) -> None:
        """Find what the lead contributed as of the last drain from its timeline of then."""
        view = read(timeline, self._stage.rules)
        entry.contributed = contributions(view, self._stage.selection, self._stage.rules)
        entry.answered = view.response(self._stage.rules.clock_skew) is not None

    # Time

    def tick(self, clock: Millis, exhausted: frozenset[str]) -> None:
        if (events := self._stage.event_clock) is not None:
            waiting = [topic for topic in self._decoders if topic not in exhausted]
            clock = min((self._reached.get(topic, 0) for topic in waiting), default=events.end or events.latest)
        self._clock = max(self._clock, clock)
        self._stepped |= self._expiry.follow(self._clock)
        self._open.age(self._clock, self._deltas)
        self._standing.tick(self._clock)
        self._levels.tick(self._clock)
        self._stage.metrics.watermark(self._partition, self._clock)

    # Results out

    def drain(self, cycle: int) -> list[Outgoing]:
        if self._begins:
            self._begins, self._since = False, cycle
            self._store.put(_SINCE, _encode(cycle))
        ended, forgets = self._forget_requested()
        facts_records, merges = self._settle(cycle)
        facts_records = ended + facts_records
        self._sums.add(self._standing.settle(self._view, self._clock))
        self._levels.fire(self._view, self._clock, cycle)
        self._sums.add(self._levels.changes())
        announced = self._levels.take()
        partials = self._partials(cycle)
        settings = self._stage.settings
        patience = _IDLE_WATERMARK_MS if self._stage.event_clock is None else 1
        self._forget_expired(partials)
        # What has expired must have expired for whoever takes over: the step is kept with what it let go.
        overdue = self._stepped or self._clock - self._told >= patience
        if facts_records or partials or self._letters or announced or overdue:
            self._tell(partials)
        outgoing = [
            Outgoing(settings.topic("internal.partials"), partition, records)
            for partition, records in sorted(partials.items())
        ]
        for topic, by_partition in ((self._merges, merges), (self._forgets, forgets)):
            outgoing += [Outgoing(topic, partition, records) for partition, records in sorted(by_partition.items())]
        for topic, records in (("lead-facts", facts_records), ("sla", announced), ("dead-letters", self._letters)):
            if records:
                outgoing.append(Outgoing(settings.topic(topic), self._partition, records))
        self._letters = []
        if self.distinct != self._distinct_kept:
            self._distinct_kept = self.distinct
            self._store.put(_DISTINCT, _encode(self.distinct))
        self._flood.keep()
        self._stage.metrics.responses(self._answered)
        self._answered = []
        self._tell_truncated()
        return outgoing

    def _tell_truncated(self) -> None:
        if not self._truncated:
            return
        self._stage.metrics.truncated(self._truncated)
        if not self._warned:
            kept = self._stage.rules.lead_events
            log.warning("leads with more events than kept", partition=self._partition, leads=self._truncated, kept=kept)
        self._warned, self._truncated = True, 0

    def close(self) -> None:
        self._stage.metrics.lost(self._partition)

    def _settle(self, cycle: int) -> tuple[Records, dict[int, Records]]:
        """Bring every changed lead's contributions, record and facts up to date."""
        records: Records = []
        merges: dict[int, Records] = {}
        everything = self._stage.settings.lead_facts
        dirty, self._dirty = self._dirty, {}
        leads = list(dirty)
        # In slices: what a cycle has in hand at a time is then bounded, however long it is.
        for first in range(0, len(leads), _SLICE):
            changed: list[Change] = []
            for lead in leads[first : first + _SLICE]:
                entry = dirty.pop(lead)
                timeline = entry.timeline
                self._cut(lead, entry)
                for number in timeline.dirty_chunks():
                    chunk = timeline.encode_chunk(number) if number < timeline.chunks else None
                    self._store.put(_chunk_key(lead, number), chunk)
                timeline.clean()
                if everything or entry.affected or entry.merged or self._levels.is_active:
                    view = read(timeline, self._stage.rules)
                    if self._levels.is_active:
                        self._levels.update(lead, view, self._clock, cycle)
                    if entry.affected:
                        self._contribute(lead, entry, view, changed)
                    if view.merged_into is not None:
                        entry.merged = True
                        forwarding(timeline, self._partitions, merges)
                    if everything and (known := facts(view, self._stage.rules, cycle)) is not None:
                        records.append((lead.encode(), published(known)))
            self._sums.add(changed)
            self._sums.add(self._levels.changes())
            self._evict()
        return records, merges

    def _contribute(self, lead: str, entry: Entry, view: Lead, changed: list[Change]) -> None:
        rules, old = self._stage.rules, entry.contributed
        assert old is not None, "looked back before the first event that affects anything"
        new = contributions(view, self._stage.selection, rules, old, entry.affected)
        changed += changes(old, new, self._stage.selection)
        if NOW in entry.affected:
            self._open.update(lead, view, self._clock, self._deltas)
        if entry.affected & _CLOCKED:
            changed += self._standing.update(lead, view, self._clock)
        if not entry.answered and (response := view.response(rules.clock_skew)) is not None:
            entry.answered = True
            self._answered.append(response / 1000)
        entry.contributed, entry.affected = new, NO_AXIS

    def _partials(self, cycle: int) -> dict[int, Records]:
        """Whole accumulators of the cells that changed, by the partition of stage 2 that they belong to."""
        found: dict[int, Records] = {}
        self._sums.spread(self._deltas)
        deltas, self._deltas = self._deltas, {}
        limit = max(500, _CELLS_KEPT // self._partitions)
        for cell in list(deltas):
            delta = deltas.pop(cell)
            if not self._expiry.kept.has(cell):
                continue
            vector = self._vector(cell)
            if vector:
                add_into(vector, delta)
            else:
                self._held[cell] = vector = delta
            if len(self._held) > 2 * limit:
                _shrink(self._held, limit)
            encoded = _encode(vector)
            self._store.put(_CELL + cell, encoded if vector else None)
            # Where the accumulator is as small as what was added, nobody is spared anything.
            since = self._sent.pop(cell, None) if len(delta) < len(vector) else None
            self._sent[cell] = cycle
            partial = encode_partial(cycle, self._definition, encoded, self._open.oldest(cell), since, delta)
            found.setdefault(home(cell, self._partitions), []).append((partial_key(cell, self._partition), partial))
        _shrink(self._sent, 2 * limit)
        return found

    def _forget_expired(self, partials: dict[int, Records]) -> None:
        for key in self._expiry.expired():
            cell = key[len(_CELL) :]
            self._store.put(key, None)
            self._held.pop(cell, None)
            self._sent.pop(cell, None)
            ended = (partial_key(cell, self._partition), None)
            partials.setdefault(home(cell, self._partitions), []).append(ended)

    def _vector(self, cell: bytes) -> Vector:
        vector = self._held.pop(cell, None)
        if vector is None:
            stored = self._store.get(_CELL + cell)
            vector = {} if stored is None else _decode_vector(stored)
        self._held[cell] = vector
        return vector

    def _tell(self, partials: dict[int, Records]) -> None:
        """Add the watermark to what goes to every partition of stage 2."""
        total = self._vector(encode_cell("events", "all", (), "all", 0))
        value = encode(Watermark(self._clock, self._definition, sorted(reports(total)), self._since))
        for partition in range(self._partitions):
            partials.setdefault(partition, []).append((watermark_key(self._partition), value))
        self._told, self._stepped = self._clock, False
        self._store.put(_CLOCK, _encode(self._clock))

    def _evict(self) -> None:
        limit = max(1_000, self._stage.settings.cached_leads // self._partitions)
        _shrink(self._entries, limit)

    # Leads forgotten on request

    def _forget_requested(self) -> tuple[Records, dict[int, Records]]:
        """Do what was requested; the ends of the facts of leads that are no more, and records for ``internal.forgets``.

        Cells keep what the leads contributed: numbers of windows that count many.
        """
        ended: Records = []
        forgets: dict[int, Records] = {}
        requests, self._requests = self._requests, []
        for request in requests:
            timeline = self._entry(request.place).timeline
            subjects = [event.subject for event in timeline.stored]
            events = subjects.count(request.lead) if request.holder else len(subjects)
            led_to = further(request, timeline, subjects) if events else []
            (self._drop if request.holder else self._remove)(request)
            if self._stage.settings.lead_facts and not (request.holder and timeline):
                ended.append((request.place.encode(), None))
            asking(led_to, self._partitions, forgets)
            answer = Forgotten(request.name, request.at, events, tuple(each.name for each in led_to))
            forgets.setdefault(self._partition, []).append(answering(answer))
        return ended, forgets

    def _remove(self, request: Forget) -> None:
        lead = request.lead
        # As of the last drain: what came since has been added to nothing.
        if left := stub(read(self._stored(lead), self._stage.rules), self._stage.rules):
            self._forgotten.leave(lead, left)
        self._entries.pop(lead, None)
        self._dirty.pop(lead, None)
        number = 0
        while self._store.get(key := _chunk_key(lead, number)) is not None:
            self._store.put(key, None)
            number += 1
        nothing = read(Timeline(lead), self._stage.rules)
        self._open.update(lead, nothing, self._clock, self._deltas)
        self._sums.add(self._standing.update(lead, nothing, self._clock))
        self._levels.forget(lead)

    def _drop(self, request: Forget) -> None:
        """The lead that the forgotten one was merged into counts by what is left of it."""
        entry = self._entry(request.holder)
        if entry.contributed is None:
            self._look_back(entry, self._stored(request.holder))
        if entry.timeline.drop(request.lead):
            self._levels.forget(request.holder, request.lead)
            entry.affected = self._axes
            self._dirty[request.holder] = entry

    # A new definition

    def _follow_definition(self) -> None:
        """Where the stored cells were made by another definition, make all of them anew from the timelines."""
        stored = self._store.get(_DEFINITION)
        if stored == self._definition.encode():
            return
        self._store.put(_DEFINITION, self._definition.encode())
        if stored is None:
            self._begins = True
            return
        for key, _ in self._store.scan(_CELL):
            self._deltas[key[len(_CELL) :]] = {}
            # Emptied rather than deleted: one that has expired meanwhile has still to be ended.
            self._store.put(key, _encode({}))
        leads = {lead for key, _ in self._store.scan(_TIMELINE) if (lead := _lead_of(key))}
        for lead in leads:
            view = read(self._stored(lead), self._stage.rules)
            contributed = contributions(view, self._stage.selection, self._stage.rules)
            self._sums.add(changes({}, contributed, self._stage.selection))
            self._open.update(lead, view, self._clock, {})
            self._standing.update(lead, view, self._clock)
            self._levels.count(view, self._clock)
        for left in self._forgotten.stubs():
            contributed = restored(left, self._stage.selection)
            self._sums.add(changes({}, contributed, self._stage.selection))
        self._open.recount(self._deltas)
        self._sums.add(self._standing.recount())
        self._sums.add(self._levels.recount())


def _chunk_key(lead: str, number: int) -> bytes:
    return _TIMELINE + lead.encode() + b"\0" + number.to_bytes(4, "big")


def _number(stored: bytes | None) -> int:
    return 0 if stored is None else msgspec.msgpack.decode(stored, type=int)


def _lead_of(key: bytes) -> str:
    return key[len(_TIMELINE) : -5].decode()


def _shrink(held: dict[str, Entry] | dict[bytes, Vector] | dict[bytes, int], limit: int) -> None:
    for key in list(islice(held, max(0, len(held) - limit))):
        del held[key]  # type: ignore[arg-type]
