"""What stands, less absence, and the shares of reps and weeks: worked examples, and sums that are exact."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.policy_values import DAY
from schemas.targets import Aim, Scope, Target, step
from streams.targets.breakdown import Breakdown, weeks
from tests.streams.targets.office import berlin, staff

MARCH: Final = berlin("2026-03-01"), berlin("2026-04-01")
"""22 working days in Berlin."""
QUARTER: Final = berlin("2026-01-01"), berlin("2026-04-01")
BREAKDOWN: Final = Breakdown(staff(), ("spend",))


def target(value: Any, span: tuple[int, int] = MARCH, kpi: str = "deals_won", **more: Any) -> Target:
    who = more.pop("rep", None) or more.get("team") or "all"
    scope: Scope = "all" if who == "all" else "team" if who == more.get("team") else "rep"
    currency = "EUR" if kpi == "won_amount" else ""
    return Target(f"{kpi} {who} {span}", kpi, scope, who, currency, *span, Decimal(value), **more)


def values(aims: Iterable[Aim]) -> list[tuple[str, str, float]]:
    return [(aim.who, aim.origin, float(aim.value)) for aim in aims]


def test_the_target_of_a_rep_is_for_the_days_the_rep_is_there() -> None:
    """r-2 is away for ten of 22 days and for four hours of eight on an eleventh."""
    [aim] = BREAKDOWN.aims([target(44, rep="r-2")])
    assert (float(aim.value), float(aim.whole), aim.working_days, aim.present_days) == (23, 44, 22, 11.5)
    assert BREAKDOWN.aims([target(44, rep="r-1")])[0].value == 44
    assert BREAKDOWN.aims([target("0.44", kpi="reply_rate", rep="r-2")])[0].value == Decimal("0.44"), "a level stays"
    assert BREAKDOWN.aims([target(44, rep="nobody knows")])[0].value == 44


def test_a_team_s_target_goes_to_its_reps_by_the_days_they_are_there() -> None:
    """22, 11.5 and 10 days of 43.5 between them; a queue and another team's rep have no share."""
    aims = BREAKDOWN.aims([target(435, team="emea")])
    assert values(aims) == [
        ("r-1", "derived", 220), ("r-2", "derived", 115), ("r-3", "derived", 100), ("emea", "set", 435)
    ]  # fmt: skip
    assert {aim.team for aim in aims} == {"emea"}
    assert {aim.subject for aim in aims} == {aims[-1].subject}


def test_what_reps_have_of_their_own_is_taken_off_first() -> None:
    """r-2's 200 are 105 by absence; of the 330 left r-1 has 22 days of 32."""
    aims = BREAKDOWN.aims([target(435, team="emea"), target(200, rep="r-2")])
    assert values(aims)[:3] == [("r-1", "derived", 227), ("r-2", "set", 105), ("r-3", "derived", 103)]


def test_reps_who_have_more_of_their_own_than_the_team_leave_nothing_to_the_others() -> None:
    aims = BREAKDOWN.aims([target(100, team="emea"), target(300, rep="r-1")])
    assert values(aims)[:3] == [("r-1", "set", 300), ("r-2", "derived", 0), ("r-3", "derived", 0)]


def test_a_target_of_one_s_own_for_a_part_of_the_period_leaves_a_share_of_the_rest() -> None:
    first_half = MARCH[0], berlin("2026-03-16")
    aims = BREAKDOWN.aims([target(435, team="emea"), target(10, first_half, rep="r-1")])
    [own, rest] = [aim for aim in aims if aim.who == "r-1"]
    assert (own.origin, float(own.value), own.end) == ("set", 10, first_half[1])
    assert (rest.origin, rest.start, rest.end) == ("derived", own.end, MARCH[1])
    assert sum(aim.value for aim in aims if aim.scope == "rep") == 435


def test_a_level_is_the_same_for_everybody() -> None:
    aims = BREAKDOWN.aims([target("0.3", kpi="reply_rate", team="emea"), target("0.5", kpi="reply_rate", rep="r-1")])
    assert {(aim.who, aim.value) for aim in aims} == {
        ("emea", Decimal("0.3")), ("r-1", Decimal("0.5")), ("r-2", Decimal("0.3")), ("r-3", Decimal("0.3"))
    }  # fmt: skip


def test_a_quarter_keeps_the_share_of_the_days_that_no_month_stands_for() -> None:
    """The first quarter has 64 working days, its March 22: 42 are left."""
    aims = BREAKDOWN.aims([target(640, QUARTER), target(999, MARCH)])
    assert [(aim.start, aim.end, float(aim.value)) for aim in aims] == [(QUARTER[0], MARCH[0], 420), (*MARCH, 999)]


