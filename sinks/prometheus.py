"""What a worker tells Prometheus: names and labels of the contract, in a registry of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from schemas.events import Millis
from schemas.settings import Settings
from sinks.kpi_gauges import KpiGauges

_RESPONSE_SECONDS: Final = (
    1, 5, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 259_200, 604_800,
)  # fmt: skip
_CYCLE_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# Else every counter and histogram has a second family that says when it was made.
disable_created_metrics()  # type: ignore[no-untyped-call]  # it states no types


class Metrics:
    """The metrics of one worker; not thread-safe, all calls come from its event loop.

    ``rows`` takes the KPI rows that the worker publishes.
    """

    def __init__(self, settings: Settings) -> None:
        self.registry = CollectorRegistry()
        self.rows = KpiGauges(settings.timezone)
        self.registry.register(self.rows)
        self._events = Counter("sales_events", "Events accepted", ["topic", "type"], registry=self.registry)
        self._dead_letters = Counter("sales_dead_letters", "Records refused", ["reason"], registry=self.registry)
        self._late = Counter(
            "sales_late_events", "Events later than the allowed lateness", ["topic"], registry=self.registry
        )
        self._responses = Histogram(
            "sales_lead_response_seconds",
            "Time from engagement to first touch, as answers come",
            buckets=_RESPONSE_SECONDS,
            registry=self.registry,
        )
        self._cycles = Histogram(
            "sales_cycle_seconds", "Time of one commit cycle", buckets=_CYCLE_SECONDS, registry=self.registry
        )
        self._watermark = Gauge(
            "sales_watermark_seconds", "Event time reached, since 1970", ["partition"], registry=self.registry
        )
        self._lag = Gauge(
            "sales_consumer_lag_records", "Records not yet read", ["topic", "partition"], registry=self.registry
        )

    def events(self, topic: str, kind: str, n: int) -> None:
        """Count ``n`` accepted events of a type."""
        self._events.labels(topic, kind).inc(n)

    def dead_letters(self, reason: str, n: int) -> None:
        """Count ``n`` refused records."""
        self._dead_letters.labels(reason).inc(n)

    def late(self, topic: str, n: int) -> None:
        """Count ``n`` events that came after the allowed lateness."""
        self._late.labels(topic).inc(n)

    def responses(self, seconds: float) -> None:
        """One lead was answered after so many seconds."""
        self._responses.observe(seconds)

    def cycle(self, seconds: float) -> None:
        """One commit cycle took so many seconds."""
        self._cycles.observe(seconds)

    def watermark(self, partition: int, clock: Millis) -> None:
        """The clock of an owned source partition."""
        self._watermark.labels(str(partition)).set(clock / 1000)

    def lost(self, partition: int) -> None:
        """A source partition is no longer owned: its watermark is not ours to tell."""
        self._watermark.remove_by_labels({"partition": str(partition)})

    def lag(self, records: Mapping[tuple[str, int], int]) -> None:
        """Records not yet read by topic and partition; told in the next exposition only."""
        for (topic, partition), n in records.items():
            self._lag.labels(topic, str(partition)).set(n)

    def exposition(self) -> tuple[bytes, str]:
        """The text that is scraped, and its content type."""
        text = generate_latest(self.registry)
        self._lag.clear()
        return text, CONTENT_TYPE_PLAIN_0_0_4
