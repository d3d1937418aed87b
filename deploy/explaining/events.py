"""What each event of a lead counts as, and why it counts as nothing else, in a sentence."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from deploy.wording import duration
from schemas.classification import classify
from schemas.event import Event
from schemas.events import CallCompleted, EmailReplied, EmailSent, Millis
from streams.fate import BOUNCED
from streams.lead import Act, Instance, Lead, Reply
from streams.rules import Rules
from streams.timelines import Identity, Timeline


class Said(Struct, frozen=True):
    """An event and what it counts as; ``by`` is who did it, ``owner`` and ``team`` whose the lead was then."""

    at: Millis
    type: str
    source: str
    id: str
    subject: str
    by: str
    owner: str
    team: str
    counts_as: str


_SEEN: Final = {"email.opened": "opened", "email.clicked": "clicked"}


def said(timeline: Timeline, view: Lead, rules: Rules) -> list[Said]:
    """Every event of the lead, in order; contents that another under the same identity has replaced come last."""
    known = _Known(view, rules)
    told = [known.line(event) for event in timeline.events]
    standing = {id(event) for event in timeline.events}
    replaced = [event for event in timeline.contents if id(event) not in standing]
    why = "another content under the same source and id: of the two the other stands, so this one counts as nothing"
    return told + [_line(event, why) for event in replaced]


class _Known:
    """What the reading of the timeline made of each event."""

    def __init__(self, view: Lead, rules: Rules) -> None:
        self._view, self._rules = view, rules
        self._counts: dict[Identity, str] = {}
        self._acts: dict[Identity, Act] = {}
        self._owner: tuple[str, str] = ("", "")
        replies = {reply.act.event.identity: reply for subject in view.contacted for reply in subject.replies}
        for number, instance in enumerate(view.instances):
            self._bounds(number, instance)
            for position, act in enumerate(instance.acts):
                reply = replies.get(act.event.identity)
                self._acts[act.event.identity] = act
                self._counts[act.event.identity] = _act(instance, position, act, reply, view, rules)

    def _bounds(self, number: int, instance: Instance) -> None:
        if instance.engaged is not None:
            again = "" if number == 1 else f" again, after it was closed (engagement {number})"
            self._counts[instance.engaged.identity] = f"engages the lead{again}: the response clock starts"
        if instance.closing is not None:
            data: Any = instance.closing.data
            leaves = ": as a duplicate it leaves every count" if data.reason == "duplicate" else ""
            self._counts[instance.closing.identity] = f"closes the lead ({data.reason or 'no reason given'}){leaves}"

    def line(self, event: Event) -> Said:
        data: Any = event.data
        if event.type in ("lead.engaged", "lead.assigned"):
            owner, team = self._owner
            self._owner = (data.owner or owner, data.team or team)
        return _line(event, self._counts.get(event.identity) or self._other(event), *self._owner)

    def _other(self, event: Event) -> str:
        data: Any = event.data
        match event.type:
            case "lead.engaged" if data.qualified is False:
                return "a contact, not a qualified lead: it engages nobody"
            case "lead.engaged":
                return "engages a lead that is open already: changes nothing"
            case "lead.assigned":
                return f"the lead is given to {data.owner}" + (f" of {data.team}" if data.team else "")
            case "lead.stage_changed":
                return f"the lead is now {data.stage}" + (f", {data.temperature}" if data.temperature else "")
            case "lead.closed":
                return "closes a lead that is not open: changes nothing"
            case "lead.merged" if event.subject == self._view.id:
                return f"the lead is merged into {data.into} and counts there"
            case "lead.merged":
                return f"{event.subject} was merged into {data.into}: its events count here"
            case "email.delivered":
                return f"message {data.message_id} was delivered"
            case "email.bounced":
                return f"message {data.message_id} bounced, so sending it was no touch"
            case "email.opened" | "email.clicked":
                who = "a machine" if data.machine else "a person"
                return f"message {data.message_id} was {_SEEN[event.type]} by {who}: never a touch, stops no clock"
            case "call.scheduled" | "call.missed":
                return f"a {data.kind or 'call'} {event.type.removeprefix('call.')}: a plan, no touch"
        return f"the deal {getattr(data, 'deal_id', '')} goes on: no touch"


def _act(instance: Instance, position: int, act: Act, reply: Reply | None, view: Lead, rules: Rules) -> str:
    data = act.event.data
    if isinstance(data, EmailReplied):
        sentence = _reply(act, reply)
    elif act.touch is not None:
        answers = f"; as their answer it is a {reply.class_} reply" if reply is not None and reply.class_ else ""
        sentence = _touch(instance, act, rules) + answers
    elif isinstance(data, CallCompleted):
        sentence = _call(data, reply)
    elif isinstance(data, EmailSent):
        sentence = _message(data, act, view)
    else:
        sentence = "a quote to the customer"
    return sentence + ("; contact is made" if instance.contact_by == position else "")


def _touch(instance: Instance, act: Act, rules: Rules) -> str:
    touch = act.touch
    assert touch is not None
    kind = "an answered call of theirs" if touch.inbound else "a touch"
    if instance.engaged is None:
        return f"{kind} before the lead engaged: outreach, it answers nothing"
    if instance.closed is not None and touch.position >= instance.closed:
        return f"{kind} after the lead was closed: it answers nothing"
    if touch.nth:
        return f"{kind}: follow-up {touch.nth}"
    elapsed = instance.response(touch, rules.clock_skew)
    early = touch.at < instance.engaged_at
    at_once = ", made a little before it by the senders' clocks" if early else ""
    return f"{kind}, the first: it answers the engagement after {duration(elapsed / 1000)}{at_once}"


def _call(call: CallCompleted, reply: Reply | None) -> str:
    if call.automatic:
        return "an automatic call: no touch"
    if not call.answered:
        return "a missed call of theirs: a message that waits for an answer"
    return "an answered call of theirs: a reply" if reply else "an answered call of theirs"


def _message(sent: EmailSent, act: Act, view: Lead) -> str:
    if sent.automatic:
        return "an automatic message: no touch"
    if act.message is None:
        return f"message {sent.message_id} was sent before: it counts once"
    return "bounced: no touch" if view.fates.get(sent.message_id, 0) & BOUNCED else "a message"


def _reply(act: Act, reply: Reply | None) -> str:
    judged = classify(act.event)
    if judged is not None and judged.class_ in ("auto", "bounce"):
        return f"an automatic answer ({judged.kind.replace('_', ' ')}; {judged.why}): no reply, stops no clock"
    what = "a reply without a class" if judged is None else f"a {judged.class_} reply ({judged.why})"
    return what if reply is not None else f"{what}; no touch came within the reply horizon before it: in no reply KPI"


def _line(event: Event, counts_as: str, owner: str = "", team: str = "") -> Said:
    by = getattr(event.data, "rep", None) or ""
    return Said(event.time, event.type, event.source, event.id, event.subject, by, owner, team, counts_as)
