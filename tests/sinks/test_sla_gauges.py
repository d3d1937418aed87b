"""Attainment as gauges, read from the text that is scraped."""

from __future__ import annotations

import pytest

from schemas.catalogue import TRAILING
from schemas.events import Millis
from schemas.results import KpiRow
from schemas.settings import Settings
from sinks.prometheus import Metrics
from tests import promtool
from tests.sinks.test_prometheus import HOUR, NINE, row, scraped

MINUTE = 60_000
SPANS = (5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 24 * HOUR, 72 * HOUR)
NAMES = ("sales_sla_due", "sales_sla_breached")


def around_the_clock(policy: str, team: str | None, at: Millis) -> list[Millis]:
    at -= at % (5 * MINUTE)
    return [at - span for span in SPANS]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(Settings(_env_file=None), around_the_clock)


def cell(start: Millis, due: int, met: int, team: str | None = None, at: Millis = NINE, policy: str = "p") -> KpiRow:
    """A row of five minutes by policy, and team if there is one."""
    dimensions = {"policy": policy} | ({"team": team} if team else {})
    return row(
        "response_within_sla", "5m", start, at, count=due, numerator=met, denominator=due, value=met / due,
        dimensions=dimensions, grouping=",".join(dimensions),
    )  # fmt: skip


def running(kpi: str, value: float, at: Millis = NINE, **dimensions: str) -> KpiRow:
    grouping = ",".join(dimensions) or "all"
    return row(kpi, "all", 0, at, value=value, count=round(value), grouping=grouping, dimensions=dimensions)


def shown(metrics: Metrics, name: str, team: str = "all", policy: str = "p") -> list[float]:
    """The series of a policy and team in the order of the windows."""
    found = scraped(metrics, name)
    return [found[policy, team, window] for window in TRAILING]


def test_what_fell_due_is_counted_in_every_window_that_reaches_back_to_it(metrics: Metrics) -> None:
    for back, due, met in ((0, 1, 1), (5 * MINUTE, 2, 1), (HOUR, 4, 0), (5 * HOUR, 8, 8), (71 * HOUR, 16, 0)):
        metrics.rows.update(0, cell(NINE - back, due, met))
    assert shown(metrics, "sales_sla_due") == [3, 3, 7, 7, 15, 15, 31]
    assert shown(metrics, "sales_sla_breached") == [1, 1, 5, 5, 5, 5, 21]


def test_as_time_passes_what_fell_due_leaves_one_window_after_the_other(metrics: Metrics) -> None:
    metrics.rows.update(0, cell(NINE, 3, 1))
    for later, windows in ((10 * MINUTE, 6), (35 * MINUTE, 5), (65 * MINUTE, 4), (30 * HOUR, 1), (73 * HOUR, 0)):
        metrics.rows.advance(0, NINE + later)
        assert shown(metrics, "sales_sla_breached") == [0] * (7 - windows) + [2] * windows
    metrics.rows.advance(0, NINE + 1)
    assert shown(metrics, "sales_sla_due") == [0] * 7, "the clock does not go back, nor is it kept any longer"


def test_deadlines_to_come_do_not_count_though_they_are_met_already(metrics: Metrics) -> None:
    metrics.rows.update(0, cell(NINE + 5 * MINUTE, 1, 1))
    assert shown(metrics, "sales_sla_due") == [0] * 7
    metrics.rows.advance(0, NINE + 5 * MINUTE)
    assert shown(metrics, "sales_sla_due") == [1] * 7


def test_a_retraction_takes_the_place_of_the_breach(metrics: Metrics) -> None:
    metrics.rows.update(0, cell(NINE, 1, 0))
    metrics.rows.update(0, cell(NINE, 1, 1))
    assert (shown(metrics, "sales_sla_due"), shown(metrics, "sales_sla_breached")) == ([1] * 7, [0] * 7)


