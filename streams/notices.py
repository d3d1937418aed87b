"""Notices: who is to be told of a clock event, from when on, and what is stale by then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.decoding import EARLIEST, LATEST
from schemas.events import Millis
from schemas.instants import parse
from schemas.policy import ROUND_THE_CLOCK, Audience, PolicyFile, Receiver, Severity
from schemas.results import SlaEvent
from streams.announcements import FIRED
from streams.calendars import Calendar

RETRACTED: Final = "retracted"
_ENDS: Final = ("met", "answered_late", "cancelled")
_FROM_BREACH: Final = ("breached", "escalated")

WasTold = Callable[[str, str], bool]
"""Whether an audience was told of the event with an identity."""


class Notice(NamedTuple):
    """A message of an event to an audience, at the receiver that its team or its rep has."""

    event: SlaEvent
    audience: str
    receiver: Receiver

    @property
    def severity(self) -> str:
        """``at_risk``, ``breached``, ``escalated`` or ``retracted``."""
        return _step(self.event)

    @property
    def clock(self) -> tuple[str, str]:
        """The clock, as judged by one version."""
        return self.event.clock, self.event.policy


def silences(event: SlaEvent, notice: Notice) -> str | None:
    """Why a notice of the same clock is not to be sent any more after this event: ``ended``, ``retracted``, or None."""
    step, severity = _step(event), notice.severity
    if step in _ENDS and severity != RETRACTED:
        return "ended"
    return "retracted" if step == RETRACTED and severity in _FROM_BREACH else None


def is_usable(event: SlaEvent) -> bool:
    """Whether its instants are some that can be told."""
    try:
        found = [parse(text)[0] for text in (event.at, event.started_at, event.due_at) if text is not None]
    except (ValueError, KeyError):
        return False
    return all(EARLIEST <= at < LATEST for at in found)


def is_stale(event: SlaEvent) -> bool:
    """Whether the clock had ended already when somebody was to be urged because of it."""
    return _step(event) in FIRED and event.stopped_at is not None


class Telling:
    """Who is told of what, by the audiences of a policy file."""

    def __init__(self, file: PolicyFile) -> None:
        self._file = file
        self._calendar = lru_cache(maxsize=None)(lambda name: Calendar(file.calendars[name]))

    def notices(self, event: SlaEvent, was_told: WasTold) -> Iterator[Notice]:
        """The messages that an event asks for: of a retraction to whoever was told of the breach or what followed."""
        step = _step(event)
        if step == RETRACTED:
            told = list(_breach(event))
            for name in self._file.audiences:
                if any(was_told(identity, name) for identity in told):
                    yield self._notice(event, name)
        elif step in FIRED and event.tell in self._file.audiences:
            name = str(event.tell)
            if step in self._file.audiences[name].severities:
                yield self._notice(event, name)

    def from_when(self, notice: Notice, now: Millis) -> Millis:
        """``now``, or in quiet hours the instant at which they end."""
        quiet = notice.receiver.quiet_outside
        urgent: tuple[Severity, ...] = self._file.audiences[notice.audience].urgent
        if quiet is None or quiet == ROUND_THE_CLOCK or notice.severity in urgent:
            return now
        # An instant is within the hours if the next millisecond of them is the one that begins with it.
        return self._calendar(quiet).add(now, 1) - 1

    def _notice(self, event: SlaEvent, name: str) -> Notice:
        return Notice(event, name, receiver(self._file.audiences[name], event))


def receiver(audience: Audience, event: SlaEvent) -> Receiver:
    """Address and quiet hours, each as the rep who is responsible has them, else the team, else the audience."""
    found = [audience.reps.get(event.responsible), audience.teams.get(event.team), audience]
    there = [each for each in found if each is not None]
    address = next(each for each in there if each.url_env is not None or each.url_file is not None)
    quiet = next((each.quiet_outside for each in there if each.quiet_outside is not None), None)
    return Receiver(url_env=address.url_env, url_file=address.url_file, quiet_outside=quiet)


def _step(event: SlaEvent) -> str:
    return event.name.removeprefix("sla.")


def _breach(event: SlaEvent) -> Iterator[str]:
    """The identities of the breach that is taken back and of its escalations, by the steps told so far."""
    before = list(event.steps)
    for position, step in reversed(list(enumerate(before))):
        if step == RETRACTED:
            return
        if step.partition(":")[0] in _FROM_BREACH:
            again = before[: position + 1].count(step)
            yield f"{event.clock}/{event.policy}/{step}" + (f"#{again}" if again > 1 else "")
