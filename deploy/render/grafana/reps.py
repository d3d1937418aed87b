"""*Reps and targets*: who is where on the way to the target, and where coaching would help."""

from __future__ import annotations

from typing import Final

from deploy.render.grafana.panels import GREEN, RED, YELLOW, Panel, Query, Row, promql, sql
from deploy.render.grafana.words import ASKED, data_as_of, leads, meaning, unit
from schemas.policy import PolicyFile

_OF_REPS: Final = "rep IN (${rep:singlequote})"
_PACE: Final = ((None, RED), (0.9, YELLOW), (1.0, GREEN))
_OF_REP: Final = {
    "lead_response_time": "Response time, median",
    "follow_up_rate": "Followed up",
    "reply_rate": "Replied",
    "connect_rate": "Calls answered",
}


def rows(file: PolicyFile) -> list[Row]:
    """Targets first, then who does what, then what stands out."""
    of_rep = leads("engaged", "rep")
    return [
        Row(
            "Targets that run",
            9,
            (
                Panel(
                    "Reached", "bars", "Reached of each target that runs, less absence; 1 is all of it.",
                    (_of_targets("sales_target_attainment_ratio"),),
                    "percentunit", 8, _PACE,
                ),
                Panel(
                    "Pace", "bars",
                    "Reached of what an even pace would have by now, in the working time of whom it is: above 1 is "
                    "ahead.",
                    (_of_targets("sales_target_pace_ratio"),),
                    "percentunit", 6, _PACE,
                ),
                Panel(
                    "Where it will end", "table",
                    "What is to be reached, what has been, and what the end will bring at this pace.",
                    (sql(_TARGETS),), width=10, units={"reached": "percentunit", "pace": "percentunit"},
                ),
            ),
        ),
        Row(
            "Leaderboard of the range",
            10,
            (
                Panel("Who won most", "table", meaning("leaderboard"), (sql(_LEADERS),), width=12),
                Panel(
                    "Much or well", "table",
                    "What each rep does and what comes of it, beside the median of all; of few deals it says little.",
                    (sql(_QUALITY),), width=12,
                ),
            ),
        ),
        Row(
            "By rep, all time",
            9,
            tuple(
                Panel(
                    name, "bars", meaning(kpi), (_by_rep(kpi),), unit(kpi), links=(of_rep,),
                )
                for kpi, name in _OF_REP.items()
            ),
        ),
        Row(
            "Coaching",
            10,
            (
                Panel(
                    "Far from their peers", "table",
                    "Reps beside the reps of their team: fewer follow-ups, or more deals lost without what wins deals. "
                    "The distance is in standard deviations of the team; far is one and a half, of no small sample.",
                    (sql(_SIGNALS),), width=12,
                ),
                Panel(
                    "Change a week", "table", meaning("marginal_gain"), (sql(_GAINS),), width=8,
                    units={"change_a_week": "percentunit"},
                ),
                data_as_of(),
            ),
        ),
    ]  # fmt: skip


def _of_targets(gauge: str) -> Query:
    by = "kpi, scope, who, window, currency"
    return promql(f'max by ({by}) ({gauge}{{scope=~"$scope"}})', "{{who}} {{kpi}} {{currency}} ({{window}})")


_TARGETS: Final = """\
SELECT if(grouping = 'all', 'all', if(grouping = 'team', team, rep)) AS who, JSONExtractString(dimensions, 'kpi') AS of,
    JSONExtractString(dimensions, 'currency') AS currency, window, toDate(start) AS begins, toDate(end) AS ends,
    anyIf(denominator, kpi = 'target_attainment') AS target, anyIf(numerator, kpi = 'target_attainment') AS actual,
    anyIf(value, kpi = 'target_attainment') AS reached, anyIf(value, kpi = 'target_pace') AS pace,
    anyIf(value, kpi = 'target_projected') AS projected
FROM kpis_latest
WHERE family = 'target' AND grouping IN (${scope:singlequote}) AND end > $__toTime
GROUP BY who, of, currency, window, begins, ends
ORDER BY window, of, currency, who"""

_LEADERS: Final = f"""\
SELECT of, currency, statistics['rank'] AS place, who AS rep, value, before
FROM leaderboard({ASKED}, period = 'custom', scope = 'rep')
WHERE who IN (${{rep:singlequote}})
ORDER BY of DESC, currency, place"""

_QUALITY: Final = f"""\
SELECT team, rep, activities, deals_won, activities_per_won_deal, median_activities, median_per_won_deal, small
FROM quality_quantity({ASKED})
WHERE {_OF_REPS}"""

_SIGNALS: Final = f"""\
SELECT team, rep, signal, value, peers, deviations, n, small, is_far
FROM training_signals({ASKED})
WHERE {_OF_REPS}
ORDER BY is_far DESC, abs(deviations) DESC
LIMIT 100"""

_GAINS: Final = f"""\
SELECT who, of AS kpi, value AS change_a_week, statistics['exceeds_noise'] AS exceeds_noise, n
FROM marginal_gain({ASKED}, period = 'custom', scope = 'all')
WHERE value IS NOT NULL
ORDER BY abs(value) DESC"""


def _by_rep(kpi: str) -> Query:
    return sql(f"""\
SELECT rep, value
FROM kpis_latest
WHERE kpi = '{kpi}' AND grouping = 'rep' AND window = 'all' AND {_OF_REPS} AND value IS NOT NULL
ORDER BY value""")
