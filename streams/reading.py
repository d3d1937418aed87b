"""How a timeline becomes a lead: one pass over its events in order, then its touches, then its replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from schemas.event import Event
from streams import fate
from streams.lead import NOTHING_KNOWN, UNASSIGNED, UNKNOWN, Act, Instance, Lead, Ownership, Profile
from streams.replies import match_replies
from streams.rules import Rules
from streams.timelines import Timeline, merged_into
from streams.touches import sort_out

PROPOSAL: Final = "proposal"
QUALIFIED: Final = ("mql", "sql")


def read(timeline: Timeline, rules: Rules) -> Lead:
    """The lead that the events of ``timeline`` show, a pure function of them and of ``rules``."""
    reader = _Reader(rules)
    for event in timeline.events:
        handle = _HANDLERS.get(event.type)
        if handle is not None:
            handle(reader, event)
    reader.leave()
    lead = Lead(timeline.lead, reader.instances)
    lead.fates, lead.deals, lead.stage = reader.fates, reader.deals, reader.stage
    lead.merged_into = merged_into(timeline) if reader.merged else None
    lead.last_event = timeline.events[-1] if timeline.events else None
    lead.truncated = timeline.truncated
    lead.planned, lead.missed = reader.planned, reader.missed
    match_replies(lead, sort_out(lead, rules), rules)
    return lead


class _Reader:
    """The registers of the pass: who owns the lead now, how warm it is, which instance runs."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.now = Instance(None, NOTHING_KNOWN, [])
        self.instances = [self.now]
        self.fates: dict[str, int] = {}
        self.owner: str | None = None
        self.team: str | None = None
        self.temperature = UNKNOWN
        self.stage: str | None = None
        self.deals: list[Event] = []
        self.proposed: set[str] = set()
        self.merged = False
        self.planned: dict[str, Act] = {}
        self.missed: set[str] = set()

    def engaged(self, event: Event) -> None:
        data: Any = event.data
        if self.now.engaged is not None and self.now.closed is None:
            return
        qualified = data.qualified is not False
        if qualified:
            self.leave()
        self.owner, self.team = data.owner or self.owner, data.team or self.team
        if qualified:
            self.temperature = data.temperature or UNKNOWN
            self._start(event, Profile.of(data))
            if data.stage:
                self._enter(event, data.stage)

    def _start(self, event: Event, profile: Profile) -> None:
        before = self.now
        skewed = len(before.acts)
        while (
            skewed > (before.closed or 0) and before.acts[skewed - 1].event.time >= event.time - self.rules.clock_skew
        ):
            skewed -= 1
        self.now = Instance(event, profile, before.acts[skewed:])
        del before.acts[skewed:]
        self.instances.append(self.now)
        if self.owner:
            self.now.ownerships.append(Ownership(event, self.owner, self.team or UNASSIGNED))

    def leave(self) -> None:
        """Note in the instance that ends what the registers held at its end."""
        self.now.owner, self.now.team, self.now.temperature = self.owner, self.team, self.temperature

    def assigned(self, event: Event) -> None:
        data: Any = event.data
        self.owner, self.team = data.owner, data.team or self.team
        now = self.now
        if now.engaged is None or now.closed is not None:
            return
        if now.ownerships:
            if now.ownerships[-1].owner == data.owner:
                return
            now.ownerships[-1].end = len(now.acts)
        now.ownerships.append(Ownership(event, data.owner, self.team or UNASSIGNED))

    def stage_changed(self, event: Event) -> None:
        data: Any = event.data
        self.temperature = data.temperature or self.temperature
        self._enter(event, data.stage)

    def _enter(self, event: Event, stage: str) -> None:
        if stage in QUALIFIED and stage != self.stage:
            self.now.qualified.append(Act(event, self.owner, self.team))
        self.stage = stage

    def closed(self, event: Event) -> None:
        data: Any = event.data
        now = self.now
        now.duplicate = now.duplicate or data.reason == "duplicate"
        if now.engaged is not None and now.closed is None:
            now.closed, now.closing = len(now.acts), event

    def gone(self, event: Event) -> None:
        self.merged = True

    def act(self, event: Event) -> None:
        self.now.acts.append(Act(event, self.owner, self.team))

    def deal(self, event: Event) -> None:
        data: Any = event.data
        self.deals.append(event)
        if data.stage != PROPOSAL:
            self.proposed.discard(data.deal_id)
        elif data.deal_id not in self.proposed:
            self.proposed.add(data.deal_id)
            self.act(event)

    def deal_ended(self, event: Event) -> None:
        self.deals.append(event)

    def scheduled(self, event: Event) -> None:
        data: Any = event.data
        self.planned[data.call_id] = Act(event, self.owner, self.team)

    def not_held(self, event: Event) -> None:
        data: Any = event.data
        self.missed.add(data.call_id)

    def reported(self, event: Event) -> None:
        data: Any = event.data
        self.fates[data.message_id] = self.fates.get(data.message_id, 0) | fate.BY_PERSON[event.type]

    def seen(self, event: Event) -> None:
        data: Any = event.data
        who = fate.BY_MACHINE if data.machine else fate.BY_PERSON
        self.fates[data.message_id] = self.fates.get(data.message_id, 0) | who[event.type]


_HANDLERS: Final[dict[str, Callable[[_Reader, Event], None]]] = {
    "lead.engaged": _Reader.engaged,
    "lead.assigned": _Reader.assigned,
    "lead.stage_changed": _Reader.stage_changed,
    "lead.closed": _Reader.closed,
    "lead.merged": _Reader.gone,
    "call.completed": _Reader.act,
    "email.sent": _Reader.act,
    "email.replied": _Reader.act,
    "email.delivered": _Reader.reported,
    "email.bounced": _Reader.reported,
    "email.opened": _Reader.seen,
    "email.clicked": _Reader.seen,
    "deal.opened": _Reader.deal,
    "deal.stage_changed": _Reader.deal,
    "deal.won": _Reader.deal_ended,
    "deal.lost": _Reader.deal_ended,
    "call.scheduled": _Reader.scheduled,
    "call.missed": _Reader.not_held,
}
