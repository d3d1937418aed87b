"""Faults of calendars that are well-formed: holidays that nobody knows, shifts that overlap, hours that never come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from schemas.policy import ROUND_THE_CLOCK, Hours
from schemas.policy_values import DAY, Shift
from schemas.toml_tables import Fault
from streams.shifts import week_of

_WEEK: Final = 7 * DAY


def calendar_faults(name: str, hours: Hours) -> Iterator[Fault]:
    """Every fault of one calendar."""
    key = f"calendars.{name}"
    if name == ROUND_THE_CLOCK:
        yield Fault(key, "expected another name: this one is the calendar that is always open")
    for number, of in enumerate(hours.holidays, start=1):
        yield from _of_holidays(f"{key}.holidays[{number}]", of.country, of.subdivision)
    week: list[Sequence[Shift]] = [()] * 7
    for days, shifts in hours.hours.items():
        for day in days:
            week[day] = shifts
    overlapping = _first_overlap(week)
    if overlapping:
        yield Fault(f"{key}.hours", f"expected shifts that do not overlap, {overlapping}")
    for days, breaks in hours.breaks.items():
        for rest in breaks:
            if not any(_meets(rest, shift) for day in days for shift in week[day]):
                yield Fault(f"{key}.breaks", f"expected a break within the hours of its days, not {_clock_times(rest)}")
    if not any(week_of(hours)) and not any(hours.dates.values()):
        yield Fault(f"{key}.hours", "expected hours: a calendar that never opens lets no target fall due")


def _of_holidays(key: str, country: str, subdivision: str | None) -> Iterator[Fault]:
    from holidays import list_supported_countries

    countries = list_supported_countries()
    if country not in countries:
        yield Fault(key, f"expected a country whose holidays are known, such as US or DE, not {country!r}")
    elif subdivision is not None and subdivision not in countries[country]:
        parts = ", ".join(countries[country]) or "none"
        yield Fault(key, f"expected a part of {country} ({parts}), not {subdivision!r}")


def _first_overlap(week: list[Sequence[Shift]]) -> str:
    shifts = sorted((day * DAY + start, day * DAY + end) for day, of in enumerate(week) for start, end in of)
    following = [*shifts[1:], *((start + _WEEK, end + _WEEK) for start, end in shifts[:1])]
    for one, other in zip(shifts, following, strict=True):
        if other[0] < one[1]:
            return f"not {_clock_times(Shift(*one))} and then {_clock_times(Shift(*other))}"
    return ""


def _meets(rest: Shift, shift: Shift) -> bool:
    return any(rest.start + more < shift.end and shift.start < rest.end + more for more in (0, DAY))


def _clock_times(shift: Shift) -> str:
    return "-".join(f"{time // 3_600_000 % 24:02}:{time // 60_000 % 60:02}" for time in shift)
