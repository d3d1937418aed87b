"""Attainment, pace and the projected end, by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas.events import Millis
from schemas.targets import Aim
from streams.targets.progress import Progress, rows
from tests.streams.targets.office import berlin, staff

START, END = berlin("2026-03-01"), berlin("2026-04-01")
NOON = berlin("2026-03-16T13:00")
"""Ten working days and a half of 22."""


def progress(kpi: str, value: Any, actual: Any, at: Millis = NOON, who: str = "emea", **more: Any) -> Progress:
    aim = Aim("s", kpi, "team", who, who, "", START, END, Decimal(value), Decimal(value), **more)
    attained = None if actual is None else float(actual) / float(value)
    elapsed = staff().elapsed("team", who, who, START, END, at)
    measured = None if actual is None else Decimal(actual)
    return Progress(aim, at, measured, attained, 5, elapsed, kpi not in ("reply_rate", "lead_response_time"))


def test_the_share_of_a_period_that_is_over_is_of_working_time() -> None:
    half = staff().elapsed
    assert half("team", "emea", "emea", START, END, NOON) == 10.5 / 22
    assert half("team", "emea", "emea", START, END, START - 1) == 0
    assert half("team", "emea", "emea", START, END, END) == 1
    assert half("team", "emea", "emea", START, END, berlin("2026-06-01")) == 1
    assert half("rep", "r-2", "emea", START, END, NOON) == pytest.approx(0.5 / 11.5), "away until the 16th"
    sunday = berlin("2026-03-08")
    assert half("team", "emea", "emea", sunday, sunday + 100, sunday + 25) == 0.25, "nobody works: by the clock"


def test_ahead_is_more_than_what_an_even_pace_would_have_reached() -> None:
    found = progress("deals_won", 44, 42)
    assert (found.expected, found.pace, found.projected) == (21, 2, 88)
    assert progress("deals_won", 44, 42, END).pace == pytest.approx(42 / 44)


def test_fewer_than_expected_is_ahead_where_low_is_good() -> None:
    assert progress("deals_lost", 44, 7).pace == 3


def test_a_level_is_expected_from_the_first_day_on() -> None:
    found = progress("reply_rate", "0.3", "0.15")
    assert (found.pace, found.projected) == (0.5, 0.15)
    assert progress("lead_response_time", 300, 150).pace == 2


def test_nothing_is_said_before_there_is_anything_to_say_it_of() -> None:
    early, unmeasured = progress("deals_won", 44, 0, START), progress("reply_rate", "0.3", None)
    assert (early.pace, early.projected) == (None, None)
    assert (unmeasured.pace, unmeasured.projected) == (None, None)


def test_rows_name_what_they_are_of_and_what_they_rest_on() -> None:
    attainment, pace, projected = rows(progress("won_amount", "44000.50", "21000"), final_after=0)
    assert attainment.key == (
        b'["target_attainment","team",{"kpi":"won_amount","team":"emea"},"target","2026-02-28T23:00:00Z"]'
    )
    assert (attainment.numerator, attainment.denominator, attainment.count) == ("21000", "44000.5", 5)
    assert (attainment.basis, pace.basis, projected.basis) == ("closed", "business_time", "business_time")
    assert projected.value == "44000.00" and pace.denominator == pytest.approx(44000.50 * 10.5 / 22)
    assert attainment.statistics["elapsed"] == 10.5 / 22 and not attainment.final


def test_a_row_is_final_once_nothing_on_time_can_change_it() -> None:
    [finals] = {row.final for row in rows(progress("deals_won", 44, 42, END + 5), final_after=5)}
    assert finals
    assert not any(row.final for row in rows(progress("deals_won", 44, 42, END + 4), final_after=5))


def test_a_week_has_rows_of_its_own() -> None:
    week = next(rows(progress("deals_won", 44, 42, level="week"), final_after=0))
    assert week.window == "week" and b'"week"' in week.key
