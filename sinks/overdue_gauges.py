"""How long the clocks that nobody has stopped are past their deadline: what an alert on one waiting lead reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas.events import Millis
from sinks.folding import OTHER


class OverdueGauges(Collector):
    """The longest of each policy and team, among the partitions owned; 0 where nothing is overdue.

    Of more than ``most_teams`` those that come late are one.
    """

    def __init__(self, most_teams: int) -> None:
        self._most_teams = most_teams
        self._teams: set[str] = set()
        self._clocks: dict[int, Millis] = {}
        self._due: defaultdict[int, dict[tuple[str, str], Millis | None]] = defaultdict(dict)

    def update(self, partition: int, policy: str, team: str, due: Millis | None) -> None:
        """When the oldest overdue clock was due, None where there is none."""
        if len(self._teams) < self._most_teams:
            self._teams.add(team)
        self._due[partition][policy, team] = due

    def advance(self, partition: int, clock: Millis) -> None:
        """Let time pass in a partition."""
        self._clocks[partition] = clock

    def drop(self, partition: int) -> None:
        """Forget a partition that is no longer owned."""
        self._clocks.pop(partition, None)
        self._due.pop(partition, None)

    def collect(self) -> Iterable[Metric]:
        """The family as of now."""
        longest: defaultdict[tuple[str, str], Millis] = defaultdict(int)
        for partition, places in self._due.items():
            clock = self._clocks.get(partition, 0)
            for (policy, team), due in places.items():
                shown = policy, team if team in self._teams else OTHER
                longest[shown] = max(longest[shown], 0 if due is None else clock - due)
        gauge = GaugeMetricFamily(
            "sales_sla_oldest_overdue_seconds",
            "How long the clock that runs longest past its deadline has done so",
            labels=["policy", "team"],
        )
        for place, late in sorted(longest.items()):
            gauge.add_metric(place, late / 1000)
        yield gauge
