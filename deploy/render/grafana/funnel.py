"""*Funnel and pipeline*: from lead to deal, what is open, what is to come, and where deals get stuck."""

from __future__ import annotations

from typing import Final

from deploy.render.grafana.panels import Panel, Query, Row, promql, sql, sql_series
from deploy.render.grafana.words import ASKED, IN_RANGE, MONEY, OF_TEAMS, WHO, data_as_of, leads, meaning
from schemas.policy import PolicyFile

_FUNNEL: Final = {
    "leads engaged": ("leads_created", "count"),
    "contacted": ("reply_rate", "denominator"),
    "replied": ("reply_rate", "numerator"),
    "deals opened": ("opportunities_created", "count"),
    "proposals": ("proposals_sent", "count"),
    "deals won": ("deals_won", "count"),
}
"""Step → the KPI and the column that count it."""
_SHARES: Final = ("win_rate", "closing_ratio", "quote_to_close")


def rows(file: PolicyFile) -> list[Row]:
    """The funnel, the money, the stages."""
    return [
        Row(
            "Funnel of the range",
            9,
            (
                Panel(
                    "From lead to deal", "bars",
                    "Leads that engaged, were contacted and replied, and deals opened, proposed and won in the days of "
                    "the range. Each counts in its own day: a deal won today may be of a lead of last month.",
                    (sql(_funnel()),), width=8, links=(leads("engaged", "team"),),
                ),
                Panel("Deals won", "lines", meaning("deals_won"), (_over_time("deals_won", "count"),), width=6),
                Panel(
                    "Share of deals won", "lines", " ".join(map(meaning, _SHARES)),
                    tuple(_over_time(kpi) for kpi in _SHARES), "percentunit", 6,
                ),
                data_as_of(),
            ),
        ),
        Row(
            "Pipeline now",
            7,
            (
                Panel("Open", "stat", meaning("open_pipeline"), (_standing("open_pipeline"),)),
                Panel("Weighted", "stat", meaning("weighted_pipeline"), (_standing("weighted_pipeline"),)),
                Panel("Velocity a day", "stat", meaning("pipeline_velocity"), (_standing("pipeline_velocity"),)),
                Panel("Forecast by month", "table", meaning("forecast"), (sql(_FORECAST),)),
            ),
        ),
        Row(
            "Money",
            8,
            (
                Panel("Won", "lines", meaning("won_amount"), (_money("won_amount"),), width=8),
                Panel("Lost", "lines", meaning("lost_amount"), (_money("lost_amount"),), width=8),
                Panel("Why deals were lost", "bars", meaning("loss_reasons"), (sql(_REASONS),), width=8),
            ),
        ),
        Row(
            "Stages",
            9,
            (
                Panel(
                    "Moved on", "bars", meaning("stage_conversion"),
                    (_of_stages("stage_conversion", "value"),), "percentunit",
                ),
                Panel(
                    "Time in a stage, median", "bars", meaning("stage_duration"),
                    (_of_stages("stage_duration", "p50"),), "s",
                ),
                Panel(
                    "Open deals by stage", "table", f"{meaning('stage_age')} {meaning('stagnant_deals')}",
                    (sql(_STAGES),), width=12, units={"median_age": "s"},
                ),
            ),
        ),
        Row(
            "How long it takes",
            8,
            (
                Panel(
                    "Sales cycle, median", "lines", meaning("sales_cycle_length"),
                    (_over_time("sales_cycle_length"),), "s", 8,
                ),
                Panel(
                    "From lead to customer, median", "lines", meaning("conversion_time"),
                    (_over_time("conversion_time"),), "s", 8,
                ),
                Panel(
                    "Touches a move", "bars", meaning("touches_per_stage_move"),
                    (promql(_TOUCHES, "{{team}} {{kpi}}"),), width=8,
                ),
            ),
        ),
    ]  # fmt: skip


def _funnel() -> str:
    steps = ", ".join(f"('{kpi}', '{column}', '{step}')" for step, (kpi, column) in _FUNNEL.items())
    return f"""\
SELECT step.3 AS step_of_funnel, {WHO} AS who,
    sum(multiIf(step.2 = 'count', toFloat64(count), step.2 = 'numerator', numerator, denominator)) AS n
FROM kpis_latest
ARRAY JOIN [{steps}] AS step
WHERE kpi = step.1 AND window = '1d' AND {OF_TEAMS} AND {IN_RANGE}
GROUP BY step_of_funnel, who
ORDER BY who, n DESC"""


def _over_time(kpi: str, column: str = "value") -> Query:
    return sql_series(f"""\
SELECT start AS time, concat({WHO}, ' {kpi}') AS who, toFloat64({column}) AS shown
FROM kpis_latest
WHERE kpi = '{kpi}' AND window = '$window' AND {OF_TEAMS} AND value IS NOT NULL
    AND JSONExtractString(dimensions, 'reason') = '' AND {IN_RANGE}
ORDER BY time, who""")


def _money(kpi: str) -> Query:
    return sql_series(f"""\
SELECT start AS time, {MONEY} AS who, value AS amount
FROM kpis_latest
WHERE kpi = '{kpi}' AND window = '$window' AND {OF_TEAMS} AND value IS NOT NULL AND {IN_RANGE}
ORDER BY time, who""")


def _standing(kpi: str) -> Query:
    return sql(f"""\
SELECT {MONEY} AS who, value AS amount
FROM kpis_latest
WHERE kpi = '{kpi}' AND window = 'all' AND {OF_TEAMS} AND value IS NOT NULL
ORDER BY amount DESC
LIMIT 12""")


def _of_stages(kpi: str, column: str) -> Query:
    return sql(f"""\
SELECT concat({WHO}, ' ', JSONExtractString(dimensions, 'stage')) AS stage_of, {column} AS shown
FROM kpis_latest
WHERE kpi = '{kpi}' AND window = 'all' AND {OF_TEAMS} AND value IS NOT NULL
ORDER BY stage_of""")


_FORECAST: Final = f"""\
SELECT toDate(start) AS month, currency, value AS amount, statistics['low'] AS low, statistics['high'] AS high, n
FROM forecast({ASKED}, period = 'month', scope = 'all')
ORDER BY month, currency"""

_REASONS: Final = f"""\
SELECT of AS reason, value AS deals
FROM loss_reasons({ASKED}, period = 'custom', scope = 'all')
ORDER BY deals DESC"""

_STAGES: Final = f"""\
SELECT {WHO} AS who, JSONExtractString(dimensions, 'stage') AS stage,
    sumIf(count, kpi = 'stage_age') AS deals, anyIf(value, kpi = 'stage_age') AS median_age,
    anyIf(value, kpi = 'stagnant_deals') AS stagnant
FROM kpis_latest
WHERE kpi IN ('stage_age', 'stagnant_deals') AND window = 'all' AND {OF_TEAMS}
GROUP BY who, stage
HAVING deals > 0
ORDER BY who, stage"""

_TOUCHES: Final = (
    'max by (team, kpi) (sales_kpi_ratio{kpi=~"touches_per_stage_move:.+", window="$window", team=~"$team"})'
)
