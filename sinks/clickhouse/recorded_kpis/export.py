"""A chosen set of recorded KPIs for Prometheus, computed now and then beside the sink, which never waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from schemas.recorded_kpis import by_name
from schemas.recorded_settings import Chosen, chosen
from schemas.settings import Settings
from sinks.clickhouse.recorded_kpis.queries import rows
from sinks.clickhouse.schema import connect

_LABELS: Final = ("kpi", "period", "when", "scope", "who", "of", "currency")
_NAMES: Final = {
    "ratio": ("sales_recorded_ratio", "Recorded KPI that is a share or a ratio"),
    "seconds": ("sales_recorded_seconds", "Recorded KPI that is a length of time"),
    "money": ("sales_recorded_amount", "Recorded KPI that is money, in its currency"),
    "points": ("sales_recorded_points", "Recorded KPI that is a score"),
    "count": ("sales_recorded_count", "Recorded KPI that counts, or has a unit of its own"),
}
# Inserts go first, and one core is enough.
_GENTLY: Final = {"max_threads": 1, "priority": 10}

log = structlog.get_logger(__name__)

Row = dict[str, Any]


class Export(Collector):
    """What was computed last, and when: scraped at any time, also while it is computed anew.

    ``since`` gives seconds from any fixed point.
    """

    def __init__(
        self,
        settings: Settings,
        registry: CollectorRegistry,
        since: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._since = since
        self._found: dict[Chosen, tuple[float, list[Row]]] = {}
        self._failures = Counter(
            "sales_recorded_failures_total", "Recorded KPIs that could not be computed", registry=registry
        )
        registry.register(self)

    def compute(self) -> None:
        """Ask ClickHouse for every chosen KPI; one that fails keeps its last value, and grows old."""
        with closing(connect(self._settings)) as client:
            for one in chosen(self._settings.recorded_export):
                try:
                    now = client.command("SELECT toUnixTimestamp64Milli(now64(3))")
                    found = rows(client, by_name[one.kpi], int(now), int(now), one.period, one.scope, **_GENTLY)
                except Exception as error:
                    self._failures.inc()
                    log.warning("recorded KPI not computed", kpi=one.kpi, why=str(error)[:300])
                    continue
                self._found[one] = (self._since(), found[: self._settings.label_teams])

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge per unit, and how old each KPI is."""
        families = {unit: GaugeMetricFamily(*name, labels=_LABELS) for unit, name in _NAMES.items()}
        age = GaugeMetricFamily(
            "sales_recorded_age_seconds", "How long ago it was computed", labels=("kpi", "period", "scope")
        )
        for one, (at, found) in list(self._found.items()):
            age.add_metric([one.kpi, one.period, one.scope], self._since() - at)
            family = families.get(by_name[one.kpi].unit, families["count"])
            for row in found:
                for when, value in (("current", row["value"]), ("last", row["before"])):
                    if value is not None:
                        family.add_metric(_labels(one, when, row), float(value))
        yield from families.values()
        yield age


def _labels(one: Chosen, when: str, row: Row) -> list[str]:
    return [one.kpi, one.period, when, one.scope, row["who"], row["of"], row["currency"]]


@contextmanager
def exporting(settings: Settings, registry: CollectorRegistry) -> Iterator[None]:
    """Compute what is chosen every ``recorded_interval`` meanwhile, in a thread that nobody waits for."""
    if not chosen(settings.recorded_export):
        yield
        return
    export, stop = Export(settings, registry), threading.Event()
    threading.Thread(target=_go_on, args=(export, settings.recorded_interval / 1000, stop), daemon=True).start()
    try:
        yield
    finally:
        stop.set()


def _go_on(export: Export, interval: float, stop: threading.Event) -> None:
    # The sink makes the views when it first meets ClickHouse: until then there is nothing to ask.
    wait = min(interval, 10.0)
    while not stop.wait(wait):
        try:
            export.compute()
            wait = interval
        except Exception as error:
            log.warning("recorded KPIs not computed", why=str(error)[:300])