def test_teams_stand_beside_the_whole_of_a_policy(metrics: Metrics) -> None:
    metrics.rows.update(0, cell(NINE, 3, 1))
    metrics.rows.update(1, cell(NINE, 2, 1, "t-1"))
    metrics.rows.update(2, cell(NINE, 1, 0, "t-2"))
    assert [shown(metrics, "sales_sla_due", team)[0] for team in ("all", "t-1", "t-2")] == [3, 2, 1]


def test_a_policy_and_team_are_there_as_zeros_once_a_clock_of_theirs_runs(metrics: Metrics) -> None:
    metrics.rows.update(0, running("sla_breached", 0, policy="p", team="t-1"))
    assert shown(metrics, "sales_sla_due", "t-1") == shown(metrics, "sales_sla_breached", "t-1") == [0] * 7
    metrics.rows.see(0, "policy", ("q",))
    assert shown(metrics, "sales_sla_due", policy="q") == [0] * 7
    metrics.rows.see(0, "team", ("t-3",))
    assert {labels[1] for labels in scraped(metrics, "sales_sla_due")} == {"t-1", "all"}


def test_a_lost_partition_has_no_series_at_the_next_scrape(metrics: Metrics) -> None:
    metrics.rows.update(0, cell(NINE, 3, 1))
    metrics.rows.update(1, cell(NINE, 3, 1, "t-1"))
    metrics.rows.update(1, running("sla_breached", 2, team="t-1"))
    metrics.rows.drop(1)
    assert {labels[1] for name in NAMES for labels in scraped(metrics, name)} == {"all"}
    assert scraped(metrics, "sales_kpi_count") == {}


def test_of_very_many_teams_the_rest_is_one() -> None:
    few = Metrics(Settings(_env_file=None, label_teams=1), around_the_clock)
    for number, (team, due) in enumerate({"t-1": 5, "t-2": 3, "t-3": 1}.items()):
        few.rows.update(0, cell(NINE, due, 1, team))
        few.rows.update(0, cell(NINE - 5 * MINUTE * number, due, 1, team))
    few.rows.update(0, cell(NINE - 5 * MINUTE, 1, 1, "t-1"))
    assert {labels[1] for labels in scraped(few, "sales_sla_due")} == {"t-1", "other"}
    assert shown(few, "sales_sla_due", "other")[-1] == 3 + 3 + 1 + 1


def test_clocks_at_risk_and_breached_are_counts_of_now(metrics: Metrics) -> None:
    metrics.rows.update(0, running("sla_at_risk", 2))
    metrics.rows.update(0, running("sla_breached", 3, team="t-1"))
    metrics.rows.update(0, running("sla_breached", 4, rep="r-1"))
    share = {"value": 0.25, "count": 8, "numerator": 10.0, "denominator": 40.0}
    metrics.rows.update(0, row("paused_share", "all", 0, NINE, **share))
    assert scraped(metrics, "sales_kpi_count") == {
        ("sla_at_risk", "all", "now"): 2,
        ("sla_breached", "t-1", "now"): 3,
        ("paused_share", "all", "now"): 8,
    }
    assert scraped(metrics, "sales_kpi_ratio") == {("paused_share", "all", "now"): 0.25}
    metrics.rows.advance(0, NINE + 72 * HOUR)
    assert scraped(metrics, "sales_kpi_count")["sla_at_risk", "all", "now"] == 2


def test_without_policies_there_are_no_such_gauges() -> None:
    metrics = Metrics(Settings(_env_file=None))
    metrics.rows.update(0, cell(NINE, 3, 1))
    assert "sales_sla_due" not in metrics.exposition()[0].decode()


def test_promtool_finds_no_fault(metrics: Metrics) -> None:
    metrics.rows.update(0, cell(NINE, 3, 1))
    metrics.rows.update(0, running("sla_at_risk", 2))
    assert promtool.faults(metrics.exposition()[0]) == []
