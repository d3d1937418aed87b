"""Business time: how much of it lies between two instants, and when a length of it has passed.

A calendar is open at an instant if the clock on its wall then reads a time within its hours. An hour that the wall
clock leaps over is therefore no business time, and one that it repeats counts twice.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import accumulate
from typing import Final, NamedTuple

from schemas.events import Millis
from schemas.policy import Hours
from schemas.policy_values import DAY
from streams.shifts import shifts_between
from streams.zones import FIRST_YEAR, LAST_YEAR, zone

Pause = tuple[Millis, Millis]
"""``[start, end)``, while which a clock stands still; ``end`` is NEVER where it has not ended."""

NEVER: Final[Millis] = 253_402_300_800_000
"""The year 10000: the deadline of a clock that stands still."""

_ALWAYS: Final[Millis] = 1 << 60
_BEYOND: Final = LAST_YEAR + 1
_YEAR: Final[Millis] = 365 * DAY


class _Opening(NamedTuple):
    """``[start, end)`` of business time, and the day on which its shift began."""

    start: Millis
    end: Millis
    day: int


class Calendar:
    """The business time of some opening hours, in their own time zone or another.

    Exact from 2000 until 2109; before and after it is open at all times, so that no arithmetic ever fails. Years are
    worked out when they are first asked for, and kept.
    """

    def __init__(self, hours: Hours, timezone: str | None = None) -> None:
        self.timezone = timezone or hours.timezone
        self._hours = hours
        self._zone = zone(self.timezone)
        self._years = range(0)
        self._starts = array("q")
        self._ends = array("q")
        self._days = array("q")
        self._business_days = array("q")
        # Business time before each opening, counted from the beginning of the year that was asked for first.
        self._before = array("q")
        self._before_all: Millis = 0
        self._total: Millis = 0

    def between(self, start: Millis, end: Millis, pauses: Iterable[Pause] = ()) -> Millis:
        """Business time between two instants, pauses (in order of their start) left out; 0 unless start < end."""
        return sum(self._elapsed(until) - self._elapsed(at) for at, until in _running(start, end, pauses))

    def add(self, start: Millis, duration: Millis, pauses: Iterable[Pause] = ()) -> Millis:
        """The earliest instant, ``start`` or later, by which ``duration`` of business time has passed.

        It is ``start`` itself for 0, the moment of closing where the time is up just then, NEVER in an endless pause.
        """
        if duration <= 0:
            return start
        for at, until in _running(start, NEVER, pauses):
            passed = self._elapsed(until) - self._elapsed(at) if until < NEVER else duration
            if duration <= passed:
                return self._after(at, duration)
            duration -= passed
        return NEVER

    def days(self, start: Millis, count: int) -> Millis:
        """Business time from ``start`` to the same time of day ``count`` business days later.

        A business day is one on which a shift begins. Outside hours the count begins at the next opening.
        """
        self._cover(start)
        here = self._next(start)
        if self._starts[here] in (_begin(FIRST_YEAR - 1), _begin(_BEYOND)):
            return count * DAY
        day = self._days[here]
        end = self._later(max(start, self._starts[here]), day, count)
        # After midnight a shift is in hours that may be those of the next business day as well: who starts later
        # must not be due earlier.
        tomorrow = self._business_day(day, 1)
        opening = self._starts[bisect_left(self._days, tomorrow)]
        return self.between(start, min(end, self._later(opening, tomorrow, count)))

    def before(self, at: Millis, duration: Millis) -> Millis:
        """The latest instant from which on ``duration``, more than 0, of business time has passed until ``at``."""
        wanted = self._elapsed(at) - duration
        while self._before_all > wanted:
            self._prepend()
        i = bisect_right(self._before, wanted) - 1
        return self._starts[i] + wanted - self._before[i]

    def days_before(self, at: Millis, count: int) -> Millis:
        """The same time of day ``count`` business days earlier; outside hours, that of the last closing."""
        if at < _begin(FIRST_YEAR + 1):
            return at - count * DAY
        self._cover(at)
        while (i := bisect_right(self._starts, at) - 1) < 0:
            self._prepend()
        last, day = min(at, self._ends[i]), self._days[i]
        while (n := bisect_left(self._business_days, day) - count) < 0:
            self._prepend()
        return self._zone.instant(self._zone.wall(last) + (self._business_days[n] - day) * DAY)

    def by_day(self, start: Millis, end: Millis, pauses: Iterable[Pause] = ()) -> dict[int, Millis]:
        """What ``between`` adds up, by the day (since 1970) on which the shift began; no day of nothing."""
        found: dict[int, Millis] = {}
        for at, until in _running(start, end, pauses):
            for opening in self._openings(at, until):
                found[opening.day] = found.get(opening.day, 0) + opening.end - opening.start
        return found

    def openings(self, start: Millis, end: Millis, pauses: Iterable[Pause] = ()) -> list[tuple[Millis, Millis]]:
        """What ``between`` adds up, line by line: from when until when it was open and the clock not paused."""
        lines: list[tuple[Millis, Millis]] = []
        for at, until in _running(start, end, pauses):
            for opens, closes, _ in self._openings(at, until):
                if lines and lines[-1][1] == opens:
                    opens = lines.pop()[0]
                lines.append((opens, closes))
        return lines

    def _openings(self, start: Millis, end: Millis) -> Iterator[_Opening]:
        self._cover(start)
        self._cover(end)
        for i in range(self._next(start), len(self._starts)):
            if self._starts[i] >= end:
                break
            yield _Opening(max(start, self._starts[i]), min(end, self._ends[i]), self._days[i])

    def _elapsed(self, at: Millis) -> Millis:
        self._cover(at)
        i = bisect_right(self._starts, at) - 1
        return self._before[i] + min(at, self._ends[i]) - self._starts[i] if i >= 0 else self._before_all

    def _after(self, at: Millis, duration: Millis) -> Millis:
        wanted = self._elapsed(at) + duration
        while self._total < wanted:
            self._append()
        i = bisect_left(self._before, wanted) - 1
        return self._starts[i] + wanted - self._before[i]

    def _next(self, at: Millis) -> int:
        """The position of the opening that holds ``at``, or else follows it."""
        while (i := bisect_right(self._ends, at)) == len(self._ends):
            self._append()
        return i

    def _later(self, at: Millis, day: int, count: int) -> Millis:
        """The time of day of ``at``, which is business time of ``day``, ``count`` business days later."""
        return self._zone.instant(self._zone.wall(at) + (self._business_day(day, count) - day) * DAY)

    def _business_day(self, day: int, count: int) -> int:
        """The ``count``-th business day after ``day``, which is one, too."""
        while (i := bisect_left(self._business_days, day) + count) >= len(self._business_days):
            if self._years.stop > _BEYOND:
                # Open at all times: every day is one.
                return self._business_days[-1] + i - len(self._business_days) + 1
            self._append()
        return self._business_days[i]

    def _cover(self, at: Millis) -> None:
        if not self._years:
            year = min(max(1970 + at // _YEAR, FIRST_YEAR), LAST_YEAR)
            self._years = range(year, year)
        while at < _begin(self._years.start):
            self._prepend()
        while at >= _begin(self._years.stop):
            self._append()

    def _append(self) -> None:
        year = self._years.stop
        self._years = range(self._years.start, year + 1)
        for start, end, day in self._year(year):
            self._starts.append(start)
            self._ends.append(end)
            self._days.append(day)
            self._before.append(self._total)
            self._total += end - start
            if not self._business_days or self._business_days[-1] != day:
                self._business_days.append(day)

    def _prepend(self) -> None:
        year = self._years.start - 1
        self._years = range(year, self._years.stop)
        openings = self._year(year)
        lengths = [opening.end - opening.start for opening in openings]
        self._before_all -= sum(lengths)
        self._starts = array("q", [opening.start for opening in openings]) + self._starts
        self._ends = array("q", [opening.end for opening in openings]) + self._ends
        self._days = array("q", [opening.day for opening in openings]) + self._days
        self._before = array("q", accumulate(lengths[:-1], initial=self._before_all) if lengths else ()) + self._before
        self._business_days = array("q", sorted({*(opening.day for opening in openings), *self._business_days}))

    def _year(self, year: int) -> list[_Opening]:
        """The openings of a year of Greenwich, in order; before the first year and after the last a single one."""
        start, end = _begin(year), _begin(year + 1)
        if not FIRST_YEAR <= year <= LAST_YEAR:
            return [_Opening(start, end, max(start, _begin(FIRST_YEAR) - 1) // DAY)]
        # In the west the year begins on the day before, on which a shift of the one before that may last; in the east
        # it ends on the day after.
        shifts = shifts_between(self._hours, start // DAY - 2, end // DAY)
        found: list[_Opening] = []
        for at, until, offset in self._zone.stretches(start, end):
            for day, opens, closes in shifts:
                opening, closing = max(opens - offset, at), min(closes - offset, until)
                if opening < closing:
                    # Where midnight is repeated, the day does not begin a second time.
                    found.append(_Opening(opening, closing, max(day, found[-1].day) if found else day))
        return found


@cache
def _begin(year: int) -> Millis:
    if year < FIRST_YEAR:
        return -_ALWAYS
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000 if year <= _BEYOND else _ALWAYS


def _running(start: Millis, end: Millis, pauses: Iterable[Pause]) -> Iterator[tuple[Millis, Millis]]:
    """The parts of ``[start, end)`` in which no pause lies; pauses may overlap."""
    for pause, resume in pauses:
        if start < min(pause, end):
            yield start, min(pause, end)
        start = max(start, resume)
    if start < end:
        yield start, end
