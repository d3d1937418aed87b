"""*Service levels*: what was promised, what was kept, and how fast the budget for misses is used."""

from __future__ import annotations

from deploy.promises import in_force
from deploy.render.grafana.panels import GREEN, RED, YELLOW, Panel, Row, Steps, promql, sql, sql_series
from deploy.render.grafana.words import IN_RANGE, clocks_now, data_as_of, leads, meaning, none_is_good, one_lead, ratio
from schemas.policy import PolicyFile

_OF = 'team=~"$team", window="$trailing"'
_TRAILING = "In a window of business time up to now."


def rows(file: PolicyFile) -> list[Row]:
    """From the state of today to its history and its causes."""
    objectives = ", ".join(f"{policy.name} {policy.objective:.0%}" for policy in in_force(file)) or "none"
    least = min((policy.objective for policy in in_force(file)), default=0.9)
    kept: Steps = ((None, RED), (least, YELLOW), (max(0.95, least), GREEN))
    return [
        Row(
            "Now",
            4,
            (
                *clocks_now(),
                Panel(
                    "Time paused", "stat", meaning("paused_share"),
                    (ratio("paused_share", "now"),), "percentunit", 5,
                ),
                Panel(
                    "Alerts firing", "stat", "Alerts that tell somebody; what each means is in docs/runbook.md.",
                    (promql('count(ALERTS{alertstate="firing", severity!="none"}) or vector(0)', "alerts"),),
                    width=5, steps=none_is_good(),
                ),
                data_as_of(),
            ),
        ),
        Row(
            "Promises and budgets",
            9,
            (
                Panel(
                    "Kept", "bars",
                    f"{meaning('response_within_sla')} {_TRAILING} Objectives: {objectives}.",
                    (
                        promql(
                            f"1 - sum by (policy, team) (sales_sla_breached{{{_OF}}})"
                            f" / (sum by (policy, team) (sales_sla_due{{{_OF}}}) > 0)",
                            "{{policy}} {{team}}",
                        ),
                    ),
                    "percentunit", 8, kept, (leads("breached", "team"),),
                ),
                Panel(
                    "How fast the budget burns", "lines",
                    "Share missed over the share that may be missed: 1 uses the budget up just in time. "
                    f"{_TRAILING} Alerts read the same series.",
                    (promql(f"sales:sla_burn_rate{{{_OF}}}", "{{policy}} {{team}}"),),
                    "short", 8, ((None, GREEN), (1, YELLOW), (6, RED)),
                ),
                Panel(
                    "Longest overdue", "bars", "How long the clock runs that is furthest past its deadline.",
                    (promql("max by (policy, team) (sales_sla_oldest_overdue_seconds) > 0", "{{policy}} {{team}}"),),
                    "s", 8, none_is_good(), (leads("breached", "team"),),
                ),
            ),
        ),
        Row(
            "Over time",
            9,
            (
                Panel(
                    "Kept by policy", "lines", f"{meaning('response_within_sla')} Objectives: {objectives}.",
                    (sql_series(_KEPT),), "percentunit", 12, kept,
                ),
                Panel(
                    "Announced", "lines", "Warnings, breaches and escalations as they were announced, by step.",
                    (
                        promql(
                            "sum by (step) (increase(sales_sla_fired_total[$__rate_interval]))",
                            "{{step}}",
                        ),
                    ),
                    "short", 6,
                ),
                Panel(
                    "Delay of announcements", "lines",
                    "How long after its instant a step was announced: half of them, and 99 of 100.",
                    tuple(
                        promql(
                            f"histogram_quantile({share}, sum by (le)"
                            " (increase(sales_sla_firing_delay_seconds_bucket[$__range])))",
                            name,
                        )
                        for share, name in (("0.5", "half"), ("0.99", "99 of 100"))
                    ),
                    "s", 6, ((None, GREEN), (2, YELLOW), (5, RED)),
                ),
            ),
        ),
        Row(
            "Breaches of the range",
            10,
            (
                Panel(
                    "By team", "bars", "Deadlines missed, by the team that had the lead then.",
                    (sql(_breaches("team")),), width=6, links=(leads("breached", "team"),),
                ),
                Panel(
                    "By rep", "bars", "Deadlines missed, by who owned the lead then.",
                    (sql(_breaches("owner")),), width=6, links=(leads("breached", "team"),),
                ),
                Panel(
                    "The latest", "table", "Clocks that went past their deadline, and what became of them since.",
                    (sql(_LATEST),), width=12, links=(one_lead(),),
                ),
            ),
        ),
    ]  # fmt: skip


_KEPT = f"""\
SELECT start AS time, policy, value
FROM kpis_latest
WHERE kpi = 'response_within_sla' AND grouping = 'policy' AND window = '$window' AND value IS NOT NULL AND {IN_RANGE}
ORDER BY time, policy"""

_CHOSEN = "at >= $__fromTime AND at < $__toTime AND ('all' IN (${team:singlequote}) OR team IN (${team:singlequote}))"


def _breaches(by: str) -> str:
    return f"""\
SELECT {by}, count() AS breaches
FROM sla_once
WHERE name = 'sla.breached' AND {_CHOSEN}
GROUP BY {by}
ORDER BY breaches DESC
LIMIT 20"""


_LATEST = f"""\
SELECT max(at) AS breached_at, lead, policy, team, owner, clock
FROM sla_once
WHERE name = 'sla.breached' AND {_CHOSEN}
GROUP BY lead, policy, team, owner, clock
ORDER BY breached_at DESC
LIMIT 100"""
