"""What a lead is seen to be: its instances and what was done in each, as values made from its timeline."""

from __future__ import annotations

from typing import Any, Final

from mypy_extensions import mypyc_attr

from schemas.event import Event
from schemas.events import CallCompleted, EmailSent, LeadEngaged, Millis

# None of these values leads back to itself (``acyclic``), so they go when the last reference does, unseen by the
# collector. They are plain classes because compiled ones are fast: docs/performance.md.

UNASSIGNED: Final = "unassigned"
UNKNOWN: Final = "unknown"


@mypyc_attr(acyclic=True)
class Profile:
    """The dimensions fixed at engagement."""

    def __init__(self, temperature: str, source: str, region: str, channel: str) -> None:
        self.temperature = temperature
        self.source = source
        self.region = region
        self.channel = channel

    @staticmethod
    def of(engaged: LeadEngaged) -> Profile:
        """The dimensions that an engagement states."""
        return Profile(
            engaged.temperature or UNKNOWN,
            engaged.source or UNKNOWN,
            engaged.region or UNKNOWN,
            engaged.channel or UNKNOWN,
        )


NOTHING_KNOWN: Final = Profile(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)


@mypyc_attr(acyclic=True)
class Act:
    """A call, message, reply or quote, with the owner and team that the lead had then.

    ``touch`` is what it is as a touch, ``message`` what it is as a message of a person.
    """

    def __init__(
        self,
        event: Event,
        owner: str | None,
        team: str | None,
    ) -> None:
        self.event = event
        self.owner = owner
        self.team = team
        self.touch: Touch | None = None
        self.message: Message | None = None

    @property
    def rep_and_team(self) -> tuple[str, str]:
        """The event's own rep and team, else the owner's then."""
        rep = getattr(self.event.data, "rep", None) or self.owner or UNASSIGNED
        return rep, getattr(self.event.data, "team", None) or self.team or UNASSIGNED


@mypyc_attr(acyclic=True)
class Touch:
    """An outbound, human attempt, or the answered inbound call that came before any.

    ``owner`` and ``team`` are those of the lead then. ``position`` is that of its act in the instance,
    ``nth`` counts the touches of the instance from 0: those after the first are follow-ups.
    ``drew_positive``: a positive reply answers it.
    """

    def __init__(
        self,
        event: Event,
        channel: str,
        owner: str | None,
        team: str | None,
        inbound: bool,
        position: int,
        nth: int,
    ) -> None:
        self.event = event
        self.channel = channel
        self.owner = owner
        self.team = team
        self.inbound = inbound
        self.position = position
        self.nth = nth
        self.drew_positive = False

    @property
    def at(self) -> Millis:
        """When it was made."""
        return self.event.time

    @property
    def owner_and_team(self) -> tuple[str, str]:
        """Who the lead belonged to then; where nobody, who made the touch."""
        if self.owner:
            return self.owner, self.team or UNASSIGNED
        data = self.event.data
        rep, team = getattr(data, "rep", None), getattr(data, "team", None)
        return rep or UNASSIGNED, team or self.team or UNASSIGNED


@mypyc_attr(acyclic=True)
class Message:
    """A message that a person sent, once per ``message_id``, with its ``fate`` (``streams.fate``)."""

    def __init__(self, sent: EmailSent, fate: int) -> None:
        self.sent = sent
        self.fate = fate


@mypyc_attr(acyclic=True)
class Reply:
    """A human reply within the reply horizon of a touch.

    ``answered`` is when the message answered was sent, else when the last touch strictly earlier
    was made; None where there is neither.
    """

    def __init__(
        self,
        at: Millis,
        channel: str,
        class_: str | None,
        act: Act,
        profile: Profile,
        answered: Millis | None,
    ) -> None:
        self.at = at
        self.channel = channel
        self.class_ = class_
        self.act = act
        self.profile = profile
        self.answered = answered


@mypyc_attr(acyclic=True)
class Ownership:
    """A lead in the hands of one owner: from ``event``, which gave it to them, until it was taken away.

    ``end`` is the position in the instance's acts at which it was reassigned, None while held.
    """

    def __init__(self, event: Event, owner: str, team: str) -> None:
        self.event = event
        self.owner = owner
        self.team = team
        self.end: int | None = None

    @property
    def at(self) -> Millis:
        """When it began."""
        return self.event.time


