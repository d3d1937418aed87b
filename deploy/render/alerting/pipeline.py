"""Alerts on the pipeline itself: whether what it says can be believed, and whether it says anything at all."""

from __future__ import annotations

from typing import Any, Final

from deploy.render.alerting.rules import PARTS, Alert, Rule, group, record
from schemas.policy import PolicyFile

AWAY: Final = "SalesPipelineAway"
HEARTBEAT: Final = "SalesHeartbeat"

_SILENCE: Final = {"leads|calls|emails": 1, "deals": 72}
"""Hours without an event of these topics after which somebody is told; deals are few."""
_BACKLOG: Final = 10_000
_UNTOLD: Final = 1_000
_LATE_SECONDS: Final = 5
_LEAST_STEPS: Final = 10
"""Of fewer steps than these no quantile is told."""
_FORGOTTEN_SECONDS: Final = 3 * 3_600


def groups(file: PolicyFile) -> list[dict[str, Any]]:
    """What is remembered, then the alerts by what they are about."""
    silent = [_silent(topics, hours, bool(file.calendars)) for topics, hours in _SILENCE.items()]
    return [
        group("sales-remembered", *map(_present, PARTS), *map(_remembered, _REMEMBERED)),
        group("sales-worker", _heartbeat(), _away(), _stopped(), _stuck(), _firing_late(), _lagging(), _refused()),
        group("sales-topics", *silent),
        group("sales-telling", _untold(), _telling_late(), _nobody_told()),
        group("sales-copies", _sink_lagging(), _sink_away(), _different(), _forgotten()),
    ]


def _present(part: str) -> Rule:
    """How much there is of a part of the pipeline; 0 while it is away."""
    return record("sales:present", f"{PARTS[part]} or vector(0)", part=part)


_REMEMBERED: Final = {
    "sales:last_event_time_seconds": ("by (topic)", "sales_last_event_time_seconds"),
    "sales:reconcile_last_time_seconds": ("", "sales_reconcile_last_time_seconds > 0"),
}


def _remembered(name: str) -> Rule:
    """The latest instant ever told: it outlives whoever told it."""
    by, gauge = _REMEMBERED[name]
    return record(name, f"max {by} ({gauge} or last_over_time({name}[1h]))".replace("  ", " "))


def _heartbeat() -> Alert:
    return Alert(
        name=HEARTBEAT,
        severity="none",
        expr="vector(1)",
        summary="Alerts are looked at and sent",
        text="It always fires. Have something outside raise the alarm when it is not heard for some minutes.",
    )


def _away() -> Alert:
    return Alert(
        name=AWAY,
        severity="page",
        expr="absent(sales_watermark_seconds)",
        wait="2m",
        summary="No worker is there: nobody watches the deadlines",
        text="No worker shows a partition of its own. All other alerts stand as they did when the last one went.",
    )


def _stopped() -> Alert:
    return Alert(
        name="SalesPartitionStopped",
        severity="page",
        expr="sum by (stage) (sales_partitions_stopped) > 0",
        by=("stage",),
        until="sum by (stage) (sales_partitions_stopped)",
        summary="Partitions of {{ $labels.stage }} have stopped at a fault",
        text="{{ $value }} of them do no more work until the worker is started again. /readyz says which, and why.",
    )


def _stuck() -> Alert:
    """Stands still, or was there lately and is nobody's now: that goes on until it moves, whatever else is there."""
    now = "max by (partition) (sales_watermark_seconds)"
    firing = 'max by (partition) (ALERTS{alertname="SalesWatermarkStuck", alertstate="firing"})'
    return Alert(
        name="SalesWatermarkStuck",
        severity="page",
        expr=(
            f"{now} == {now.replace('seconds)', 'seconds offset 5m)')}\n"
            f"or\n"
            f"(max by (partition) (last_over_time(sales_watermark_seconds[1h])) or {firing})"
            f" unless on (partition) {now}"
        ),
        by=("partition",),
        wait="5m",
        summary="Time stands still in partition {{ $labels.partition }}",
        text="Its watermark does not move, or no worker has it: deadlines of its leads are not watched.",
    )


def _firing_late() -> Alert:
    buckets = "sales_sla_firing_delay_seconds_bucket"
    delay = f"histogram_quantile(0.99, sum by (le) (increase({buckets}[15m])))"
    steps = "sum(increase(sales_sla_firing_delay_seconds_count[15m]))"
    return Alert(
        name="SalesFiringDelay",
        severity="ticket",
        expr=f"{delay} > {_LATE_SECONDS}\nand on () {steps} >= {_LEAST_STEPS}",
        until="sum(sales_sla_firing_delay_seconds_count)",
        wait="5m",
        summary="Deadlines are announced late",
        text="One in a hundred steps is announced {{ $value | humanizeDuration }} or more after its instant.",
    )


