"""Every recorded KPI on the real engine against plain Python: repeats, late corrections, merges, several currencies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import inf
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from clickhouse_connect.driver.client import Client

from agents.targets import breakdown, stand
from schemas.policy import NOTHING
from schemas.recorded_kpis import RECORDED, RecordedKpi, by_name
from schemas.results import timestamp
from schemas.settings import Settings
from sinks.clickhouse.recorded_kpis.queries import rows
from sinks.clickhouse.recorded_kpis.views import create
from sinks.clickhouse.schema import connect, migrate
from tests.conftest import at
from tests.sinks.recorded_kpis.examples import assert_shown
from tests.sinks.recorded_kpis.floor import days_of_replies, told
from tests.sinks.recorded_kpis.oracle import (
    FIRST,
    ORACLE,
    WITH_ROWS,
    Case,
    Period,
    churn_alarm,
    marginal_gain,
    target_plan,
)
from tests.sinks.recorded_kpis.world import World
from tests.sinks.test_reconciliation import publish, record

ZONE: Final = ZoneInfo("Europe/Berlin")
SETTINGS: Final = Settings(
    timezone="Europe/Berlin", cycle_bands="3d,8d", observed_ratios="roas=revenue/spend", _env_file=None
)
STREAMED: Final = list(days_of_replies(3))
OFTEN: Final = (("month", "2025-02-10", "2025-03-02"), ("week", "2025-02-24", "2025-03-17"))
OTHERS: Final = (
    ("quarter", "2025-03-31", "2025-04-01"),
    ("custom", "2025-02-11", "2025-03-07"),
    ("day", "2025-03-28", "2025-04-01"),
)
TOLD: Final = (7, 160)
ASKED: Final = {
    "churn_alarm": ("week", "2025-06-02", "2025-06-02"),
    "marginal_gain": ("custom", "2025-01-06", "2025-04-28"),
    "target_plan": ("custom", "2025-03-20", "2025-04-01"),
}
"""When those are looked at that a month says little of."""
SERIES: Final = ("churn_alarm", "marginal_gain", "target_plan")


@pytest.fixture(scope="module")
def world() -> World:
    return World(told(*TOLD), SETTINGS)


def firm(clickhouse: str) -> Client:
    """A database with the events in it, some of them before and some after the views were made."""
    found, lines = connect(at(f"{clickhouse}/recorded")), told(*TOLD)
    migrate(found, SETTINGS)
    record(found, lines[:1000])
    create(found, SETTINGS)
    record(found, lines[700:])
    publish(found, STREAMED)
    stand(found, SETTINGS, breakdown(SETTINGS, NOTHING), in_millis(local("2025-06-01")))
    return found


@pytest.fixture(scope="module")
def client(clickhouse: str) -> Iterator[Client]:
    found = firm(clickhouse)
    yield found
    found.close()


def looked_at(client: Client, kpi: RecordedKpi) -> list[dict[str, Any]]:
    """The rows of which the reference page has one."""
    period, since, until = ASKED.get(kpi.name, OFTEN[0])
    return rows(client, kpi, in_millis(local(since)), in_millis(local(until)), period, kpi.scopes[0])


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def in_millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def begins(period: str, at: datetime, steps: int) -> datetime:
    """The beginning of the calendar period that is ``steps`` after the one of ``at``."""
    day = datetime(at.year, at.month, at.day, tzinfo=UTC)
    if period == "day":
        moved = day + timedelta(days=steps)
    elif period == "week":
        moved = day - timedelta(days=day.weekday()) + timedelta(weeks=steps)
    else:
        months = {"month": 1, "quarter": 3, "year": 12}[period]
        count = (day.year * 12 + day.month - 1) // months * months + steps * months
        moved = datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)
    return moved.replace(tzinfo=ZONE)


def periods(period: str, since: str, until: str) -> list[Period]:
    """Every period from two before the first to the last."""
    first, end = local(since), in_millis(local(until))
    if period == "custom":
        long = end - in_millis(first)
        return [(in_millis(first) + i * long, in_millis(first) + (i + 1) * long) for i in range(-FIRST, 1)]
    found: list[Period] = []
    for step in range(-FIRST, 100):
        start = in_millis(begins(period, first, step))
        if start >= end:
            break
        found.append((start, in_millis(begins(period, first, step + 1))))
    return found


Sums = dict[tuple[int, str, str, str], list[Fraction]]


def summed(cases: Iterator[Case], scope: str, spans: list[Period]) -> Sums:
    """(place of the period, who, of, currency) → numerator, denominator, n."""
    found: Sums = defaultdict(lambda: [Fraction(0), Fraction(0), Fraction(0)])
    for case in cases:
        for place, (start, end) in enumerate(spans):
            if start <= case.at < end:
                who = "all" if scope == "all" else case.dimensions.get(scope) or "unknown"
                n = int(case.denominator) if case.n is None else case.n
                parts = found[place, who, case.of, case.currency]
                for i, part in enumerate((case.numerator, case.denominator, n)):
                    parts[i] += Fraction(part)
    return found


def value(kpi: RecordedKpi, parts: list[Fraction]) -> Fraction | None:
    numerator, denominator, _ = parts
    if kpi.kind in ("sum", "estimate", "rank") or (kpi.kind == "folded" and not denominator):
        return numerator
    if kpi.name == "pipeline_coverage" and denominator < 0:
        return None
    return numerator / denominator if denominator else None


Row = tuple[Any, int, Any, int]
"""Value and n, those of the period before."""


def expected(kpi: RecordedKpi, cases: Iterator[Case], scope: str, spans: list[Period]) -> dict[tuple[str, ...], Row]:
    sums = summed(cases, scope, spans)

    def at(place: int, who: str, of: str, currency: str, before: int = 0) -> tuple[Fraction | None, int]:
        parts = sums.get((place - before, who, of, currency), [Fraction(0)] * 3)
        is_over = before and kpi.kind == "estimate" and not parts[2]
        return None if is_over else value(kpi, parts), int(parts[2])

    found = {(place + later, who, of, money) for place, who, of, money in sums for later in (0, 1)}
    return {
        (timestamp(spans[place][0]), who, of, currency): (
            *at(place, who, of, currency),
            *at(place, who, of, currency, before=1),
        )
        for place, who, of, currency in found
        if FIRST <= place < len(spans)
    }


def about(number: Any) -> Any:
    return None if number is None else pytest.approx(float(number), rel=1e-9, abs=1e-9)


def compared(client: Client, world: World, kpi: RecordedKpi, asked: tuple[str, str, str], scope: str) -> int:
    period, since, until = asked
    spans = periods(period, since, until)
    cases = (
        ORACLE[kpi.name](world, spans, scope)
        if kpi.name in ORACLE
        else WITH_ROWS[kpi.name](world, spans, scope, STREAMED)
    )
    wanted = expected(kpi, cases, scope, spans)
    found = rows(client, kpi, in_millis(local(since)), in_millis(local(until)), period, scope)
    if asked == OFTEN[0] and scope == kpi.scopes[0]:
        assert_shown(found)
    got = {
        (row["start"], row["who"], row["of"], row["currency"]):
            (row["value"] and float(row["value"]), row["n"], row["before"], row["before_n"])
        for row in found
    }  # fmt: skip
    assert len(got) == len(found)
    told = {name: (about(a), n, about(b), m) for name, (a, n, b, m) in wanted.items()}
    assert {name: told[name] for name in sorted(told)} == {name: got[name] for name in sorted(got)}
    return sum(row["n"] for row in found)


@pytest.mark.parametrize("name", [kpi.name for kpi in RECORDED if kpi.name not in SERIES])
def test_every_kpi_is_what_python_makes_of_the_events(client: Client, world: World, name: str) -> None:
    kpi, place = by_name[name], list(by_name).index(name)
    n = compared(client, world, kpi, OFTEN[0], kpi.scopes[0])
    assert n, "there is something to compare"
    scope = kpi.scopes[1 + place % (len(kpi.scopes) - 1)] if len(kpi.scopes) > 1 else kpi.scopes[0]
    compared(client, world, kpi, OTHERS[place % 3] if place % 4 else OFTEN[1], scope)


def test_cancellations_are_beside_the_twelve_weeks_before(client: Client, world: World) -> None:
    start, week = in_millis(local("2025-06-02")), 7 * 86_400_000
    found = looked_at(client, by_name["churn_alarm"])
    assert_shown(found)
    wanted = churn_alarm(world, start, week)
    limits = {row["who"]: (int(row["value"]), row["n"], row["statistics"].get("limit")) for row in found}
    assert limits == {who: (churned, n, about(limit)) for who, (churned, n, limit) in wanted.items()}
    assert len(limits) > 1


def test_the_page_has_the_gain_of_the_week(client: Client) -> None:
    assert_shown(looked_at(client, by_name["marginal_gain"]))


@pytest.mark.parametrize("scope", ["all", "team"])
def test_a_plan_is_measured_in_the_year_before(client: Client, world: World, scope: str) -> None:
    at, end = (in_millis(local(day)) for day in ASKED["target_plan"][1:])
    found = rows(client, by_name["target_plan"], at, end, "custom", scope)
    if scope == "all":
        assert_shown(found)
    wanted = target_plan(world, at, scope)
    got = {(row["who"], row["of"], row["currency"]): row["statistics"] | {"n": row["n"]} for row in found}
    assert {name for name, one in got.items() if one["n"]} == set(wanted)
    # Student's t is right to one per cent of it.
    for name, numbers in wanted.items():
        near = {key: pytest.approx(number, rel=0.02 if key in ("mean_high", "each_low") else 1e-9)
                for key, number in numbers.items() if number != inf}  # fmt: skip
        assert {key: got[name][key] for key in near} == near, name
    assert {step for _, step, _ in wanted} == {"deals_won", "opportunities", "proposals", "demos", "calls"}


@pytest.mark.parametrize("scope", ["all", "team"])
def test_gains_are_straight_lines_through_the_weeks(client: Client, world: World, scope: str) -> None:
    first, last = local("2025-01-13"), local("2025-05-05")
    mondays = [in_millis(begins("week", first, n)) for n in range(17)]
    assert mondays[-1] == in_millis(last)
    found = rows(client, by_name["marginal_gain"], mondays[0], mondays[-1], "custom", scope)
    gains = {
        (row["who"], row["of"], row["currency"]): (row["value"], row["n"], row["statistics"].get("mean"))
        for row in found
        if row["n"]
    }
    wanted = marginal_gain(world, STREAMED, scope, mondays)
    assert gains == {name: (about(gain), n, about(mean)) for name, (gain, n, mean) in wanted.items()}
    assert len(gains) > 10


def test_nothing_changes_when_parts_are_merged(client: Client, world: World) -> None:
    for table in ("events", "observations", "targets", "kpis"):
        client.command(f"OPTIMIZE TABLE {table} FINAL")
    for name in ("mrr", "nps", "quota_attainment"):
        compared(client, world, by_name[name], OFTEN[0], by_name[name].scopes[0])
