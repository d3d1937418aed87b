"""Instants as the clock on somebody's wall shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.events import Millis
from streams.calendars import NEVER


class Wall(NamedTuple):
    """A wall in a time zone."""

    zone: str

    def __call__(self, at: Millis) -> str:
        """``Mon 2026-03-02 09:14``, with seconds where there are any; ``never`` of a clock that stands still."""
        return self._at(at, "%a %Y-%m-%d %H:%M" if at % 60_000 == 0 else "%a %Y-%m-%d %H:%M:%S")

    def hour(self, at: Millis) -> str:
        """``09:14``, with its seconds where there are any."""
        return self(at)[15:]

    def _at(self, at: Millis, form: str) -> str:
        if at >= NEVER:
            return "never"
        return datetime.fromtimestamp(at // 1000, UTC).astimezone(ZoneInfo(self.zone)).strftime(form)
