"""Contributions: what a lead adds to the windows it falls in, a pure function of the lead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from schemas.catalogue import BASES
from schemas.events import Millis
from streams.accumulators import Vector, difference, total
from streams.bases import ITEMS, Counted, Dims
from streams.kinds import Measured
from streams.lead import Lead
from streams.rules import Rules
from streams.selection import Measure, Selection, plan

MINUTE = 60_000

Key = tuple[int, Millis, Dims]
"""Position in ``BASES``, event time down to the minute, dimensions."""

_Step = tuple[int, Callable[[Lead], Iterable[Counted]], list[Measure], Callable[[Measured], Vector]]


@lru_cache(maxsize=8)
def _steps(selection: Selection) -> list[_Step]:
    steps = [(code, ITEMS[name], *plan(selection, name)) for code, name in enumerate(BASES) if name in ITEMS]
    return [step for step in steps if step[2]]


def contributions(lead: Lead, selection: Selection, rules: Rules) -> dict[Key, Vector]:
    """What a lead adds, by basis, minute and dimensions; nothing once it is merged into another.

    The vectors are shared and must not be changed.
    """
    added: dict[Key, Vector] = {}
    if lead.merged_into is not None:
        return added
    for code, items, measures, vector_of in _steps(selection):
        for at, dims, item in items(lead):
            vector = vector_of(tuple([measure(item, rules) for measure in measures]))
            key = (code, at - at % MINUTE, dims)
            if key in added:
                added[key] = total((added[key], vector))
            elif vector:
                added[key] = vector
    return added


def changes(old: dict[Key, Vector], new: dict[Key, Vector]) -> list[tuple[Key, Vector]]:
    """``new - old`` for each key that differs."""
    changed = [(key, difference(vector, old.get(key, {}))) for key, vector in new.items() if old.get(key) != vector]
    changed += [(key, difference({}, vector)) for key, vector in old.items() if key not in new]
    return changed
