"""Who works when: working days and working time of a team, a rep or everybody, by calendars and the rep directory."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Final

from schemas.directory import Reps
from schemas.events import Millis
from schemas.policy import PolicyFile
from schemas.targets import Scope
from streams.calendars import Calendar, Pause
from streams.directory import away
from streams.lead import UNKNOWN
from streams.policies import Policies

_REMEMBERED: Final = 1 << 14


class Staff:
    """Calendars and absences. A team without a calendar has the first of the policy file; without any it never closes.

    A rep works by the calendar of the team that the directory names, else of the team that is given, and is there
    unless the directory says otherwise.
    """

    def __init__(self, file: PolicyFile) -> None:
        self._policies = Policies(file)
        self._reps: Reps = file.reps
        self._away: dict[str, list[Pause]] = {
            name: sorted((absent.start, absent.end) for absent in away(rep)) for name, rep in file.reps.items()
        }
        self.days = lru_cache(maxsize=_REMEMBERED)(self._days)

    def roster(self, team: str) -> list[str]:
        """The reps of a team by the directory, queues left out, in order."""
        return sorted(name for name, rep in self._reps.items() if rep.team == team and not rep.queue)

    def team_of(self, rep: str) -> str:
        """What the directory says; "" of whom it does not know."""
        known = self._reps.get(rep)
        return (known.team or "") if known is not None else ""

    def _days(self, scope: Scope, who: str, team: str, start: Millis, end: Millis) -> tuple[Fraction, Fraction]:
        """Working days in ``[start, end)``, and how many of them ``who`` is there.

        A day on which a rep is away for part of the hours counts with the rest of them.
        """
        calendar = self._calendar(scope, who, team)
        opened = calendar.by_day(start, end)
        pauses = self._pauses(scope, who)
        there = calendar.by_day(start, end, pauses) if pauses else opened
        present = sum((Fraction(there.get(day, 0), time) for day, time in opened.items()), Fraction())
        return Fraction(len(opened)), present

    def elapsed(self, scope: Scope, who: str, team: str, start: Millis, end: Millis, now: Millis) -> float:
        """Share, 0…1, of the working time of ``[start, end)`` that is over; of all time where there is none."""
        if now >= end:
            return 1.0
        until = max(start, now)
        calendar, pauses = self._calendar(scope, who, team), self._pauses(scope, who)
        whole = calendar.between(start, end, pauses)
        return calendar.between(start, until, pauses) / whole if whole else (until - start) / (end - start)

    def _calendar(self, scope: Scope, who: str, team: str) -> Calendar:
        named = {"all": UNKNOWN, "team": who, "rep": self.team_of(who) or team}[scope]
        return self._policies.calendar_of_team(named)

    def _pauses(self, scope: Scope, who: str) -> list[Pause]:
        return self._away.get(who, []) if scope == "rep" else []
