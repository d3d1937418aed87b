"""Selection: which KPIs, groupings and windows are computed, and the name of what their numbers mean."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schemas import classification
from schemas.catalogue import BASES, CATALOGUE, FINE, GROUPINGS, WINDOWS, Kpi, by_name
from schemas.settings import Settings
from streams.kinds import Vectors
from streams.rules import Rules

_FORMAT: Final = 7
"""Raised when slots or meanings change without the catalogue or the rules changing."""

Measure = Callable[[Any, Rules], int | None]


class Selection(Struct, frozen=True):
    """What is computed: names in the order of the catalogue."""

    kpis: tuple[str, ...]
    groupings: tuple[str, ...]
    windows: tuple[str, ...]

    @staticmethod
    def of(settings: Settings) -> Selection:
        """What ``settings`` select, everything where they are empty; ``ValueError`` on a name that is not known."""
        return Selection(
            _chosen("kpis", settings.kpis.split(","), tuple(by_name)),
            _chosen("groupings", settings.groupings.split(";"), tuple(GROUPINGS)),
            _chosen("windows", settings.windows.split(","), WINDOWS),
        )

    @staticmethod
    def everything() -> Selection:
        """All that the catalogue declares."""
        return Selection(tuple(by_name), tuple(GROUPINGS), WINDOWS)

    def shown(self, axis: str, grouping: str) -> list[Kpi]:
        """The KPIs of an axis that are shown by a grouping."""
        return [kpi for kpi in CATALOGUE if kpi.name in self.kpis and kpi.is_shown(axis, grouping)]

    def measured(self, axis: str) -> tuple[Kpi, ...]:
        """The KPIs of an axis that must be measured: those shown, and the tallies that they are divided by."""
        return _measured(self, axis)

    def windows_of(self, grouping: str) -> list[str]:
        """The windows that a grouping has: 1m and 5m only a few do."""
        return [window for window in self.windows if window not in ("1m", "5m") or window in FINE.get(grouping, ())]


# Asked for each lead.
@lru_cache(maxsize=256)
def _measured(selection: Selection, axis: str) -> tuple[Kpi, ...]:
    shown = {kpi.name: kpi for grouping in selection.groupings for kpi in selection.shown(axis, grouping)}
    tallies = {kpi.over for kpi in shown.values() if kpi.over is not None}
    return tuple(kpi for kpi in CATALOGUE if kpi.name in shown or kpi.name in tallies)


def _chosen(what: str, asked: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    names = {name.strip() for name in asked} - {""}
    unknown = sorted(names - set(known))
    if unknown:
        raise ValueError(f"{what}: {', '.join(unknown)} not known, expected some of {', '.join(known)}")
    return tuple(name for name in known if name in names or not names)


def measure(kpi: Kpi) -> Measure:
    """The function that bears the KPI's name, in the module that bears its family's."""
    module = import_module(f"streams.{kpi.family.replace('-', '_')}")
    function: Measure = getattr(module, kpi.name)
    return function


def plan(selection: Selection, axis: str) -> tuple[list[Measure], Vectors]:
    """How to measure each item of an axis, and what its measurements add."""
    kpis = [kpi for kpi in selection.measured(axis) if kpi.kind != "now"]
    return [measure(kpi) for kpi in kpis], Vectors(kpis)


def definition(selection: Selection, rules: Rules) -> str:
    """A short name of all that slots and numbers depend on: it changes whenever they would, and with no wording."""
    catalogue = [replace(kpi, definition="", formula="", source="", used="") for kpi in CATALOGUE]
    meaning = (_FORMAT, classification.VERSION, catalogue, BASES, GROUPINGS, WINDOWS, selection, rules)
    return sha256(msgspec.json.encode(meaning, order="deterministic")).hexdigest()[:16]
