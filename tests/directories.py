"""Rep directories for tests: as they are written, without a fault."""

from __future__ import annotations

from schemas.directory import Reps, read
from streams.directory_faults import faults


def directory(text: str) -> Reps:
    """What a text without faults says."""
    reps, of_form = read(text)
    assert [*of_form, *faults(reps)] == []
    return reps


def told(text: str) -> list[str]:
    """Every fault of a text, as ``key: message``."""
    reps, of_form = read(text)
    return [str(fault) for fault in of_form or faults(reps)]
