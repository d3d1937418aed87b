"""Attainment as gauges: how many clocks of a policy and team fell due in trailing windows, and were not met.

The windows are sums of the 5-minute rows that the worker publishes, cut at the scrape. They are of business time:
where they begin is asked of whoever knows the calendars. The five minutes in progress are in all of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from prometheus_client.core import GaugeMetricFamily, Metric

from schemas.catalogue import TRAILING
from schemas.events import Millis
from schemas.instants import parse
from schemas.results import KpiRow
from sinks.folding import OTHER, folded

ALL: Final = "all"

Starts = Callable[[str, str | None, Millis], Sequence[Millis]]
"""Policy, team (None for all of them) and instant → when each of the windows began that last until then."""

Series = tuple[str, str]
"""Policy and team."""


class Due(NamedTuple):
    """Clocks with their deadline in a window: how many, and how many of them were not met."""

    due: int = 0
    breached: int = 0

    def __add__(self, other: object) -> Due:
        return Due(self.due + other.due, self.breached + other.breached) if isinstance(other, Due) else NotImplemented


class SlaGauges:
    """The gauges of the rows by policy, and by policy and team, that a worker owns."""

    def __init__(self, starts: Starts, most_teams: int) -> None:
        self._starts = starts
        self._most_teams = most_teams
        self._owned: dict[int, dict[Series, dict[Millis, Due]]] = defaultdict(dict)

    def see(self, partition: int, policy: str, team: str = ALL) -> None:
        """Show a policy and team, with zeros where nothing has fallen due."""
        self._owned[partition].setdefault((policy, team), {})

    def update(self, partition: int, row: KpiRow) -> None:
        """Take in a row; those that are not by policy, or not of five minutes, only show that their series is there."""
        policy = row.dimensions.get("policy")
        if policy is None:
            return
        team = row.dimensions.get("team", ALL)
        self.see(partition, policy, team)
        if row.kpi == "response_within_sla" and row.window == "5m":
            due = Due(row.count, row.count - int(row.numerator or 0))
            self._owned[partition][policy, team][parse(row.start)[0]] = due

    def drop(self, partition: int) -> None:
        """Forget a partition: its series are gone from the next scrape."""
        self._owned.pop(partition, None)

    def collect(self, clock: Millis) -> Iterable[Metric]:
        """The families as of ``clock``."""
        labels = ["policy", "team", "window"]
        due = GaugeMetricFamily(
            "sales_sla_due", "Clocks with their deadline in a window of business time", labels=labels
        )
        breached = GaugeMetricFamily("sales_sla_breached", "Those of them that were not met", labels=labels)
        for (policy, team), counts in sorted(self._counted(clock).items()):
            for window, count in zip(TRAILING, counts, strict=True):
                due.add_metric([policy, team, window], count.due)
                breached.add_metric([policy, team, window], count.breached)
        yield from (due, breached)

    def _counted(self, clock: Millis) -> dict[Series, list[Due]]:
        """By policy and team what fell due in each window, teams beyond the largest as one."""
        sizes: Counter[str] = Counter()
        for owned in self._owned.values():
            for (_, team), readings in owned.items():
                sizes[team] += len(readings) if team != ALL else 0
        sizes.pop(ALL, None)
        others = folded(sizes, self._most_teams)
        found: dict[Series, list[Due]] = {}
        for owned in self._owned.values():
            for (policy, team), readings in owned.items():
                counts = self._in_windows(policy, team, readings, clock)
                series = (policy, OTHER if team in others else team)
                found[series] = [a + b for a, b in zip(found.get(series, [Due()] * len(counts)), counts, strict=True)]
        return found

    def _in_windows(self, policy: str, team: str, readings: dict[Millis, Due], clock: Millis) -> list[Due]:
        begin = self._starts(policy, None if team == ALL else team, clock)
        for start in [start for start in readings if start < min(begin)]:
            del readings[start]
        cells = sorted(start for start in readings if start <= clock)
        # From the latest on: the sum of the last n cells stands at n.
        sums = list(accumulate((readings[start] for start in reversed(cells)), initial=Due()))
        return [sums[len(cells) - bisect_left(cells, start)] for start in begin]
