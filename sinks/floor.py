"""The floor as of now: rows that the board shows, of the partitions that a worker owns.

Rows come as the worker publishes them. Kept are those of now and of hours and days that are not over, of few KPIs: a
clock that was stopped in time counts in the window of its deadline, which may be to come.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from schemas.catalogue import GROUPINGS, by_name
from schemas.events import Millis
from schemas.instants import parse
from schemas.results import KpiRow

GROUPED: Final = ("all", "team", "team,temperature", "rep", "source")
"""The groupings that are shown."""
RUNNING: Final = ("1h", "1d")
"""The windows that are shown of KPIs that are not of now."""
SHOWN: Final = (
    *("open_leads", "oldest_open_lead", "sla_at_risk", "sla_breached"),
    *("lead_response_time", "leads_created", "follow_up_rate", "reply_rate", "response_within_sla"),
)
"""The KPIs that are shown."""

_HOUR: Final = 3_600_000
_KEPT: Final = frozenset(
    (kpi, grouping, window)
    for kpi in SHOWN
    for grouping in GROUPED
    for window in (("all",) if by_name[kpi].kind == "now" else RUNNING)
)

Place = tuple[str, str, str, tuple[str, ...]]
"""KPI, window and its start, and the values of the grouping's dimensions."""


class Floor:
    """The rows by partition; ``partitions`` is how many there are in all, 0 before any is owned."""

    def __init__(self) -> None:
        self.partitions = 0
        self._clocks: dict[int, Millis] = {}
        self._rows: dict[int, dict[str, dict[Place, KpiRow]]] = {}

    @property
    def owned(self) -> int:
        """How many partitions are ours."""
        return len(self._rows)

    @property
    def clock(self) -> Millis | None:
        """The event time that all rows are as of; None before every owned partition knows one."""
        return min(self._clocks.values()) if self._rows and len(self._clocks) == len(self._rows) else None

    def rows(self, grouping: str) -> list[KpiRow]:
        """The rows of a grouping that are of now, or whose window holds the clock."""
        found: list[KpiRow] = []
        for partition, rows in self._rows.items():
            clock = self._clock(partition)
            found += (row for row in rows[grouping].values() if _has_begun(row, clock) and _runs(row, clock))
        return found

    def open(self, partition: int, partitions: int) -> None:
        """Begin to own one of so many partitions."""
        self.partitions = partitions
        self._rows[partition] = {grouping: {} for grouping in GROUPED}

    def update(self, partition: int, row: KpiRow) -> None:
        """Take in a row as it is published; later ones of the same place take its own."""
        if (row.kpi, row.grouping, row.window) not in _KEPT:
            return
        values = tuple(row.dimensions[name] for name in GROUPINGS[row.grouping])
        place, rows = (row.kpi, row.window, row.start, values), self._rows[partition][row.grouping]
        if row.window == "all" and not row.count:
            # Nobody waits there any more: those places would only pile up.
            rows.pop(place, None)
        elif _runs(row, self._clock(partition)):
            rows[place] = row

    def advance(self, partition: int, watermark: Millis) -> None:
        """Let time pass: what was of a window that is over is dropped once an hour."""
        before, self._clocks[partition] = self._clock(partition), max(self._clock(partition), watermark)
        if watermark // _HOUR > before // _HOUR:
            for grouping, rows in self._rows[partition].items():
                self._rows[partition][grouping] = {place: row for place, row in rows.items() if _runs(row, watermark)}

    def drop(self, partition: int) -> None:
        """A partition is no longer ours."""
        self._rows.pop(partition, None)
        self._clocks.pop(partition, None)

    def _clock(self, partition: int) -> Millis:
        return self._clocks.get(partition, 0)


def _has_begun(row: KpiRow, clock: Millis) -> bool:
    return row.end is None or _instant(row.start) <= clock


def _runs(row: KpiRow, clock: Millis) -> bool:
    return row.end is None or _instant(row.end) > clock


@lru_cache(maxsize=1 << 10)
def _instant(text: str) -> Millis:
    return parse(text)[0]