def test_the_days_that_a_month_takes_from_a_quarter_are_those_of_the_calendar_whoever_is_there() -> None:
    aims = BREAKDOWN.aims([target(640, QUARTER, rep="r-2"), target(22, MARCH, rep="r-2")])
    assert [float(aim.value) for aim in aims] == [420, 12]


def test_a_target_of_one_s_own_in_another_currency_is_another_target() -> None:
    of_rep = msgspec.structs.replace(target(300, kpi="won_amount", rep="r-1"), currency="USD")
    aims = BREAKDOWN.aims([target(435, kpi="won_amount", team="emea"), of_rep])
    assert [float(aim.value) for aim in aims if aim.who == "r-1"] == [220, 300]


def test_a_rep_works_by_the_calendar_of_the_directory_s_team() -> None:
    """Nine Saturdays and Sundays, or 22 weekdays."""
    days = [BREAKDOWN.staff.days("rep", rep, "emea", *MARCH)[0] for rep in ("elsewhere", "nobody knows")]
    assert days == [9, 22]


def test_shares_are_as_fine_as_the_target() -> None:
    assert sum(aim.value for aim in BREAKDOWN.aims([target("10.5", team="emea")]) if aim.scope == "rep") == Decimal(
        "10.5"
    )
    assert (step("deals_won", Decimal("10.5")), step("won_amount", Decimal("1e3"))) == (Decimal("0.1"), Decimal("0.01"))


def test_weeks_begin_on_monday_in_the_time_zone_and_are_cut_by_the_period() -> None:
    cut = weeks(*MARCH, "Europe/Berlin")
    assert cut[0] == (MARCH[0], berlin("2026-03-02")) and cut[-1] == (berlin("2026-03-30"), MARCH[1])
    assert len(cut) == 6 and cut[4] == (berlin("2026-03-23"), berlin("2026-03-30"))
    assert cut[4][1] - cut[4][0] == 7 * DAY - DAY // 24, "the clock is put forward in it"


def test_a_month_goes_to_its_weeks_by_their_working_days() -> None:
    """A Sunday, four weeks, two days: 0, 5, 5, 5, 5 and 2 of 22."""
    [aim] = BREAKDOWN.aims([target(220)])
    assert [part.value for part in BREAKDOWN.weekly(aim, weeks(*MARCH, "Europe/Berlin"))] == [0, 50, 50, 50, 50, 20]


def test_where_nobody_works_shares_are_equal() -> None:
    saturday = berlin("2026-03-07"), berlin("2026-03-09")
    aims = BREAKDOWN.aims([target(9, saturday, team="emea")])
    assert [aim.value for aim in aims] == [3, 3, 3, 9]


amounts = st.integers(0, 10**10).map(lambda cents: Decimal(cents) / 100)
spans = st.tuples(st.integers(0, 89), st.integers(1, 90)).map(
    lambda days: (QUARTER[0] + days[0] * DAY, QUARTER[0] + (days[0] + days[1]) * DAY)
)


@given(amounts, spans, st.lists(st.tuples(st.sampled_from(["r-1", "r-2"]), spans, amounts), max_size=4))
def test_what_a_team_has_is_what_its_reps_have(whole: Decimal, span: tuple[int, int], own: list[Any]) -> None:
    """Whatever reps have of their own, to the cent; never less than nothing."""
    of_reps = [target(value, period, "won_amount", rep=rep, id=str(n)) for n, (rep, period, value) in enumerate(own)]
    aims = BREAKDOWN.aims([target(whole, span, "won_amount", team="emea"), *of_reps])
    derived = [aim for aim in aims if aim.origin == "derived"]
    team = next(aim for aim in aims if aim.scope == "team")
    mine = [aim for aim in aims if aim.scope == "rep" and aim.origin == "set" and _meet(aim, team)]
    taken = sum((BREAKDOWN.within(aim, team) for aim in mine), Decimal(0))
    assert sum(aim.value for aim in derived) == max(whole - taken, 0)
    assert all(aim.value >= 0 and aim.value % step(aim.kpi, aim.value) == 0 for aim in derived)


def _meet(aim: Aim, other: Aim) -> bool:
    return aim.start < other.end and other.start < aim.end


@given(st.sampled_from(["won_amount", "deals_won", "observed.spend"]), st.integers(0, 10**6), spans, spans)
def test_weeks_and_pieces_add_up(kpi: str, value: int, span: tuple[int, int], other: tuple[int, int]) -> None:
    """Every target is split into what stands of it and what does not; every piece into its weeks."""
    for aim in BREAKDOWN.aims([target(value, span, kpi, rep="r-2"), target(7, other, kpi, rep="r-2")]):
        parts = BREAKDOWN.weekly(aim, weeks(aim.start, aim.end, "Europe/Berlin"))
        assert sum(part.value for part in parts) == aim.value and sum(part.whole for part in parts) == aim.whole
        assert (parts[0].start, parts[-1].end) == (aim.start, aim.end)
