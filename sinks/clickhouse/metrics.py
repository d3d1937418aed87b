"""What the sink and the comparison of its rows tell Prometheus, each from a registry of its own."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The sink's metrics. A record counts as lag until its row is in ClickHouse."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.lag = Gauge("sales_sink_lag_records", "Records not yet in ClickHouse", ["topic"], registry=self.registry)
        self.rows = Counter("sales_sink_rows_total", "Rows inserted", ["table"], registry=self.registry)
        self.skipped = Counter(
            "sales_sink_skipped_records_total", "Records that make no row", ["topic"], registry=self.registry
        )
        self.failures = Counter("sales_sink_failures_total", "Inserts to be tried again", registry=self.registry)
        self.seconds = Histogram(
            "sales_sink_insert_seconds", "Time of one batch", buckets=_BUCKETS, registry=self.registry
        )


class Differences:
    """How published KPI rows compare with the recorded events, as of the last comparison."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.rows = Gauge(
            "sales_reconcile_difference",
            "Published KPI rows that are not what the recorded events make of them",
            ["kpi", "window"],
            registry=self.registry,
        )
        self.at = Gauge(
            "sales_reconcile_last_time_seconds",
            "When the last comparison was made, since 1970",
            registry=self.registry,
        )
