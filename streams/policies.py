"""Policies: which version a clock is judged by, whose calendar it runs on, and how long it may run."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from zoneinfo import ZoneInfoNotFoundError

from schemas.events import Millis
from schemas.policy import ROUND_THE_CLOCK, Clock, Hours, Notify, Policy, PolicyFile, When
from schemas.policy_values import MINUTE, Span
from streams.calendars import Calendar
from streams.directory import Directory
from streams.lead import UNASSIGNED, UNKNOWN

CONDITIONS: Final = tuple(When.model_fields)
ALWAYS_OPEN: Final = Calendar(Hours.model_validate({"timezone": "UTC", "hours": {"mon-sun": ["00:00-24:00"]}}))

_LENGTHS: Final = {"minute": MINUTE, "hour": 60 * MINUTE}


class Traits(NamedTuple):
    """What the conditions of policies look at; the fields are those of ``When``."""

    temperature: str = UNKNOWN
    source: str = UNKNOWN
    region: str = UNKNOWN
    segment: str = UNKNOWN
    team: str = UNKNOWN
    channel: str = UNKNOWN
    stage: str = UNKNOWN


class Policies:
    """The policies of a file, ready to be asked. What was asked lately is remembered."""

    def __init__(self, file: PolicyFile) -> None:
        self._file = file
        self.directory = Directory(file.reps)
        self._dates = sorted({policy.effective_from for policy in file.policies})
        self._match = lru_cache(maxsize=1 << 14)(self._first_match)
        self._rules = lru_cache(maxsize=1 << 10)(self._rules_in_force)
        self._calendar = lru_cache(maxsize=1 << 9)(self._make_calendar)
        self.recomputes = tuple(sorted({policy.effective_from for policy in file.policies if policy.recompute}))
        """The instants from which on clocks that run may be judged by another version."""

    def __bool__(self) -> bool:
        return bool(self._file.policies)

    @property
    def digest(self) -> str:
        """A short name of all that clocks depend on: it changes whenever that does, who is told or not."""
        return sha256(repr(self._file._replace(audiences={}, notify=Notify())).encode()).hexdigest()[:16]

    def match(self, clock: Clock, start: Millis, traits: Traits, until: Millis | None = None) -> Policy | None:
        """The version that a clock is judged by: of the rules in force at its start, the first in the file that fits.

        ``until`` is the instant up to which it has run: ``recompute`` versions of the time between count, too.
        """
        until = start if until is None else max(start, until)
        return self._match(clock, bisect_right(self._dates, start), bisect_right(self._dates, until), traits)

    def rules(self, clock: Clock, at: Millis) -> tuple[Policy, ...]:
        """The rules in force for clocks that start at an instant, in the order in which they are tried."""
        date = bisect_right(self._dates, at)
        return self._rules(clock, date, date)

    def calendar(
        self,
        policy: Policy,
        team: str = UNKNOWN,
        timezone: str | None = None,
        owner: str = UNASSIGNED,
        at: Millis = 0,
    ) -> Calendar:
        """The calendar of a policy for a lead of this team, time zone and owner; its own where theirs is not known.

        ``at`` is the instant as of which the owner is there or away.
        """
        if policy.whose == "lead":
            return self._calendar(policy.calendar, timezone)
        if policy.whose == "rep":
            return self._calendar(policy.calendar, self.directory.timezone(owner, at))
        named = self._file.teams.get(self.directory.team(team, owner, at)) if policy.whose == "team" else None
        return self._calendar(named.calendar if named else policy.calendar, None)

    def open_calendars(self, at: Millis) -> dict[str, bool]:
        """Which of the file's calendars are open at an instant."""
        return {name: self._calendar(name, None).between(at, at + 1) > 0 for name in self._file.calendars}

    @property
    def calendars(self) -> bool:
        """Whether any calendar is defined."""
        return bool(self._file.calendars)

    def calendar_of_team(self, team: str) -> Calendar:
        """A team's calendar; the first of the file where it has none; always open where there is none at all."""
        named = self._file.teams.get(team)
        return self._calendar(named.calendar if named else next(iter(self._file.calendars), None), None)

    def newest(self, name: str, at: Millis) -> Policy | None:
        """The version of a policy that is in force at an instant, else its first; None of one that there is not."""
        versions = sorted(
            (policy for policy in self._file.policies if policy.name == name), key=lambda each: each.effective_from
        )
        in_force = [policy for policy in versions if policy.effective_from <= at]
        return next(iter(in_force[-1:] or versions[:1]), None)

    def _first_match(self, clock: Clock, start: int, until: int, traits: Traits) -> Policy | None:
        return next((rule for rule in self._rules(clock, start, until) if _fits(rule.when, traits)), None)

    def _rules_in_force(self, clock: Clock, start: int, until: int) -> tuple[Policy, ...]:
        """Rules by how many of all effective dates have come by a clock's start, and by the instant it has run to."""
        newest: dict[str, Policy] = {}
        for policy in sorted(self._file.policies, key=lambda policy: policy.effective_from):
            if bisect_right(self._dates, policy.effective_from) <= (until if policy.recompute else start):
                newest[policy.name] = policy
        in_force = {policy.identity for policy in newest.values() if policy.clock == clock and not policy.retired}
        return tuple(policy for policy in self._file.policies if policy.identity in in_force)

    def _make_calendar(self, name: str | None, timezone: str | None) -> Calendar:
        if name is None or name == ROUND_THE_CLOCK:
            return ALWAYS_OPEN
        try:
            return Calendar(self._file.calendars[name], timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            # The zone of a lead is whatever its source says.
            return self._calendar(name, None)


def allowance(span: Span, calendar: Calendar, start: Millis) -> tuple[Calendar, Millis]:
    """The calendar that a length of time runs on, and how much of its time it is for a clock that starts then.

    Add it to the start for the deadline, a share of it for a warning.
    """
    runs_on = calendar if span.business else ALWAYS_OPEN
    if span.unit == "day":
        return runs_on, runs_on.days(start, span.amount)
    return runs_on, span.amount * _LENGTHS[span.unit]


def _fits(when: When, traits: Traits) -> bool:
    wanted = ((getattr(when, name), value) for name, value in zip(CONDITIONS, traits, strict=True))
    return all(values is None or value in values for values, value in wanted)
