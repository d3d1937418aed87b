"""*Sales floor now*: who waits, how fast answers are, for a screen on the wall."""

from __future__ import annotations

from deploy.promises import hot
from deploy.render.grafana.panels import GREEN, RED, YELLOW, Panel, Row, promql, sql
from deploy.render.grafana.words import (
    clocks_now,
    data_as_of,
    leads,
    meaning,
    none_is_good,
    one_lead,
    quantile,
    ratio,
    up_to,
    waiting,
)
from schemas.policy import PolicyFile


def rows(file: PolicyFile) -> list[Row]:
    """From what burns to what goes on."""
    policy = hot(file)
    target = f" Target: {policy.target}, as {policy.name} has it." if policy else ""
    open_now = leads("waiting", "team", "temperature")
    return [
        Row(
            "Now",
            5,
            (
                Panel(
                    "Hot leads waiting", "stat", meaning("open_leads"),
                    (promql(waiting("sum", "sales_open_leads", "hot"), "{{team}}"),),
                    width=5, steps=none_is_good(), links=(leads("waiting", "team"),),
                ),
                Panel(
                    "Hottest waits for", "stat", meaning("oldest_open_lead") + target,
                    (promql(waiting("max", "sales_oldest_open_lead_seconds", "hot"), "{{team}}"),),
                    "s", 5, up_to(policy), (leads("waiting", "team"),),
                ),
                *clocks_now(),
                data_as_of(),
            ),
        ),
        Row(
            "Answers, in the last whole window",
            5,
            (
                Panel(
                    "Response time, median", "stat", meaning("lead_response_time") + target,
                    (quantile("lead_response_time", "0.5"),), "s", 5, up_to(policy), (leads("engaged", "team"),),
                ),
                Panel(
                    "Response time, nine of ten", "stat", meaning("lead_response_time") + target,
                    (quantile("lead_response_time", "0.9"),), "s", 5, up_to(policy), (leads("engaged", "team"),),
                ),
                Panel(
                    "Followed up", "stat", meaning("follow_up_rate"), (ratio("follow_up_rate"),), "percentunit", 5,
                    links=(leads("engaged", "team"),),
                ),
                Panel(
                    "Replied", "stat", meaning("reply_rate"), (ratio("reply_rate"),), "percentunit", 5,
                    links=(leads("engaged", "team"),),
                ),
                Panel(
                    "Events a second", "stat", "Events of all topics that were accepted.",
                    (promql("sum(rate(sales_events_total[$__rate_interval]))", "events"),), "short", 4,
                ),
            ),
        ),
        Row(
            "How it goes",
            8,
            (
                Panel(
                    "Open leads", "lines", meaning("open_leads"),
                    (promql(waiting("sum", "sales_open_leads", "$temperature"), "{{team}} {{temperature}}"),),
                    width=8, links=(open_now,),
                ),
                Panel(
                    "Response time", "lines", meaning("lead_response_time") + target,
                    (
                        quantile("lead_response_time", "0.5", "{{team}} median"),
                        quantile("lead_response_time", "0.9", "{{team}} nine of ten"),
                    ),
                    "s", 8, up_to(policy), (leads("engaged", "team"),),
                ),
                Panel(
                    "What people do", "lines", meaning("activities"),
                    (
                        promql(
                            'max by (team, kpi) (sales_kpi_count{kpi=~"activities:.+", window="$window",'
                            ' team=~"$team"})',
                            "{{team}} {{kpi}}",
                        ),
                    ),
                    width=8,
                ),
            ),
        ),
        Row(
            "Who waits",
            10,
            (
                Panel(
                    "Open leads by team", "bars", meaning("open_leads"),
                    (
                        promql(
                            'sum by (team) (sales_open_leads{temperature=~"$temperature", team!="all"})', "{{team}}"
                        ),
                    ),
                    width=8, steps=((None, GREEN), (20, YELLOW), (100, RED)), links=(open_now,),
                ),
                Panel(
                    "The longest waiting leads", "table", meaning("open_leads"),
                    (sql(_LONGEST),), width=16, links=(one_lead(),), units={"waits": "s"},
                ),
            ),
        ),
    ]  # fmt: skip


_LONGEST = """\
SELECT lead, temperature, team, owner, source, engaged_at, dateDiff('second', engaged_at, now64(3)) AS waits
FROM leads_latest
WHERE qualified AND open AND first_touch_at IS NULL AND temperature IN (${temperature:singlequote})
    AND ('all' IN (${team:singlequote}) OR team IN (${team:singlequote}))
ORDER BY engaged_at
LIMIT 50"""
