"""Contributions: what a lead adds to the windows it falls in, a pure function of the lead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

from schemas.catalogue import BASES
from schemas.events import TOPIC_OF, Millis
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


Axes = frozenset[int]
"""Positions in ``BASES``."""

EVERY_AXIS: Final[Axes] = frozenset(range(len(BASES)))
NO_AXIS: Final[Axes] = frozenset()
_SENT: Final[Axes] = frozenset({tuple(BASES).index("sent")})
NOW: Final = tuple(BASES).index("now")
_AFFECTED: Final[dict[str, Axes]] = {
    **dict.fromkeys(("email.delivered", "email.opened", "email.clicked", "deal.opened", "deal.stage_changed"), _SENT),
    "lead.stage_changed": frozenset({NOW}),
    **dict.fromkeys(("call.scheduled", "call.missed"), NO_AXIS),
    **dict.fromkeys(("deal.won", "deal.lost", "deal.renewed", "deal.expanded", "deal.churned"), NO_AXIS),
}


def affected(selection: Selection) -> dict[str, Axes]:
    """By event type, the axes to which a lead may add something else once such an event joins its timeline."""
    every = selected(selection)
    return {kind: every & _AFFECTED.get(kind, every) for kind in TOPIC_OF}


def selected(selection: Selection) -> Axes:
    """The axes that the selected KPIs are counted on."""
    return frozenset(code for code, axis in enumerate(BASES) if selection.measured(axis))


@lru_cache(maxsize=8)
def _steps(selection: Selection) -> list[_Step]:
    steps = [(code, ITEMS[name], *plan(selection, name)) for code, name in enumerate(BASES) if name in ITEMS]
    return [step for step in steps if step[2]]


def contributions(
    lead: Lead, selection: Selection, rules: Rules, known: Mapping[Key, Vector] | None = None, axes: Axes = EVERY_AXIS
) -> dict[Key, Vector]:
    """What a lead adds, by basis, minute and dimensions; nothing once it is merged into another.

    ``known`` is what it added before events came that affect no axes but ``axes``. The vectors are
    shared and must not be changed.
    """
    added = {key: vector for key, vector in (known or {}).items() if key[0] not in axes}
    if lead.merged_into is not None:
        return {}
    for code, items, measures, vector_of in _steps(selection):
        if code not in axes:
            continue
        for at, dims, item in items(lead):
            vector = vector_of(tuple([measure(item, rules) for measure in measures]))
            key = (code, at - at % MINUTE, dims)
            if key in added:
                added[key] = total((added[key], vector))
            elif vector:
                added[key] = vector
    return added


def changes(old: dict[Key, Vector], new: dict[Key, Vector]) -> list[tuple[Key, Vector]]:
    """``new - old`` for each key that differs; the vectors may be those of ``new`` and must not be changed."""
    changed = []
    for key, vector in new.items():
        was = old.get(key)
        if was is None:
            changed.append((key, vector))
        elif was is not vector and was != vector:
            changed.append((key, difference(vector, was)))
    changed += [(key, difference({}, vector)) for key, vector in old.items() if key not in new]
    return changed
