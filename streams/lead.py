"""What a lead is seen to be: its instances and what was done in each, as values made from its timeline."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct

from schemas.events import CallCompleted, EmailReplied, EmailSent, Event, LeadEngaged, Millis

# None of these values leads back to itself, so they go when the last reference does, unseen by the collector.

UNASSIGNED: Final = "unassigned"
UNKNOWN: Final = "unknown"


class Profile(NamedTuple):
    """The dimensions fixed at engagement."""

    temperature: str = UNKNOWN
    source: str = UNKNOWN
    region: str = UNKNOWN
    channel: str = UNKNOWN

    @staticmethod
    def of(engaged: LeadEngaged) -> Profile:
        """The dimensions that an engagement states."""
        return Profile(
            engaged.temperature or UNKNOWN,
            engaged.source or UNKNOWN,
            engaged.region or UNKNOWN,
            engaged.channel or UNKNOWN,
        )


class Act(Struct, gc=False):
    """A call, message, reply or quote, with the owner and team that the lead had then.

    ``touch`` is what it is as a touch, ``message`` what it is as a message of a person.
    """

    event: Event
    owner: str | None
    team: str | None
    touch: Touch | None = None
    message: Message | None = None

    @property
    def rep_and_team(self) -> tuple[str, str]:
        """The event's own rep and team, else the owner's then."""
        rep = getattr(self.event.data, "rep", None) or self.owner or UNASSIGNED
        return rep, getattr(self.event.data, "team", None) or self.team or UNASSIGNED


class Touch(Struct, gc=False):
    """An outbound, human attempt, or the answered inbound call that came before any.

    ``owner`` and ``team`` are those of the lead then. ``position`` is that of its act in the instance,
    ``nth`` counts the touches of the instance from 0: those after the first are follow-ups.
    ``drew_positive``: a positive reply answers it.
    """

    event: Event
    channel: str
    owner: str | None
    team: str | None
    inbound: bool
    position: int
    nth: int
    drew_positive: bool = False

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


class Message(Struct, gc=False):
    """A message that a person sent, once per ``message_id``, with its ``fate`` (``streams.fate``)."""

    sent: EmailSent
    fate: int


class Reply(Struct, gc=False):
    """A human reply within the reply horizon of a touch.

    ``answered`` is when the message answered was sent, else when the last touch strictly earlier
    was made; None where there is neither.
    """

    at: Millis
    channel: str
    class_: str | None
    act: Act
    profile: Profile
    answered: Millis | None


class Ownership(Struct, gc=False):
    """A lead in the hands of one owner: from ``at`` until it was taken away.

    ``end`` is the position in the instance's acts at which it was reassigned, None while held.
    """

    at: Millis
    owner: str
    team: str
    end: int | None = None


class Instance(Struct, gc=False):
    """One engagement of a lead up to the next, or (``engaged`` None) what came before the first.

    ``closed`` is the number of acts before it was closed, None while it is not; ``touches`` are
    all of them, ``answers`` those made while it was not closed; ``contact_after`` is the time from
    engagement to contact made.
    """

    engaged: Event | None = None
    profile: Profile = Profile()
    acts: list[Act] = []
    closed: int | None = None
    closed_at: Millis | None = None
    close_reason: str | None = None
    duplicate: bool = False
    owner: str | None = None
    team: str | None = None
    temperature: str = UNKNOWN
    ownerships: list[Ownership] = []
    touches: list[Touch] = []
    answers: list[Touch] = []
    contact_after: Millis | None = None

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


class Contacted(Struct, gc=False):
    """A subject that was touched: an instance of a lead, its first one together with the outreach before it.

    A subject that never engaged is one too (cold outreach).
    """

    profile: Profile
    duplicate: bool
    touches: list[Touch]
    replies: list[Reply] = []


class Lead(Struct, gc=False):
    """A lead as its events show it.

    ``instances[0]`` holds what came before the first engagement; ``fates`` is what was reported of
    messages, by ``message_id``.
    """

    id: str
    instances: list[Instance]
    contacted: list[Contacted] = []
    replies: list[Reply] = []
    fates: dict[str, int] = {}
    merged_into: str | None = None
    last_event: Event | None = None
    stage: str | None = None

    def response(self, skew: Millis) -> Millis | None:
        """Of the latest instance, from engagement to the first touch; None while there is none."""
        last = self.instances[-1]
        return last.response(last.answers[0], skew) if last.answers and last.engaged is not None else None


def is_conversation(call: CallCompleted, contact_seconds: int) -> bool:
    """Whether both sides spoke: long enough, or answered where no length is given."""
    seconds = call.talk_seconds if call.talk_seconds is not None else call.duration_seconds
    return bool(call.answered) if seconds is None else seconds >= contact_seconds


def is_human_reply(reply: EmailReplied) -> bool:
    """Whether a person wrote it: by its class, else by the absence of automatic headers."""
    if reply.class_ is not None:
        return reply.class_ not in ("auto", "bounce")
    return not any(_is_automatic(name.lower(), value.strip().lower()) for name, value in (reply.headers or {}).items())


def _is_automatic(header: str, value: str) -> bool:
    if header == "auto-submitted":
        return value.split(";")[0].strip() != "no"
    return header == "x-autoreply" or (header == "precedence" and value in ("bulk", "auto_reply", "junk"))
