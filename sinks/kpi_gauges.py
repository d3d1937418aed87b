"""KPI rows as gauges: of each series the last complete window of its size, and the running hour.

Rows come as the worker publishes them; what is shown is decided at the scrape, by the greatest
watermark among the partitions owned. Memory holds only windows that can still be shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from prometheus_client.core import GaugeMetricFamily, Metric, UnknownMetricFamily
from prometheus_client.registry import Collector

from schemas.catalogue import GROUPINGS, Kind, by_name
from schemas.events import Millis
from schemas.instants import parse
from schemas.results import KpiRow

_SIZES: Final[dict[str, Millis]] = {"1m": 60_000, "5m": 300_000, "1h": 3_600_000}
_QUANTILES: Final = {"p50": "0.5", "p90": "0.9", "p95": "0.95", "p99": "0.99"}
_TEMPERATURES: Final = ("hot", "warm", "cold", "unknown")
_WINDOWS_KEPT: Final = 64

Series = tuple[str, str, str]
"""KPI, window size, team."""


class Reading(NamedTuple):
    """What one row says: its window's bounds and its numbers by quantile, the plain value by ''."""

    start: Millis
    end: Millis
    n: int
    values: dict[str, float]


class Waiting(NamedTuple):
    """The open leads of a temperature and team: how many, and since when the oldest waits."""

    leads: int = 0
    since: Millis | None = None


class Owned:
    """The rows of one partition."""

    def __init__(self) -> None:
        self.clock: Millis = 0
        self.teams: set[str] = set()
        self.readings: dict[Series, dict[Millis, Reading]] = defaultdict(dict)
        self.waiting: dict[tuple[str, str], Waiting] = {}


