"""How a timeline becomes a lead: one pass over its events in order, then its touches, then its replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from schemas.events import Event
from streams import fate
from streams.lead import UNASSIGNED, UNKNOWN, Act, Instance, Lead, Ownership, Profile
from streams.replies import match_replies
from streams.rules import Rules
from streams.timelines import Timeline, merged_into
from streams.touches import sort_out

PROPOSAL: Final = "proposal"


def read(timeline: Timeline, rules: Rules) -> Lead:
    """The lead that the events of ``timeline`` show, a pure function of them and of ``rules``."""
    reader = _Reader(rules)
    for event in timeline.events:
        handle = _HANDLERS.get(event.type)
        if handle is not None:
            handle(reader, event)
    reader.leave()
    lead = Lead(
        timeline.lead,
        reader.instances,
        fates=reader.fates,
        merged_into=merged_into(timeline) if reader.merged else None,
        last_event=timeline.events[-1] if timeline.events else None,
        stage=reader.stage,
    )
    match_replies(lead, sort_out(lead, rules), rules)
    return lead


class _Reader:
    """The registers of the pass: who owns the lead now, how warm it is, which instance runs."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.now = Instance()
        self.instances = [self.now]
        self.fates: dict[str, int] = {}
        self.owner: str | None = None
        self.team: str | None = None
        self.temperature = UNKNOWN
        self.stage: str | None = None
        self.proposed: set[str] = set()
        self.merged = False

    def engaged(self, event: Event) -> None:
        data: Any = event.data
        qualified = data.qualified is not False
        if qualified and self.now.engaged is not None and self.now.closed is None:
            return
        if qualified:
            self.leave()
        self.owner, self.team = data.owner or self.owner, data.team or self.team
        if qualified:
            self.temperature = data.temperature or UNKNOWN
            self.stage = data.stage or self.stage
            self._start(event, Profile.of(data))

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
            self.now.ownerships.append(Ownership(event.time, self.owner, self.team or UNASSIGNED))

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
        now.ownerships.append(Ownership(event.time, data.owner, self.team or UNASSIGNED))

    def stage_changed(self, event: Event) -> None:
        data: Any = event.data
        self.temperature = data.temperature or self.temperature
        self.stage = data.stage

    def closed(self, event: Event) -> None:
        data: Any = event.data
        now = self.now
        now.duplicate = now.duplicate or data.reason == "duplicate"
        if now.engaged is not None and now.closed is None:
            now.closed, now.closed_at, now.close_reason = len(now.acts), event.time, data.reason

    def gone(self, event: Event) -> None:
        self.merged = True

    def act(self, event: Event) -> None:
        self.now.acts.append(Act(event, self.owner, self.team))

    def deal(self, event: Event) -> None:
        data: Any = event.data
        if data.stage != PROPOSAL:
            self.proposed.discard(data.deal_id)
        elif data.deal_id not in self.proposed:
            self.proposed.add(data.deal_id)
            self.act(event)

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
}
