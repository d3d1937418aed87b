"""Shifts: at which hours of the wall clock a calendar is open, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from schemas.events import Millis
from schemas.policy import Hours
from schemas.policy_values import DAY, HolidaysOf, Shift

_EPOCH: Final = date(1970, 1, 1).toordinal()


def week_of(hours: Hours) -> list[tuple[Shift, ...]]:
    """The shifts of each weekday, Monday first, with the breaks cut out."""
    week: list[tuple[Shift, ...]] = [()] * 7
    for days, shifts in hours.hours.items():
        for day in days:
            week[day] = shifts
    for days, breaks in hours.breaks.items():
        for day in days:
            week[day] = tuple(piece for shift in week[day] for piece in _without(shift, breaks))
    return week


def shifts_between(hours: Hours, first: int, last: int) -> list[tuple[int, Millis, Millis]]:
    """Day, start and end on the wall clock of every shift that begins on the days ``first`` to ``last``.

    They follow each other without overlapping: what two share belongs to the one that begins first. Nor does a
    day come again after the next has begun, in the break of a night shift.
    """
    week = week_of(hours)
    shifts = sorted(
        (day * DAY + shift.start, day * DAY + shift.end, day)
        for day in range(first, last + 1)
        for shift in _shifts_on(hours, week, date.fromordinal(day + _EPOCH))
    )
    found: list[tuple[int, Millis, Millis]] = []
    until, latest = first * DAY, first
    for start, end, day in shifts:
        if end > until:
            latest = max(day, latest)
            found.append((latest, max(start, until), end))
            until = end
    return found


def is_holiday(hours: Hours, day: date) -> bool:
    """Whether it is a public holiday of one of the calendar's countries."""
    return any(day in _holidays(of, day.year) for of in hours.holidays)


def _shifts_on(hours: Hours, week: list[tuple[Shift, ...]], day: date) -> tuple[Shift, ...]:
    text = day.isoformat()
    own = hours.dates.get(text)
    if own is not None:
        return own
    usual = week[day.weekday()]
    if not usual or is_holiday(hours, day):
        return ()
    return hours.dates.get(text[5:], usual)


@lru_cache(maxsize=1 << 12)
def _holidays(of: HolidaysOf, year: int) -> frozenset[date]:
    # Takes longer to import than everything else here, and only those who work by holidays need it.
    from holidays import country_holidays

    return frozenset(country_holidays(of.country, subdiv=of.subdivision, years=year))


def _without(shift: Shift, breaks: tuple[Shift, ...]) -> Iterator[Shift]:
    """What the breaks leave of a shift; where it lasts past midnight, those of the small hours are cut out there."""
    pieces = [shift]
    for rest in breaks:
        for start, end in (rest, (rest.start + DAY, rest.end + DAY)):
            cut = [
                (Shift(piece.start, min(piece.end, start)), Shift(max(piece.start, end), piece.end)) for piece in pieces
            ]
            pieces = [piece for both in cut for piece in both if piece.start < piece.end]
    yield from pieces
