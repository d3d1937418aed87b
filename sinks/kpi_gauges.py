"""KPI rows as gauges: of each series the last complete window of its size, and the running hour.

Rows come as the worker publishes them; what is shown is decided at the scrape, by the greatest
watermark among the partitions owned. Memory holds only windows that can still be shown. Of very many teams
those with most leads are shown, the others as one that is called ``other``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Set
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric, UnknownMetricFamily
from prometheus_client.registry import Collector

from schemas.catalogue import GROUPINGS, Kind, by_name
from schemas.events import Millis
from schemas.instants import parse
from schemas.results import KpiRow
from sinks.folding import OTHER, folded
from sinks.sla_gauges import SlaGauges, Starts

log = structlog.get_logger(__name__)

_SIZES: Final[dict[str, Millis]] = {"1m": 60_000, "5m": 300_000, "1h": 3_600_000}
_QUANTILES: Final = {"p50": "0.5", "p90": "0.9", "p95": "0.95", "p99": "0.99"}
_TEMPERATURES: Final = ("hot", "warm", "cold", "unknown")
_WINDOWS_KEPT: Final = 64
_OF_CLOCKS: Final = ("sla_at_risk", "sla_breached", "paused_share")

Series = tuple[str, str, str]
"""KPI, window size, team."""


class Reading(NamedTuple):
    """What one row says: its window's bounds and its numbers by quantile, the plain value by ''.

    Of ratios and means also what was divided by what, so that they can be put together.
    """

    start: Millis
    end: Millis
    n: int
    values: dict[str, float]
    numerator: float = 0
    denominator: float = 0

    def and_of(self, another: Reading) -> Reading:
        """Both as one, for the same window; what quantiles they have together is not known."""
        over, under = self.numerator + another.numerator, self.denominator + another.denominator
        values = {"": over / under} if under else {}
        return Reading(self.start, self.end, self.n + another.n, values, over, under)


class Waiting(NamedTuple):
    """The open leads of a temperature and team: how many, and since when the oldest waits."""

    leads: int = 0
    since: Millis | None = None

    def and_of(self, another: Waiting) -> Waiting:
        """Both as one."""
        since = [since for since in (self.since, another.since) if since is not None]
        return Waiting(self.leads + another.leads, min(since, default=None))


class Owned:
    """The rows of one partition; ``teams`` has what each KPI counts of a team in all its time."""

    def __init__(self) -> None:
        self.clock: Millis = 0
        self.teams: dict[str, dict[str, int]] = defaultdict(dict)
        self.readings: dict[Series, dict[Millis, Reading]] = defaultdict(dict)
        self.waiting: dict[tuple[str, str], Waiting] = {}
        self.running: dict[Series, Reading] = {}


class KpiGauges(Collector):
    """The gauges of the rows that a worker owns.

    ``timezone`` says where days begin and end, ``most_teams`` how many have series of their own, ``starts`` when
    trailing windows begin, None where there are no policies.
    """

    def __init__(self, timezone: str, most_teams: int, starts: Starts | None = None) -> None:
        self._sla = None if starts is None else SlaGauges(starts, most_teams)
        self._zone = ZoneInfo(timezone)
        self._most_teams = most_teams
        self._warned = False
        self._owned: dict[int, Owned] = {}

    def update(self, partition: int, row: KpiRow) -> None:
        """Take in a row as it is published; later ones of the same key take its place."""
        owned = self._owned.setdefault(partition, Owned())
        if row.watermark is not None:
            owned.clock = max(owned.clock, _instant(row.watermark))
        if row.grouping in ("team", "team,temperature"):
            counts = owned.teams[row.dimensions["team"]]
            if row.grouping == "team" and row.window == "all":
                counts[row.kpi] = row.count
        if self._sla is not None:
            self._sla.update(partition, row)
        if row.kpi in _OF_CLOCKS:
            _note_running(owned, row)
        elif by_name[row.kpi].kind == "now":
            _note_waiting(owned, row)
        elif (
            row.grouping in ("all", "team")
            and row.end is not None
            and row.window in (*_SIZES, "1d")
            and _is_metric(row)
        ):
            self._note(owned, row, row.end)

    def see(self, partition: int, grouping: str, values: tuple[str, ...]) -> None:
        """Show a policy, or a policy and team, of which there is a cell: with zeros where it has no rows."""
        if self._sla is not None and grouping.startswith("policy"):
            self._sla.see(partition, values[0], *values[1:])

    def advance(self, partition: int, watermark: Millis) -> None:
        """Let time pass in a partition that has no row to publish."""
        owned = self._owned.setdefault(partition, Owned())
        owned.clock = max(owned.clock, watermark)

    def drop(self, partition: int) -> None:
        """Forget a partition: its series are gone from the next scrape."""
        self._owned.pop(partition, None)
        if self._sla is not None:
            self._sla.drop(partition)

    def collect(self) -> Iterable[Metric]:
        """The families as of now."""
        others = self._folded()
        yield from self._kpis(others)
        yield from self._open_leads(others)
        if self._sla is not None:
            yield from self._sla.collect(self._clock())
        yield GaugeMetricFamily("sales_folded_teams", "Teams that are shown as one, called other", len(others))

    def _note(self, owned: Owned, row: KpiRow, end: str) -> None:
        is_share = by_name[row.kpi].kind in ("ratio", "mean")
        parts = (float(row.numerator or 0), float(row.denominator or 0)) if is_share else (0, 0)
        reading = Reading(_instant(row.start), _instant(end), row.count, _values(row), *parts)
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

    def _folded(self) -> Set[str]:
        """The teams beyond those with the largest counts, by name where these are equal: a function of the rows."""
        counts: Counter[str] = Counter()
        for owned in self._owned.values():
            for team, found in owned.teams.items():
                counts[team] = max(counts[team], *found.values(), 0)
        others = folded(counts, self._most_teams)
        if others and not self._warned:
            self._warned = True
            log.warning("more teams than have series of their own", teams=len(counts), shown=self._most_teams)
        return others

    def _clock(self) -> Millis:
        return max((owned.clock for owned in self._owned.values()), default=0)

    def _kpis(self, folded: Set[str]) -> Iterator[Metric]:
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
            "now": ratio,
            "duration": seconds,
        }
        for (kpi, window, team), reading in self._together(folded).items():
            labels, kind = [kpi, window, team], by_name[kpi.partition(":")[0]].kind
            count.add_metric(labels, reading.n)
            for quantile, value in reading.values.items():
                families[kind].add_metric([*labels, quantile] if quantile else labels, value)
        yield from (ratio, seconds, count)

    def _together(self, folded: Set[str]) -> dict[Series, Reading]:
        """What is shown, folded teams as one."""
        shown: dict[Series, Reading] = {}
        for (kpi, window, team), reading in self._shown():
            series = (kpi, window, OTHER if team in folded else team)
            if team not in folded:
                shown[series] = reading
            else:
                nothing = Reading(reading.start, reading.end, 0, {})
                shown[series] = shown.get(series, nothing).and_of(reading)
        return shown

    def _shown(self) -> Iterator[tuple[Series, Reading]]:
        clock = self._clock()
        for owned in self._owned.values():
            yield from owned.running.items()
            for (kpi, window, team), readings in list(owned.readings.items()):
                now = self._slot(window, clock)
                self._prune(owned, (kpi, window, team), now)
                for reading in readings.values():
                    if self._slot(window, reading.end) == now:
                        yield (kpi, window, team), reading
                    elif window == "1h" and self._slot(window, reading.start) == now:
                        yield (kpi, "current", team), reading

    def _prune(self, owned: Owned, series: Series, now: int) -> None:
        readings = owned.readings[series]
        for start in [start for start, reading in readings.items() if self._slot(series[1], reading.end) < now]:
            del readings[start]
        if not readings:
            del owned.readings[series]

    def _open_leads(self, folded: Set[str]) -> Iterator[Metric]:
        labels = ["temperature", "team"]
        leads = GaugeMetricFamily("sales_open_leads", "Leads engaged, not answered, not closed", labels=labels)
        oldest = GaugeMetricFamily(
            "sales_oldest_open_lead_seconds", "How long the longest waiting lead has waited", labels=labels
        )
        clock = self._clock()
        for place, waiting in sorted(self._waiting(folded).items()):
            leads.add_metric(place, waiting.leads)
            age = 0 if waiting.since is None else max(clock - waiting.since, 0)
            oldest.add_metric(place, age / 1000)
        yield from (leads, oldest)

    def _waiting(self, folded: Set[str]) -> dict[tuple[str, str], Waiting]:
        teams = {OTHER if team in folded else team for owned in self._owned.values() for team in owned.teams}
        found = {(temperature, team): Waiting() for temperature in _TEMPERATURES for team in teams}
        for owned in self._owned.values():
            for (temperature, team), waiting in owned.waiting.items():
                if team in folded:
                    place = (temperature, OTHER)
                    found[place] = found.get(place, Waiting()).and_of(waiting)
                else:
                    found[temperature, team] = waiting
        return found


@lru_cache(maxsize=1 << 12)
def _instant(text: str) -> Millis:
    return parse(text)[0]


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


def _note_running(owned: Owned, row: KpiRow) -> None:
    if row.grouping in ("all", "team"):
        parts = (float(row.numerator or 0), float(row.denominator or 0))
        is_share = by_name[row.kpi].unit == "ratio"
        values = {"": float(row.value)} if is_share and row.value is not None else {}
        owned.running[row.kpi, "now", row.dimensions.get("team", "all")] = Reading(0, 0, row.count, values, *parts)


def _extra(row: KpiRow) -> str | None:
    """The name of the dimension that it has beside those of its grouping."""
    return next((name for name in row.dimensions if name not in GROUPINGS[row.grouping]), None)


def _is_metric(row: KpiRow) -> bool:
    """Money has no gauge that would say its currency, and reasons are whatever anybody may have written."""
    return by_name[row.kpi].kind != "sum" and _extra(row) != "reason"


def _name(row: KpiRow) -> str:
    """The KPI; with the value of its extra dimension where it has one, as in ``activities:call``."""
    extra = _extra(row)
    return row.kpi if extra is None else f"{row.kpi}:{row.dimensions[extra]}"


def _values(row: KpiRow) -> dict[str, float]:
    kind = by_name[row.kpi].kind
    if kind == "duration":
        found = {quantile: row.statistics.get(name) for name, quantile in _QUANTILES.items()}
        return {quantile: float(value) for quantile, value in found.items() if value is not None}
    return {} if kind == "count" or row.value is None else {"": float(row.value)}