def _lagging() -> Alert:
    # Over some minutes: while partitions go from one worker to another, nobody tells of them.
    lag = "sum by (topic) (max by (topic, partition) (max_over_time(sales_consumer_lag_records[5m])))"
    return Alert(
        name="SalesConsumerLag",
        severity="ticket",
        expr=f"{lag} > {_BACKLOG}",
        by=("topic",),
        until="sum by (topic) (sales_consumer_lag_records)",
        wait="10m",
        summary="The worker does not keep up with {{ $labels.topic }}",
        text="{{ $value | humanize }} records have not been read. Clocks wait for what is unread: alarms come late.",
    )


def _refused() -> Alert:
    return Alert(
        name="SalesDeadLetters",
        severity="ticket",
        expr="sum by (reason) (increase(sales_dead_letters_total[15m])) > 0",
        by=("reason",),
        until="sum by (reason) (sales_dead_letters_total)",
        summary="Records cannot be used: {{ $labels.reason }}",
        text="About {{ $value | humanize }} in 15 minutes. They are kept whole among the dead letters.",
    )


def _silent(topics: str, hours: int, has_calendars: bool) -> Alert:
    """It begins in business hours, and lasts until an event comes: that it is evening mends nothing."""
    silent = f'time() - sales:last_event_time_seconds{{topic=~"{topics}"}} > {hours * 3_600}'
    firing = 'ALERTS{alertname="SalesTopicSilent", alertstate="firing"}'
    is_open = "max(min_over_time(sales_calendar_open[1h])) == 1"
    return Alert(
        name="SalesTopicSilent",
        severity="ticket",
        expr=f"{silent}\nand on () {is_open}\nor\n{silent}\nand on (topic) {firing}" if has_calendars else silent,
        by=("topic",),
        wait="5m",
        labels={"silence": f"{hours}h"},
        summary="Nothing comes from {{ $labels.topic }} in business hours",
        text="The last event was read {{ $value | humanizeDuration }} ago. What is not told cannot be late.",
    )


def _sink_lagging() -> Alert:
    lag = "sum by (topic) (max_over_time(sales_sink_lag_records[5m]))"
    return Alert(
        name="SalesSinkLag",
        severity="ticket",
        expr=f"{lag} > {_BACKLOG}",
        by=("topic",),
        until="sum by (topic) (sales_sink_lag_records)",
        part="sink",
        wait="10m",
        summary="ClickHouse is behind on {{ $labels.topic }}",
        text="{{ $value | humanize }} records are not in ClickHouse yet: reports are of the past.",
    )


def _gone(name: str, gauge: str) -> str:
    """It was there within the hour before, and is not: until it is again."""
    firing = f'max(ALERTS{{alertname="{name}", alertstate="firing"}})'
    return f"(count(last_over_time({gauge}[1h])) or {firing})\nunless on () count({gauge})"


def _untold() -> Alert:
    return Alert(
        name="SalesNotifyGivenUp",
        severity="ticket",
        expr="sum by (audience) (increase(sales_notify_dead_total[15m])) > 0",
        by=("audience",),
        until="sum by (audience) (sales_notify_dead_total)",
        part="notify",
        summary="{{ $labels.audience }} was not told of leads that wait: its receiver stays away",
        text="About {{ $value | humanize }} messages were given up in 15 minutes. They are dead letters.",
    )


def _telling_late() -> Alert:
    return Alert(
        name="SalesNotifyLag",
        severity="ticket",
        expr=f"sum(max_over_time(sales_notify_lag_records[5m])) > {_UNTOLD}",
        until="sum(sales_notify_lag_records)",
        part="notify",
        wait="10m",
        summary="People hear late of leads that wait",
        text="{{ $value | humanize }} announcements have not been looked at by `salespulse notify`.",
    )


def _nobody_told() -> Alert:
    return Alert(
        name="SalesNotifyAway",
        severity="page",
        expr=_gone("SalesNotifyAway", "sales_notify_lag_records"),
        wait="5m",
        summary="Nobody is told of leads that wait: notify is away",
        text="There was one. It tells what it has missed of a day once it is back.",
    )


def _sink_away() -> Alert:
    return Alert(
        name="SalesSinkAway",
        severity="ticket",
        expr=_gone("SalesSinkAway", "sales_sink_lag_records"),
        wait="5m",
        summary="No sink is there any more: nothing is copied to ClickHouse",
        text="There was one. The topics keep what it has not copied as long as their retention.",
    )


def _different() -> Alert:
    rows = "max by (kpi, window) (sales_reconcile_difference)"
    return Alert(
        name="SalesReconcileDifference",
        severity="ticket",
        expr=f"{rows} > 0",
        by=("kpi", "window"),
        until=rows,
        part="reconcile",
        summary="Published numbers are not what the events make: {{ $labels.kpi }} by {{ $labels.window }}",
        text="{{ $value }} rows differ from what was recomputed from the recorded events.",
    )


def _forgotten() -> Alert:
    return Alert(
        name="SalesReconcileForgotten",
        severity="ticket",
        expr=f"time() - sales:reconcile_last_time_seconds > {_FORGOTTEN_SECONDS}",
        summary="Nobody compares the numbers with the events any more",
        text="The last comparison was {{ $value | humanizeDuration }} ago; once an hour is usual.",
    )
