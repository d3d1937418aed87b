"""Time zones: instants to what the clock on the wall shows there, and back, exact where it is put forward or back."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from schemas.events import Millis

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2109
"""The years in which zones and calendars are exact."""

# Since 1999 no zone has changed its offset twice, nor has a rule for it, within 6.9 days.
_STEP: Final = 3 * 86_400


class Zone:
    """A zone's offsets from 1999 until 2110.

    ``wall`` times are milliseconds, too: what the clock on the wall would read as an instant if it stood in Greenwich.
    """

    def __init__(self, name: str) -> None:
        self._starts = array("q")
        self._offsets = array("q")
        self._walls = array("q")
        for start, offset in _changes(ZoneInfo(name)):
            # While the clock repeats an hour, the wall counts as standing still at the end of that hour.
            self._walls.append(start + max(offset, self._offsets[-1] if self._offsets else offset))
            self._starts.append(start)
            self._offsets.append(offset)

    def wall(self, at: Millis) -> Millis:
        """The furthest that the wall clock has come by ``at``: it never goes back, but waits in a repeated hour."""
        i = max(bisect_right(self._starts, at) - 1, 0)
        return max(at + self._offsets[i], self._walls[i])

    def instant(self, wall: Millis) -> Millis:
        """The first instant at which the wall clock reads ``wall``; where it leaps over it, the instant of the leap."""
        i = max(bisect_right(self._walls, wall) - 1, 0)
        at = wall - self._offsets[i]
        return min(at, self._starts[i + 1]) if i + 1 < len(self._starts) else at

    def stretches(self, start: Millis, end: Millis) -> Iterator[tuple[Millis, Millis, Millis]]:
        """``[start, end)`` cut where the offset changes: start, end, offset of each piece."""
        i = max(bisect_right(self._starts, start) - 1, 0)
        while start < end:
            until = min(end, self._starts[i + 1]) if i + 1 < len(self._starts) else end
            yield start, until, self._offsets[i]
            start, i = until, i + 1


@lru_cache(maxsize=1024)
def zone(name: str) -> Zone:
    """The zone of an IANA name; ``KeyError``, ``ValueError`` or ``OSError`` where there is none."""
    return Zone(name)


def _changes(info: ZoneInfo) -> Iterator[tuple[Millis, Millis]]:
    """Instant and new offset of every change, beginning with the first instant of all."""
    at = int(datetime(FIRST_YEAR - 1, 12, 1, tzinfo=UTC).timestamp())
    end = int(datetime(LAST_YEAR + 1, 2, 1, tzinfo=UTC).timestamp())
    offset = _offset(info, at)
    yield at * 1000, offset
    for later in range(at + _STEP, end, _STEP):
        if _offset(info, later) != offset:
            changed = _first_second(info, later - _STEP, later, offset)
            offset = _offset(info, later)
            yield changed * 1000, offset


def _first_second(info: ZoneInfo, before: int, after: int, offset: Millis) -> int:
    """The second after ``before``, at most ``after``, from which on the offset is no longer ``offset``."""
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(info, middle) == offset else (before, middle)
    return after


def _offset(info: ZoneInfo, second: int) -> Millis:
    ahead = datetime.fromtimestamp(second, info).utcoffset()
    assert ahead is not None
    return int(ahead.total_seconds()) * 1000