@mypyc_attr(acyclic=True)
class Planned:
    """Something that was scheduled, as it was scheduled last."""

    def __init__(self, act: Act, is_missed: bool) -> None:
        self.act = act
        self.is_missed = is_missed


@mypyc_attr(acyclic=True)
class Instance:
    """One engagement of a lead up to the next, or (``engaged`` None) what came before the first.

    ``closed`` is the number of acts before ``closing``, None while it is not closed; ``touches`` are
    all of them, ``answers`` those made while it was not closed; ``contact_after`` is the time from
    engagement to contact made, ``contact_by`` the position of the act that made it. ``qualified`` are the events that
    brought it to a stage in which it is qualified.
    """

    def __init__(self, engaged: Event | None, profile: Profile, acts: list[Act]) -> None:
        self.engaged = engaged
        self.profile = profile
        self.acts = acts
        self.closed: int | None = None
        self.closing: Event | None = None
        self.duplicate = False
        self.owner: str | None = None
        self.team: str | None = None
        self.temperature = UNKNOWN
        self.ownerships: list[Ownership] = []
        self.touches: list[Touch] = []
        self.answers: list[Touch] = []
        self.contact_after: Millis | None = None
        self.contact_by: int | None = None
        self.qualified: list[Act] = []

    @property
    def engaged_at(self) -> Millis:
        """Where the response clock starts; only of an engaged one."""
        assert self.engaged is not None
        return self.engaged.time

    @property
    def is_open(self) -> bool:
        """Engaged, not answered, not closed."""
        return self.engaged is not None and not self.answers and self.closed is None

    @property
    def owner_and_team(self) -> tuple[str, str]:
        """At the first touch, or while there is none the present ones."""
        if self.answers:
            return self.answers[0].owner_and_team
        return self.owner or UNASSIGNED, self.team or UNASSIGNED

    def response(self, touch: Touch, skew: Millis) -> Millis:
        """From engagement to ``touch``: 0 where it came just before, or is the inbound call that engaged the lead."""
        elapsed = touch.at - self.engaged_at
        return 0 if elapsed < 0 or (touch.inbound and elapsed <= skew) else elapsed


@mypyc_attr(acyclic=True)
class Contacted:
    """A subject that was touched: an instance of a lead, its first one together with the outreach before it.

    A subject that never engaged is one too (cold outreach).
    """

    def __init__(self, profile: Profile, duplicate: bool, touches: list[Touch]) -> None:
        self.profile = profile
        self.duplicate = duplicate
        self.touches = touches
        self.replies: list[Reply] = []


@mypyc_attr(acyclic=True)
class Lead:
    """A lead as its events show it.

    ``instances[0]`` holds what came before the first engagement; ``fates`` is what was reported of
    messages, by ``message_id``; ``deals`` are the events that open, move and end deals, in order.
    ``planned`` is what was scheduled, by ``call_id`` as it was scheduled last, ``missed`` what of it was missed.
    ``truncated``: it has more events than are kept, and those later are not seen. ``derived_deals`` is what
    ``streams.deals`` has made of ``deals``, once it was asked.
    """

    def __init__(self, id: str, instances: list[Instance]) -> None:
        self.id = id
        self.instances = instances
        self.contacted: list[Contacted] = []
        self.replies: list[Reply] = []
        self.fates: dict[str, int] = {}
        self.deals: list[Event] = []
        self.derived_deals: list[Any] | None = None
        self.merged_into: str | None = None
        self.last_event: Event | None = None
        self.stage: str | None = None
        self.truncated = False
        self.planned: dict[str, Act] = {}
        self.missed: set[str] = set()

    def response(self, skew: Millis) -> Millis | None:
        """Of the latest instance, from engagement to the first touch; None while there is none."""
        last = self.instances[-1]
        return last.response(last.answers[0], skew) if last.answers and last.engaged is not None else None


def instance_at(lead: Lead, at: Millis) -> Instance:
    """The last instance that engaged by then; what came before the first belongs to the first."""
    for instance in reversed(lead.instances[1:]):
        if instance.engaged_at <= at:
            return instance
    return lead.instances[min(1, len(lead.instances) - 1)]


def is_conversation(call: CallCompleted, contact_seconds: int) -> bool:
    """Whether both sides spoke: long enough, or answered where no length is given."""
    seconds = call.talk_seconds if call.talk_seconds is not None else call.duration_seconds
    return bool(call.answered) if seconds is None else seconds >= contact_seconds
