"""For each alert the numbers that are to raise it, and the ones that look alike and are not to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from schemas.policy import Policy

Series = dict[str, str]
"""A metric with its labels → its values in promtool's notation: ``5+60`` begins with 5 and grows by 60 a minute."""
Labels = dict[str, str]

TEXTBOOK = {"1h": ("page", "5m", 14.4), "6h": ("page", "30m", 6), "1d": ("ticket", "2h", 3), "3d": ("ticket", "6h", 1)}
"""Long window → severity, short window, and the burn rate that spends its share of 30 days within it."""
OPERATIONS = {"team": "operations"}


class Case(NamedTuple):
    """An alert by its labels; ``bad`` raises it within so many minutes, none of the ``quiet`` ever does."""

    name: str
    labels: Labels
    bad: Series
    quiet: tuple[Series, ...]
    minutes: int = 60

    @property
    def id(self) -> str:
        told = [value for label, value in sorted(self.labels.items()) if label not in ("team", "severity")]
        return "-".join([self.name, *told])


def gauges(policy: str, window: str, team: str, breached: int, due: int) -> Series:
    """How many clocks were due in a window, and how many of them were breached."""
    labels = f'{{policy="{policy}", team="{team}", window="{window}"}}'
    return {f"sales_sla_due{labels}": f"{due}+0", f"sales_sla_breached{labels}": f"{breached}+0"}


def burning(policy: Policy) -> Iterator[Case]:
    for long, (severity, short, textbook) in TEXTBOOK.items():
        limit = round(1000 * min(textbook * (1 - policy.objective), 0.8))

        def both(of_long: int, of_short: int, due: int, long: str = long, short: str = short) -> Series:
            here = gauges(policy.name, long, "emea-1", of_long, due)
            return here | gauges(policy.name, short, "emea-1", of_short, due)

        yield Case(
            f"SalesBurnRate{severity.title()}",
            {"severity": severity, "team": "emea-1", "policy": policy.name, "window": long},
            bad=both(limit + 1, limit + 1, 1000),
            quiet=(both(limit - 1, limit - 1, 1000), both(9, 9, 9), both(limit + 1, limit - 1, 1000)),
        )


def behind(policy: Policy) -> Case:
    """The one team breaches all or enough of its clocks, the other as much as is written."""

    def of(breached: int, due: int, others: int) -> Series:
        one = gauges(policy.name, "1d", "emea-1", breached, due)
        other = gauges(policy.name, "1d", "amer-1", others, 100)
        return one | other | gauges(policy.name, "1d", "all", breached + others, due + 100)

    objective = round(100 * (1 - policy.objective))
    return Case(
        "SalesTeamBehind",
        {"severity": "ticket", "team": "emea-1", "policy": policy.name, "window": "1d"},
        bad=of(90, 100, 40),
        quiet=(of(90, 100, 50), of(9, 9, 0), of(objective, 100, 0), of(4, 10, 0)),
    )


def waiting(policy: Policy) -> Case:
    def overdue(team: str, seconds: str) -> Series:
        return {f'sales_sla_oldest_overdue_seconds{{policy="{policy.name}", team="{team}"}}': seconds}

    return Case(
        "SalesHotLeadWaiting",
        {"severity": "page", "team": "emea-1", "policy": policy.name},
        bad=overdue("emea-1", "1+60"),
        quiet=(overdue("emea-1", "0+0"),),
    )


def watermark(values: str) -> Series:
    return {'sales_watermark_seconds{partition="0"}': values}


def delays(steps: str, late: str) -> Series:
    name = "sales_sla_firing_delay_seconds"
    return {
        f'{name}_bucket{{le="3"}}': "0+0",
        f'{name}_bucket{{le="5"}}': late,
        f'{name}_bucket{{le="10"}}': steps,
        f'{name}_bucket{{le="+Inf"}}': steps,
        f"{name}_count": steps,
    }


def topic(name: str, at: str, is_open: str = "1+0") -> Series:
    return {f'sales_last_event_time_seconds{{topic="{name}"}}': at, 'sales_calendar_open{calendar="berlin"}': is_open}


def of_pipeline() -> Iterator[Case]:
    def case(name: str, severity: str, bad: Series, *quiet: Series, minutes: int = 60, **labels: str) -> Case:
        return Case(name, {"severity": severity, **OPERATIONS, **labels}, bad, quiet, minutes)

    stopped, lag, letters = "sales_partitions_stopped", "sales_consumer_lag_records", "sales_dead_letters_total"
    sink, rows = 'sales_sink_lag_records{topic="sales.leads"}', "sales_reconcile_difference"
    compared = "sales_reconcile_last_time_seconds"
    two = '{topic="sales.leads", partition="0"}', '{topic="sales.leads", partition="1"}'
    yield case("SalesPipelineAway", "page", watermark("_x20"), watermark("0+60"))
    yield case(
        "SalesPartitionStopped",
        "page",
        {stopped + '{stage="sales.leads"}': "1+0"},
        {stopped + '{stage="sales.leads"}': "0+0"},
        stage="sales.leads",
    )
    yield case("SalesWatermarkStuck", "page", watermark("100+0"), watermark("0+60"), partition="0")
    yield case("SalesFiringDelay", "ticket", delays("0+10", "0+9"), delays("0+10", "0+10"), delays("0+1x20", "0+0x20"))
    yield case(
        "SalesConsumerLag",
        "ticket",
        {lag + two[0]: "5001+0", lag + two[1]: "5000+0"},
        {lag + two[0]: "5000+0", lag + two[1]: "5000+0"},
        topic="sales.leads",
    )
    yield case(
        "SalesDeadLetters",
        "ticket",
        {letters + '{reason="future"}': "0+1"},
        {letters + '{reason="future"}': "7+0"},
        reason="future",
    )
    yield case(
        "SalesTopicSilent",
        "ticket",
        topic("leads", "1+0"),
        topic("leads", "1+60"),
        topic("leads", "1+0", is_open="0+0"),
        minutes=90,
        topic="leads",
        silence="1h",
    )
    yield case(
        "SalesTopicSilent",
        "ticket",
        topic("deals", f"{1 - 71 * 3600}+0"),
        topic("deals", f"{1 - 71 * 3600}+60"),
        minutes=90,
        topic="deals",
        silence="72h",
    )
    untold, unread = 'sales_notify_dead_total{audience="owner"}', 'sales_notify_lag_records{partition="0"}'
    yield case("SalesNotifyGivenUp", "ticket", {untold: "0+1"}, {untold: "7+0"}, audience="owner")
    yield case("SalesNotifyLag", "ticket", {unread: "1001+0"}, {unread: "1000+0"})
    yield case("SalesNotifyAway", "page", {unread: "0+0x10 stale"}, {unread: "0+0"}, {})
    yield case("SalesSinkLag", "ticket", {sink: "10001+0"}, {sink: "10000+0"}, topic="sales.leads")
    yield case("SalesSinkAway", "ticket", {sink: "0+0x10 stale"}, {sink: "0+0"}, {})
    yield case(
        "SalesReconcileDifference",
        "ticket",
        {rows + '{kpi="reply_rate", window="1h"}': "1+0", compared: "1+60"},
        {rows + '{kpi="reply_rate", window="1h"}': "0+0", compared: "1+60"},
        kpi="reply_rate",
        window="1h",
    )
    yield case(
        "SalesReconcileForgotten", "ticket", {compared: "1+0"}, {compared: "1+60"}, {compared: "0+0"}, minutes=200
    )
    yield Case("SalesHeartbeat", {"severity": "none", **OPERATIONS}, {}, ())