class KpiGauges(Collector):
    """The gauges of the rows that a worker owns; ``timezone`` says where days begin and end."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._owned: dict[int, Owned] = {}

    def update(self, partition: int, row: KpiRow) -> None:
        """Take in a row as it is published; later ones of the same key take its place."""
        owned = self._owned.setdefault(partition, Owned())
        if row.watermark is not None:
            owned.clock = max(owned.clock, parse(row.watermark)[0])
        if row.grouping in ("team", "team,temperature"):
            owned.teams.add(row.dimensions["team"])
        if by_name[row.kpi].kind == "now":
            _note_waiting(owned, row)
        elif row.grouping in ("all", "team") and row.end is not None and row.window in (*_SIZES, "1d"):
            self._note(owned, row, row.end)

    def advance(self, partition: int, watermark: Millis) -> None:
        """Let time pass in a partition that has no row to publish."""
        owned = self._owned.setdefault(partition, Owned())
        owned.clock = max(owned.clock, watermark)

    def drop(self, partition: int) -> None:
        """Forget a partition: its series are gone from the next scrape."""
        self._owned.pop(partition, None)

    def collect(self) -> Iterable[Metric]:
        """The families as of now."""
        yield from self._kpis()
        yield from self._open_leads()

    def _note(self, owned: Owned, row: KpiRow, end: str) -> None:
        reading = Reading(parse(row.start)[0], parse(end)[0], row.count, _values(row))
        if self._slot(row.window, reading.end) < self._slot(row.window, owned.clock):
            return
        readings = owned.readings[_name(row), row.window, row.dimensions.get("team", "all")]
        readings[reading.start] = reading
        if len(readings) > _WINDOWS_KEPT:
            del readings[max(readings)]

    def _slot(self, window: str, at: Millis) -> int:
        """The number of the window that an instant falls in."""
        size = _SIZES.get(window)
        return at // size if size else datetime.fromtimestamp(at // 1000, self._zone).toordinal()

    def _clock(self) -> Millis:
        return max((owned.clock for owned in self._owned.values()), default=0)

    def _kpis(self) -> Iterator[Metric]:
        # A gauge may not be named _count nor have quantiles; what has no type may.
        ratio = GaugeMetricFamily(
            "sales_kpi_ratio", "Ratios and means of the catalogue", labels=["kpi", "window", "team"]
        )
        seconds = UnknownMetricFamily(
            "sales_kpi_seconds", "Quantiles of durations", labels=["kpi", "window", "team", "quantile"]
        )
        count = UnknownMetricFamily(
            "sales_kpi_count", "Counts, and what the other KPIs are taken over", labels=["kpi", "window", "team"]
        )
        families: dict[Kind, GaugeMetricFamily | UnknownMetricFamily] = {
            "ratio": ratio,
            "mean": ratio,
            "duration": seconds,
        }
        for labels, kind, reading in self._shown():
            count.add_metric(labels, reading.n)
            for quantile, value in reading.values.items():
                families[kind].add_metric([*labels, quantile] if quantile else labels, value)
        yield from (ratio, seconds, count)

    def _shown(self) -> Iterator[tuple[list[str], Kind, Reading]]:
        clock = self._clock()
        for owned in self._owned.values():
            for (kpi, window, team), readings in list(owned.readings.items()):
                now = self._slot(window, clock)
                self._prune(owned, (kpi, window, team), now)
                kind = by_name[kpi.partition(":")[0]].kind
                for reading in readings.values():
                    if self._slot(window, reading.end) == now:
                        yield [kpi, window, team], kind, reading
                    elif window == "1h" and self._slot(window, reading.start) == now:
                        yield [kpi, "current", team], kind, reading

    def _prune(self, owned: Owned, series: Series, now: int) -> None:
        readings = owned.readings[series]
        for start in [start for start, reading in readings.items() if self._slot(series[1], reading.end) < now]:
            del readings[start]
        if not readings:
            del owned.readings[series]

    def _open_leads(self) -> Iterator[Metric]:
        labels = ["temperature", "team"]
        leads = GaugeMetricFamily("sales_open_leads", "Leads engaged, not answered, not closed", labels=labels)
        oldest = GaugeMetricFamily(
            "sales_oldest_open_lead_seconds", "How long the longest waiting lead has waited", labels=labels
        )
        clock = self._clock()
        for place, waiting in sorted(self._waiting().items()):
            leads.add_metric(place, waiting.leads)
            age = 0 if waiting.since is None else max(clock - waiting.since, 0)
            oldest.add_metric(place, age / 1000)
        yield from (leads, oldest)

    def _waiting(self) -> dict[tuple[str, str], Waiting]:
        teams = {team for owned in self._owned.values() for team in owned.teams}
        found = {(temperature, team): Waiting() for temperature in _TEMPERATURES for team in teams}
        for owned in self._owned.values():
            found.update(owned.waiting)
        return found


def _note_waiting(owned: Owned, row: KpiRow) -> None:
    if row.grouping not in ("all", "team,temperature"):
        return
    place = (row.dimensions.get("temperature", "all"), row.dimensions.get("team", "all"))
    waiting = owned.waiting.get(place, Waiting())
    if row.kpi == "open_leads":
        owned.waiting[place] = waiting._replace(leads=int(row.value or 0))
    elif row.kpi == "oldest_open_lead":
        # Kept as an instant, so that the age grows from scrape to scrape.
        since = None if row.value is None else owned.clock - round(float(row.value) * 1000)
        owned.waiting[place] = waiting._replace(since=since)


def _name(row: KpiRow) -> str:
    """The KPI; with the value of its extra dimension where it has one, as in ``activities:call``."""
    extra = by_name[row.kpi].extra
    plain = extra is None or extra in GROUPINGS[row.grouping] or extra not in row.dimensions
    return row.kpi if plain else f"{row.kpi}:{row.dimensions[str(extra)]}"


def _values(row: KpiRow) -> dict[str, float]:
    kind = by_name[row.kpi].kind
    if kind == "duration":
        found = {quantile: row.statistics.get(name) for name, quantile in _QUANTILES.items()}
        return {quantile: float(value) for quantile, value in found.items() if value is not None}
    return {} if kind == "count" or row.value is None else {"": float(row.value)}
