"""Who is responsible for a rep's leads at an instant, and on whose team's hours, by the rep directory."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from schemas.directory import Absence, Rep, Reps
from schemas.events import Millis
from schemas.policy_values import DAY
from streams.lead import UNASSIGNED, UNKNOWN
from streams.zones import zone

FOREVER: Final[Millis] = 1 << 60


class Away(NamedTuple):
    """``[start, end)``, while which another stands in."""

    start: Millis
    end: Millis
    cover: str | None


def away(rep: Rep) -> list[Away]:
    """When a rep is not there, having left before anything else."""
    gone = [] if rep.left_on is None else [Away(_after(rep.left_on, rep), FOREVER, rep.cover)]
    return [*gone, *absences(rep)]


def absences(rep: Rep) -> list[Away]:
    """The absences of a rep, in their order."""
    return [_absent(absence, rep) for absence in rep.absences]


class Directory:
    """The directory, ready to be asked; of whom it does not know it says nothing."""

    def __init__(self, reps: Reps) -> None:
        self._reps = reps
        self._away = {name: found for name, rep in reps.items() if (found := away(rep))}
        self._queues = frozenset(name for name, rep in reps.items() if rep.queue)

    def is_queue(self, rep: str) -> bool:
        """Whether it is nobody."""
        return rep in self._queues

    def responsible(self, rep: str, at: Millis) -> str:
        """The rep or, while away, the cover, or whoever covers for that one; ``unassigned`` of a queue.

        Where nobody in the chain is there, it stays with the rep.
        """
        if rep in self._queues:
            return UNASSIGNED
        passed, there = {rep}, rep
        while (absent := self._absent(there, at)) is not None:
            if absent.cover is None or absent.cover in passed or absent.cover in self._queues:
                return rep
            passed.add(there := absent.cover)
        return there

    def timezone(self, rep: str, at: Millis) -> str | None:
        """That of who is responsible; None where they are not known."""
        known = self._reps.get(self.responsible(rep, at))
        return None if known is None else known.timezone

    def team(self, team: str, rep: str, at: Millis) -> str:
        """On whose hours a lead of this team and rep is worked: while the rep is away, those of the cover's team.

        Of a lead whose team is not known, those of the rep's.
        """
        there = self.responsible(rep, at)
        if there != rep and (known := self._team(there)) is not None:
            return known
        return team if team != UNKNOWN else self._team(rep) or UNKNOWN

    def _team(self, rep: str) -> str | None:
        known = self._reps.get(rep)
        return None if known is None else known.team

    def _absent(self, rep: str, at: Millis) -> Away | None:
        return next((each for each in self._away.get(rep, ()) if each.start <= at < each.end), None)


def _absent(absence: Absence, rep: Rep) -> Away:
    start = absence.first if isinstance(absence.first, int) else _midnight(absence.first, rep)
    return Away(start, _after(absence.last, rep), absence.cover or rep.cover)


def _after(day: date | Millis, rep: Rep) -> Millis:
    """The end of a day, or the instant."""
    return day if isinstance(day, int) else _midnight(day, rep, days=1)


def _midnight(day: date, rep: Rep, days: int = 0) -> Millis:
    in_greenwich = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
    return zone(rep.timezone).instant(in_greenwich + days * DAY)
