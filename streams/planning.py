"""What is planned: when a call, demo or meeting that was scheduled is due."""

from __future__ import annotations

from typing import Any, Final

from schemas.event import Event
from schemas.events import Millis
from schemas.instants import parse

_EARLIEST: Final = 946_684_800_000
_LATEST: Final = 4_102_444_800_000
"""From 2000 to 2100: what is due at any other time was never meant to be."""


def due_at(scheduled: Event) -> Millis:
    """When it is due; where no date of this century is stated, when it was scheduled."""
    data: Any = scheduled.data
    try:
        due = parse(data.due_at.upper())[0] if data.due_at else scheduled.time
    except (KeyError, ValueError):
        return scheduled.time
    return due if _EARLIEST <= due < _LATEST else scheduled.time
