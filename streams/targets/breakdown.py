"""From targets to aims: the parts that stand, absence taken off, shares of reps and of weeks.

Only what adds up (counts, sums) is split; a level (a ratio, a mean, a duration) is the same for every part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

import msgspec

from schemas.events import Millis
from schemas.policy_values import DAY
from schemas.targets import Aim, Target, is_additive, step
from streams.targets.overlaps import Span, Standing, standing, without
from streams.targets.splitting import scaled, split
from streams.targets.staff import Staff
from streams.zones import zone

_NOTHING: Final = Decimal(0)
_MONDAY: Final = 4
"""1970-01-05 was the first one."""


class Breakdown:
    """The rules, for the calendars and absences of ``staff``; ``observed_sums`` are observations that add up."""

    def __init__(self, staff: Staff, observed_sums: Iterable[str] = ()) -> None:
        self.staff = staff
        self._sums = frozenset(observed_sums)

    def aims(self, targets: Iterable[Target]) -> list[Aim]:
        """What stands of targets, and of those of teams what their reps have of it, by line and start."""
        pieces = [aim for one in standing(targets) for aim in self._pieces(one)]
        own = [aim for aim in pieces if aim.scope == "rep"]
        derived = [share for aim in pieces if aim.scope == "team" for share in self._of_reps(aim, own)]
        return sorted((*pieces, *derived), key=lambda aim: (aim.kpi, aim.scope, aim.who, aim.currency, aim.start))

    def weekly(self, aim: Aim, spans: Sequence[Span]) -> list[Aim]:
        """An aim cut into its ``weeks``, by the working days of each on which ``who`` is there; they add up exactly."""
        return [
            self._dated(msgspec.structs.replace(aim, start=start, end=end, value=value, whole=whole, level="week"))
            for (start, end), value, whole in zip(
                spans, self._split(aim, aim.value, spans), self._split(aim, aim.whole, spans), strict=True
            )
        ]

    def _pieces(self, one: Standing) -> Iterator[Aim]:
        """The parts of a target that stand; of all its parts each has the share of its working days."""
        target = one.target
        team = target.team or self.staff.team_of(target.who) if target.scope == "rep" else target.team
        whole = Aim(
            subject=target.subject, kpi=target.kpi, scope=target.scope, who=target.who, team=team,
            currency=target.currency, start=target.start, end=target.end, value=target.value, whole=target.value,
        )  # fmt: skip
        spans = sorted([*one.spans, *without((target.start, target.end), sorted(one.spans))])
        weights = [self._weight(whole, span, present=False) for span in spans]
        values = split(target.value, weights, step(target.kpi, target.value)) if self.adds_up(whole) else None
        for place, (start, end) in enumerate(spans):
            if (start, end) in one.spans:
                value = target.value if values is None else values[place]
                piece = self._dated(msgspec.structs.replace(whole, start=start, end=end, value=value, whole=value))
                yield self._without_absence(piece)

    def _without_absence(self, aim: Aim) -> Aim:
        """A rep's target of a sum is for the working days on which the rep is there."""
        working, present = self.staff.days(aim.scope, aim.who, aim.team, aim.start, aim.end)
        if aim.scope != "rep" or not self.adds_up(aim) or not working:
            return aim
        return msgspec.structs.replace(aim, value=scaled(aim.whole, present / working, step(aim.kpi, aim.whole)))

    def _of_reps(self, team: Aim, own: Sequence[Aim]) -> Iterator[Aim]:
        """What a team's target leaves to the reps without one of their own, by the working days each is there.

        Targets that reps have of their own are taken off first, with the part that lies in this one's period.
        """
        taken = _NOTHING
        free: list[Aim] = []
        for rep in self.staff.roster(team.who):
            mine = [aim for aim in own if (aim.kpi, aim.who, aim.currency) == (team.kpi, rep, team.currency)]
            mine = sorted((aim for aim in mine if aim.start < team.end and team.start < aim.end), key=lambda a: a.start)
            taken += sum((self.within(aim, team) for aim in mine), _NOTHING)
            share = msgspec.structs.replace(team, scope="rep", who=rep, team=team.who, origin="derived")
            left = without((team.start, team.end), [(aim.start, aim.end) for aim in mine])
            free += [self._dated(msgspec.structs.replace(share, start=start, end=end)) for start, end in left]
        if not self.adds_up(team):
            yield from free
            return
        weights = [self._weight(aim, (aim.start, aim.end)) for aim in free]
        least = min(step(team.kpi, team.value), step(team.kpi, taken))
        for aim, value in zip(free, split(max(team.value - taken, _NOTHING), weights, least), strict=True):
            yield msgspec.structs.replace(aim, value=value, whole=value)

    def within(self, aim: Aim, period: Aim) -> Decimal:
        """How much of an aim lies in the period of another."""
        inside = max(aim.start, period.start), min(aim.end, period.end)
        spans = sorted([inside, *without((aim.start, aim.end), [inside])])
        return self._split(aim, aim.value, spans)[spans.index(inside)]

    def _split(self, aim: Aim, value: Decimal, spans: Sequence[Span]) -> list[Decimal]:
        if not self.adds_up(aim):
            return [value] * len(spans)
        return split(value, [self._weight(aim, span) for span in spans], step(aim.kpi, value))

    def _weight(self, aim: Aim, span: Span, present: bool = True) -> Fraction:
        working, there = self.staff.days(aim.scope, aim.who, aim.team, *span)
        return there if present else working

    def _dated(self, aim: Aim) -> Aim:
        working, present = self.staff.days(aim.scope, aim.who, aim.team, aim.start, aim.end)
        return msgspec.structs.replace(aim, working_days=float(working), present_days=float(present))

    def adds_up(self, aim: Aim) -> bool:
        """Whether it is a target of a count or a sum."""
        return is_additive(aim.kpi, self._sums)


def weeks(start: Millis, end: Millis, timezone: str) -> list[Span]:
    """``[start, end)`` cut where ISO weeks begin in a time zone."""
    wall = zone(timezone)
    first, last = wall.wall(start) // DAY, wall.wall(end) // DAY
    mondays = (wall.instant(day * DAY) for day in range(first, last + 1) if day % 7 == _MONDAY)
    return list(pairwise([start, *(monday for monday in mondays if start < monday < end), end]))
