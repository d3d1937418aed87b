"""Contributions: what a lead adds to the windows it falls in, a pure function of the lead."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from schemas.catalogue import BASES
from schemas.events import TOPIC_OF, Millis
from streams.accumulators import Vector, difference, total
from streams.bases import ITEMS, Items
from streams.dimensions import Dims
from streams.kinds import Measured, Vectors
from streams.lead import Lead
from streams.rules import Rules
from streams.selection import Measure, Selection, plan

MINUTE = 60_000

Key = tuple[int, Millis, Dims]
"""Position in ``BASES``, event time down to the minute, dimensions."""

Contributed = dict[Key, tuple[Measured, ...]]
"""What was measured of the items under each key."""

Change = tuple[Key, Vector]

Axes = frozenset[int]
"""Positions in ``BASES``."""

EVERY_AXIS: Final[Axes] = frozenset(range(len(BASES)))
NO_AXIS: Final[Axes] = frozenset()


def _axes(*names: str) -> Axes:
    return frozenset(map(tuple(BASES).index, names))


_SENT: Final = _axes("sent")
STANDING: Final = _axes("now_by_currency", "now_by_stage")
PLANNED: Final = _axes("due")
_OF_DEALS: Final = _axes("opened", "ended_by_reason", "closed_by_currency", "left_by_stage") | STANDING
_BY_CALLS: Final = EVERY_AXIS - (_OF_DEALS - _axes("left_by_stage")) - PLANNED - _axes("qualified_by_stage")
NOW: Final = tuple(BASES).index("now")
_AFFECTED: Final[dict[str, Axes]] = {
    **dict.fromkeys(("email.delivered", "email.opened", "email.clicked"), _SENT),
    **dict.fromkeys(("email.sent", "email.replied", "email.bounced"), _BY_CALLS - _axes("called")),
    **dict.fromkeys(("deal.opened", "deal.stage_changed"), _SENT | _OF_DEALS),
    **dict.fromkeys(("deal.won", "deal.lost"), _OF_DEALS),
    "call.completed": _BY_CALLS,
    "lead.stage_changed": _axes("now", "qualified_by_stage"),
    **dict.fromkeys(("call.scheduled", "call.missed"), PLANNED),
    **dict.fromkeys(("deal.renewed", "deal.expanded", "deal.churned"), NO_AXIS),
}


def affected(selection: Selection) -> dict[str, Axes]:
    """By event type, the axes to which a lead may add something else once such an event joins its timeline."""
    every = selected(selection)
    return {kind: every & _AFFECTED.get(kind, every) for kind in TOPIC_OF}


def selected(selection: Selection) -> Axes:
    """The axes that the selected KPIs are counted on."""
    return frozenset(code for code, axis in enumerate(BASES) if selection.measured(axis))


class _Step:
    """One axis: its position in ``BASES``, what a lead offers to it, how that is measured and added."""

    def __init__(self, code: int, items: Items, measures: list[Measure], vectors: Vectors) -> None:
        self.code = code
        self.items = items
        self.measures = measures
        self.vectors = vectors

    def vector(self, measured: tuple[Measured, ...]) -> Vector:
        """What the items under one key add; it may be shared and must not be changed."""
        of = self.vectors.of
        return of(measured[0]) if len(measured) == 1 else total([of(one) for one in measured])


@lru_cache(maxsize=8)
def _steps(selection: Selection) -> dict[int, _Step]:
    steps = [_Step(code, ITEMS[name], *plan(selection, name)) for code, name in enumerate(BASES) if name in ITEMS]
    return {step.code: step for step in steps if step.measures}


def contributions(
    lead: Lead, selection: Selection, rules: Rules, known: Contributed | None = None, axes: Axes = EVERY_AXIS
) -> Contributed:
    """What is measured of a lead, by basis, minute and dimensions; nothing once it is merged into another.

    ``known`` is what was measured before events came that affect no axes but ``axes``.
    """
    if lead.merged_into is not None:
        return {}
    found: Contributed = {}
    if known:
        for key, was in known.items():
            if key[0] not in axes:
                found[key] = was
    for code, step in _steps(selection).items():
        if code in axes:
            measures = step.measures
            for at, dims, item in step.items(lead, rules):
                measured = (tuple([measure(item, rules) for measure in measures]),)
                key = (code, at - at % MINUTE, dims)
                before = found.get(key)
                found[key] = measured if before is None else before + measured
    return found


def changes(old: Contributed, new: Contributed, selection: Selection) -> list[Change]:
    """What has to be added to accumulators, by key, so that they hold ``new`` in place of ``old``.

    The vectors are shared and must not be changed.
    """
    steps = _steps(selection)
    changed: list[Change] = []
    for key, measured in new.items():
        was = old.get(key)
        if was is None:
            delta = steps[key[0]].vector(measured)
        elif was == measured:
            continue
        else:
            step = steps[key[0]]
            delta = difference(step.vector(measured), step.vector(was))
        if delta:
            changed.append((key, delta))
    for key, was in old.items():
        if key not in new and (delta := difference({}, steps[key[0]].vector(was))):
            changed.append((key, delta))
    return changed
