"""Retention: which windows are still kept, by the clock and by nothing else. Those of ``all`` always are."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from schemas.events import Millis
from schemas.settings import Settings
from streams.windows import Range, cells_before, window_and_start, window_bounds

_STEP: Final[Millis] = 600_000


def step(clock: Millis) -> Millis:
    """The clock as retention reads it: it moves every ten minutes, and in between nothing expires."""
    return clock - clock % _STEP


class Kept(Struct, frozen=True):
    """What is kept at one instant: of each window size those from ``first`` on."""

    first: dict[str, Millis]

    def has(self, cell: bytes) -> bool:
        """Whether the cell's window is kept."""
        window, start = window_and_start(cell)
        return start >= self.first.get(window, 0)

    def expired(self) -> list[Range]:
        """The ranges of the cells that are kept no longer."""
        return [found for window, start in self.first.items() for found in cells_before(window, start)]


class Retention(Struct, frozen=True):
    """For how many milliseconds after their end windows are kept, by size; ``timezone`` is that of the days."""

    keep: dict[str, Millis]
    timezone: str

    @staticmethod
    def of(settings: Settings) -> Retention:
        """What ``settings`` state."""
        return Retention(settings.keep_windows, settings.timezone)

    def kept(self, clock: Millis) -> Kept:
        """The windows that ended less than their time ago."""
        ends = {window: max(0, step(clock) - keep) for window, keep in self.keep.items()}
        # A day of 1970 begins before it nearly everywhere: of windows there are none before.
        return Kept({window: max(0, window_bounds(window, end, self.timezone)[0]) for window, end in ends.items()})
