"""Stubs: what is left of a lead that was forgotten on request, the numbers that it has added and nothing of itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from schemas.catalogue import BASES
from schemas.events import Millis
from streams.bases import ITEMS
from streams.contributions import Contributed, contributions
from streams.dimensions import Dims
from streams.kinds import Measured
from streams.lead import Lead
from streams.rules import Rules
from streams.selection import Selection

_BASES: Final = tuple(BASES)

Stub = list[tuple[str, Millis, Dims, list[dict[str, int | str]]]]
"""Basis, minute, dimensions, and of each item what was measured by KPI: contributions under names that stay.

A number too large for 64 bits is stored as its digits.
"""


def stub(lead: Lead, rules: Rules) -> Stub:
    """What is left of a lead that is forgotten: the numbers that it adds, whatever is selected."""
    everything = Selection.everything()
    return [
        (_BASES[code], at, dims, [_by_name(_names(everything, code), one) for one in measured])
        for (code, at, dims), measured in contributions(lead, everything, rules).items()
    ]


def restored(left: Stub, selection: Selection) -> Contributed:
    """The contributions of a stub under a selection; a KPI that was not known when it was made has none."""
    found: Contributed = {}
    for basis, at, dims, items in left:
        code = _BASES.index(basis)
        if names := _names(selection, code):
            found[code, at, dims] = tuple(tuple(_number(item.get(name)) for name in names) for item in items)
    return found


@lru_cache(maxsize=64)
def _names(selection: Selection, code: int) -> list[str]:
    """The KPIs in the order in which an axis measures them."""
    measured = selection.measured(_BASES[code])
    return [kpi.name for kpi in measured if kpi.kind != "now"] if _BASES[code] in ITEMS else []


def _by_name(names: list[str], measured: Measured) -> dict[str, int | str]:
    return {name: _storable(value) for name, value in zip(names, measured, strict=True) if value is not None}


def _storable(value: int) -> int | str:
    return value if -(1 << 63) <= value < 1 << 63 else str(value)


def _number(stored: int | str | None) -> int | None:
    return None if stored is None else int(stored)
