"""How the settings of recorded KPIs are written, and what is said of one that is not."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import pytest
from pydantic import ValidationError

from schemas.recorded_kpis import BENCHMARKS, RECORDED
from schemas.recorded_settings import Chosen, Ratio, bands, benchmarks, chosen, names, ratios
from schemas.settings import Settings


def test_each_kpi_has_its_query_and_each_query_its_kpi() -> None:
    queries = {file.name.removesuffix(".sql") for file in (files("sinks.clickhouse.recorded_kpis") / "kpis").iterdir()}
    assert queries == {kpi.name for kpi in RECORDED}


def test_lists_bands_and_ratios_are_read() -> None:
    assert names("spend, revenue,") == ("spend", "revenue")
    assert bands("30d, 90d") == (30, 90)
    assert ratios("roas=revenue/spend; sell-through = sold / received") == (
        Ratio("roas", "revenue", "spend"),
        Ratio("sell-through", "sold", "received"),
    )
    assert ratios("") == ()


def test_a_mark_of_ones_own_stands_in_place_of_the_published_one() -> None:
    changed = {mark.name: (mark.mark, mark.citation) for mark in benchmarks("lead_response_time=600")}
    assert changed["lead_response_time"] == (600, "own setting")
    assert len(changed) == len(BENCHMARKS) and changed["benchmark_30_30_50.open"] == (0.3, "30/30/50: Salesmate")


def test_what_is_exported_is_chosen_by_kpi_period_and_scope() -> None:
    assert chosen("mrr, team_at_quota:quarter, churn_rate:week:rep") == (
        Chosen("mrr", "month", "all"),
        Chosen("team_at_quota", "quarter", "team"),
        Chosen("churn_rate", "week", "rep"),
    )
    assert len(chosen("standard")) > 5 and chosen("") == ()


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (names, "spend,{timezone}"),
        (bands, "90d,30d"),
        (bands, "30"),
        (bands, ""),
        (bands, "0d"),
        (ratios, "revenue/spend"),
        (benchmarks, "nps=30"),
        (benchmarks, "lead_response_time=soon"),
        (chosen, "churn"),
        (chosen, "mrr:fortnight"),
        (chosen, "mrr:custom"),
        (chosen, "mrr:month:weather"),
        (chosen, "mrr:month:all:more"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read(text)


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(ValidationError, match="cycle_bands"):
        Settings(cycle_bands="soon", _env_file=None)
