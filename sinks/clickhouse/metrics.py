"""What the sink tells Prometheus, from a registry of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

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

    @contextmanager
    def served(self, host: str, port: int | None) -> Iterator[None]:
        """Serve /metrics on ``host``:``port`` meanwhile; not at all without a port."""
        if port is None:
            yield
            return
        server, thread = start_http_server(port, addr=host, registry=self.registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
