"""Targets as gauges: what was published last of those that run, and how old it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from schemas.results import KpiRow
from schemas.targets import EVERYBODY

_LABELS: Final = ("kpi", "scope", "who", "window", "currency")
_NAMES: Final = {
    "target_attainment": ("sales_target_attainment_ratio", "Reached of a target that runs; 1 is all of it"),
    "target_pace": ("sales_target_pace_ratio", "Reached of what an even pace would have by now; above 1 is ahead"),
    "target_projected": (
        "sales_target_projected",
        "What the end will bring at this pace, in its KPI's unit",
    ),
}
_VALUE: Final = ("sales_target_value", "What is to be reached, less absence, in its KPI's unit")


class TargetGauges(Collector):
    """Gauges of rows; at most ``most`` series of a KPI, scope and window, the first by name."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: tuple[KpiRow, ...] = ()

    def show(self, rows: Iterable[KpiRow]) -> None:
        """Show these and no others."""
        by_series = sorted(rows, key=lambda row: (row.kpi, _labels(row)))
        kinds = groupby(by_series, key=lambda row: (row.kpi, row.dimensions["kpi"], row.grouping, row.window))
        self._rows = tuple(row for _, group in kinds for row in list(group)[: self._most])

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge per kind of row, and the targets themselves."""
        families = {kpi: GaugeMetricFamily(*name, labels=_LABELS) for kpi, name in _NAMES.items()}
        value = GaugeMetricFamily(*_VALUE, labels=_LABELS)
        for row in self._rows:
            if row.value is not None:
                families[row.kpi].add_metric(_labels(row), float(row.value))
            if row.kpi == "target_attainment" and row.denominator is not None:
                value.add_metric(_labels(row), float(row.denominator))
        yield from families.values()
        yield value


def _labels(row: KpiRow) -> list[str]:
    who = row.dimensions.get(row.grouping, EVERYBODY)
    return [row.dimensions["kpi"], row.grouping, who, row.window, row.dimensions.get("currency", "")]
