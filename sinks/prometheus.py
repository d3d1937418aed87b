"""What a worker tells Prometheus: names and labels of the contract, in a registry of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from schemas.envelope import Reason
from schemas.events import Millis
from schemas.settings import Settings
from sinks.folding import OTHER
from sinks.histogram import Histogram as ManyAtOnce
from sinks.kpi_gauges import KpiGauges
from sinks.overdue_gauges import OverdueGauges
from sinks.sla_gauges import Starts

_RESPONSE_SECONDS: Final = (
    1, 5, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 259_200, 604_800,
)  # fmt: skip
_DELAY_SECONDS: Final = (0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 3_600)
_CYCLE_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# Else every counter and histogram has a second family that says when it was made.
disable_created_metrics()  # type: ignore[no-untyped-call]  # it states no types


class Metrics:
    """The metrics of one worker; not thread-safe, all calls come from its event loop.

    ``rows`` takes the KPI rows that the worker publishes, ``overdue`` the clocks past their deadline; ``starts`` says
    when trailing windows of a policy begin, and is None where there are no policies.
    """

    def __init__(self, settings: Settings, starts: Starts | None = None) -> None:
        self.registry = CollectorRegistry()
        self.rows = KpiGauges(settings.timezone, settings.label_teams, starts)
        self.registry.register(self.rows)
        self.overdue = OverdueGauges(settings.label_teams)
        self.registry.register(self.overdue)
        self._events = Counter("sales_events", "Events accepted", ["topic", "type"], registry=self.registry)
        self._dead_letters = Counter("sales_dead_letters", "Records refused", ["reason"], registry=self.registry)
        for reason in get_args(Reason):
            # From zero: the first of a kind is an increase, too.
            self._dead_letters.labels(reason)
        self._heard = Gauge(
            "sales_last_event_time_seconds",
            "When an event of the topic was last read, since 1970",
            ["topic"],
            registry=self.registry,
        )
        self._open = Gauge(
            "sales_calendar_open", "Whether a calendar is open, 1 or 0", ["calendar"], registry=self.registry
        )
        self._late = Counter(
            "sales_late_events", "Events later than the allowed lateness", ["topic"], registry=self.registry
        )
        self._forgotten = Counter(
            "sales_forgotten_records",
            "Records not stored since they are of leads that were forgotten on request",
            ["topic"],
            registry=self.registry,
        )
        self._truncated = Counter(
            "sales_truncated_leads", "Leads found to have more events than are kept", registry=self.registry
        )
        self._responses = ManyAtOnce(
            "sales_lead_response_seconds", "Time from engagement to first touch, as answers come", _RESPONSE_SECONDS
        )
        self.registry.register(self._responses)
        self._fired = Counter(
            "sales_sla_fired",
            "Warnings, breaches and escalations announced",
            ["policy", "team", "step"],
            registry=self.registry,
        )
        self._firing_delay = ManyAtOnce(
            "sales_sla_firing_delay_seconds",
            "How long after its instant a step of a clock was announced",
            _DELAY_SECONDS,
        )
        self.registry.register(self._firing_delay)
        self._fired_teams: set[str] = set()
        self._most_teams = settings.label_teams
        self._cycles = Histogram(
            "sales_cycle_seconds", "Time of one commit cycle", buckets=_CYCLE_SECONDS, registry=self.registry
        )
        self._watermark = Gauge(
            "sales_watermark_seconds", "Event time reached, since 1970", ["partition"], registry=self.registry
        )
        self._lag = Gauge(
            "sales_consumer_lag_records", "Records not yet read", ["topic", "partition"], registry=self.registry
        )

        self._stopped = Gauge(
            "sales_partitions_stopped", "Partitions stopped by a fault, see /readyz", ["stage"], registry=self.registry
        )

    def events(self, topic: str, kind: str, n: int) -> None:
        """Count ``n`` accepted events of a type."""
        self._events.labels(topic, kind).inc(n)

    def heard(self, topic: str, at: Millis) -> None:
        """Events of a topic were read at an instant."""
        self._heard.labels(topic).set(at / 1000)

    def calendars(self, are_open: Mapping[str, bool]) -> None:
        """Which calendars are open now."""
        for calendar, is_open in are_open.items():
            self._open.labels(calendar).set(is_open)

    def dead_letters(self, reason: str, n: int) -> None:
        """Count ``n`` refused records."""
        self._dead_letters.labels(reason).inc(n)

    def late(self, topic: str, n: int) -> None:
        """Count ``n`` events that came after the allowed lateness."""
        self._late.labels(topic).inc(n)

    def forgotten(self, topic: str, n: int) -> None:
        """Count ``n`` records of leads that were forgotten."""
        self._forgotten.labels(topic).inc(n)

    def truncated(self, n: int) -> None:
        """Count ``n`` leads of which events are left out from now on."""
        self._truncated.inc(n)

    def responses(self, seconds: Sequence[float]) -> None:
        """Leads were answered after so many seconds."""
        self._responses.observe(seconds)

    def fired(self, policy: str, team: str, step: str, n: int) -> None:
        """Count ``n`` announcements of a step; of very many teams those that come late are one."""
        if team not in self._fired_teams:
            if len(self._fired_teams) < self._most_teams:
                self._fired_teams.add(team)
            else:
                team = OTHER
        self._fired.labels(policy, team, step).inc(n)

    def firing_delays(self, seconds: Sequence[float]) -> None:
        """Steps that fell due as time passed were announced so many seconds after their instants."""
        self._firing_delay.observe(seconds)

    def cycle(self, seconds: float) -> None:
        """One commit cycle took so many seconds."""
        self._cycles.observe(seconds)

    def watermark(self, partition: int, clock: Millis) -> None:
        """The clock of an owned source partition."""
        self.overdue.advance(partition, clock)
        self._watermark.labels(str(partition)).set(clock / 1000)

    def lost(self, partition: int) -> None:
        """A source partition is no longer owned: its watermark is not ours to tell, nor what is overdue there."""
        self.overdue.drop(partition)
        self._watermark.remove_by_labels({"partition": str(partition)})

    def lag(self, records: Mapping[tuple[str, int], int]) -> None:
        """Records not yet read by topic and partition; told in the next exposition only."""
        for (topic, partition), n in records.items():
            self._lag.labels(topic, str(partition)).set(n)

    def stopped(self, stage: str, partitions: int) -> None:
        """So many partitions of a stage do no more work until the worker is started again."""
        self._stopped.labels(stage).set(partitions)

    def exposition(self) -> tuple[bytes, str]:
        """The text that is scraped, and its content type."""
        text = generate_latest(self.registry)
        self._lag.clear()
        return text, CONTENT_TYPE_PLAIN_0_0_4
