"""From a revenue target to the work it takes, as the command tells it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from deploy.cli import app
from deploy.plan import Plan, Target, plan, show
from schemas.settings import Settings
from sinks.clickhouse.recorded_kpis.views import create
from sinks.clickhouse.schema import connect, migrate
from tests.conftest import at
from tests.sinks.recorded_kpis.floor import DAY
from tests.sinks.recorded_kpis.test_by_hand import Teller, pyramid
from tests.sinks.test_reconciliation import record

WEEK = 7 * DAY


@pytest.fixture(scope="module")
def worked(clickhouse: str) -> str:
    """DSN of a database in which a team has made its way from calls to deals, from 60 days ago on."""
    dsn, tell, settings = f"{clickhouse}/planned", Teller(), Settings(_env_file=None)
    client, now = connect(at(dsn)), round(time.time() * 1000)
    migrate(client, settings)
    create(client, settings)
    pyramid(tell, now - 60 * DAY)
    record(client, map(orjson.dumps, tell.events), at=now)
    client.close()
    return dsn


@pytest.fixture
def recorded(worked: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SALESPULSE_CLICKHOUSE", worked)
    yield
    structlog.reset_defaults()


def salespulse(*words: str) -> Any:
    return CliRunner().invoke(app, ["plan", "--revenue", "500000", *words])


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_500_000_at_100_000_a_deal_and_25_per_cent_of_demos_won_are_20_demos(recorded: None) -> None:
    found = json.loads(salespulse("--team", "planned", "--by", day(100), "--json").stdout.splitlines()[-1])
    steps = {step["step"]: step for step in found["steps"]}
    takes = {"deals_won": 5, "opportunities": 10, "proposals": 10, "demos": 20, "calls": 40}
    assert {name: step["needed"] for name, step in steps.items()} == pytest.approx(takes)
    demos = steps["demos"]
    assert (demos["won"], demos["n"], demos["share"], demos["days"], found["reps"]) == (5, 20, 0.25, 22, 2)
    # Of the weeks to the end a demo can use all but those in which its deal is being won.
    assert demos["weeks"] == pytest.approx(found["weeks"] - 22 / 7)
    assert demos["a_week_and_rep"] == pytest.approx(20 / demos["weeks"] / 2)
    low, high = demos["interval"]
    assert low < 5 / 0.4687 < 20 < 5 / 0.1119 < high, "wider than that of the share alone"


def test_the_plan_can_be_read_by_a_manager(recorded: None) -> None:
    shown = salespulse("--by", day(10), "--currency", "eur").stdout
    assert "all teams, 2 reps" in shown and "of 20 demos 5 were won: 25.0 % (11.2 % – 46.9 %)" in shown
    assert "100,000.00 EUR (100,000 – 100,000), mean of 5" in shown
    assert "too late" in shown, "a demo comes to a deal after 22 days"
    assert "What helps most: that more" in shown


def test_a_plan_can_be_made_as_of_a_day(recorded: None) -> None:
    """By the day before yesterday all was won as well; before it began nothing was."""
    found = json.loads(salespulse("--as-of", day(-2), "--by", day(-1), "--json").stdout.splitlines()[-1])
    assert (found["deals"], found["weeks"]) == (5, pytest.approx(2 / 7))
    result = salespulse("--as-of", day(-61), "--by", day(0))
    assert result.exit_code == 1 and "in the 365 days before" in str(result.exception)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--by", "2020-01-01"), 2, "--by is a day from today"),
        (("--by", "2090-01-02", "--as-of", "2090-01-01"), 2, "--as-of is today or a day before"),
        (("--by", "9999-12-31"), 2, "--by is a day from today"),
        (("--by", "2090-01-01", "--revenue", "inf"), 2, "--revenue"),
        (("--by", "soon"), 2, "expected a date"),
        (("--by", "2090-01-01", "--revenue", "0"), 2, "--revenue"),
        (("--by", "2090-01-01", "--currency", "GBP"), 1, "no deal was won in GBP in the 365 days before"),
        (("--by", "2090-01-01", "--team", "nobody"), 1, "by team nobody"),
    ],
)
def test_what_cannot_be_planned_is_said(recorded: None, words: tuple[str, ...], code: int, said: str) -> None:
    result = salespulse(*words)
    assert result.exit_code == code and said in result.output + str(result.exception)


def rows(**steps: tuple[int, int]) -> list[dict[str, Any]]:
    """Rows of ``target_plan``, 1,000 a deal: step → tried, won; all deals are won by way of each."""
    deals = {
        "of": "deals_won",
        "n": 10,
        "numerator": 10_000,
        "statistics": {"each": 0.001, "mean": 1000.0, "reps": 2.0},
    }
    return [deals] + [
        {
            "of": name, "n": n, "numerator": won,
            "statistics": {"share": won / n, "reach": 1.0, "reps": 2.0, "days": 7.0}
            | ({"each": n / won / 1000} if won else {}),
        }
        for name, (n, won) in steps.items()
    ]  # fmt: skip


def planned(**steps: tuple[int, int]) -> Plan:
    return plan(Target(10_000, "EUR", 0, 10 * WEEK), rows(**steps), 5)


def test_what_helps_most_is_where_fewest_come_to_the_next_step() -> None:
    found = planned(calls=(1000, 10), demos=(100, 10), proposals=(20, 10))
    assert [(gain.step, gain.next) for gain in found.gains] == [
        ("calls", "demos"), ("demos", "proposals"), ("proposals", "deals_won"),
    ]  # fmt: skip
    assert [gain.gain for gain in found.gains] == pytest.approx([0.01 / 0.1, 0.01 / 0.2, 0.01 / 0.5])


def test_few_cases_are_marked_whether_tried_or_won(capsys: pytest.CaptureFixture[str]) -> None:
    found = planned(calls=(1000, 4), demos=(20, 5))
    assert {step.step: step.small for step in found.steps} == {"deals_won": False, "demos": False, "calls": True}
    show(found, "UTC")
    shown = capsys.readouterr().out
    assert "* of few cases only" in shown
    assert "Nothing was recorded of proposals, opportunities that is decided" in shown


def test_a_step_of_which_none_was_won_takes_nobody_knows_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    found = planned(calls=(1000, 0), demos=(20, 5))
    calls = found.steps[-1]
    assert (calls.step, calls.needed, calls.a_week, calls.small) == ("calls", None, None, True)
    show(found, "UTC")
    assert "of 1,000 calls 0 were won" in capsys.readouterr().out


@given(st.integers(1, 400), st.integers(1, 40))
def test_twice_the_target_takes_twice_the_work(tried: int, won: int) -> None:
    asked = rows(demos=(tried + won, won))
    once, twice = (plan(Target(revenue, "EUR", 0, WEEK * 10), asked, 5).steps for revenue in (10_000, 20_000))
    for one, two in zip(once, twice, strict=True):
        assert one.needed is not None and one.a_week is not None
        assert (two.needed, two.a_week) == pytest.approx((2 * one.needed, 2 * one.a_week))
