"""What ``salespulse notify`` tells Prometheus: counts by audience, never by lead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

_DELAY_SECONDS: Final = (0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 900, 3_600)

disable_created_metrics()  # type: ignore[no-untyped-call]  # it states no types


class Metrics:
    """The metrics of one process; what is given up of ``audiences`` is counted from zero, as alerts need it."""

    def __init__(self, audiences: Iterable[str] = ()) -> None:
        self.registry = registry = CollectorRegistry()
        audience = ["audience"]
        self.sent = Counter(
            "sales_notify_sent", "Messages taken by their receiver", ["audience", "severity"], registry=registry
        )
        self.failures = Counter(
            "sales_notify_failures", "Attempts that failed, to be made again", audience, registry=registry
        )
        self.dead = Counter("sales_notify_dead", "Messages given up, now dead letters", audience, registry=registry)
        for name in audiences:
            self.dead.labels(name)
        self.dropped = Counter(
            "sales_notify_dropped",
            "Messages not sent: stale, retracted, told before, or of a lead that was forgotten",
            ["audience", "reason"],
            registry=registry,
        )
        self.open = Gauge("sales_notify_open_messages", "Messages not sent yet", ["state"], registry=registry)
        self.dead_letters = Counter("sales_dead_letters", "Records made dead letters", ["reason"], registry=registry)
        self.lag = Gauge(
            "sales_notify_lag_records", "Records of the clock events not yet read", ["partition"], registry=registry
        )
        self.delay = Histogram(
            "sales_notify_delay_seconds",
            "From the instant that is announced, or the end of quiet hours, until the message was taken",
            buckets=_DELAY_SECONDS,
            registry=registry,
        )
