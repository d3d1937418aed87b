"""Periods as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.simulator.reading import millis
from deploy.targets.periods import period, worded
from schemas.policy_values import DAY


@pytest.mark.parametrize(
    ("text", "first", "until"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-W01", "2025-12-29", "2026-01-05"),
        ("2026-W53", "2026-12-28", "2027-01-04"),
        ("2026-03-02", "2026-03-02", "2026-03-03"),
        ("2026-03-02..2026-04-13", "2026-03-02", "2026-04-13"),
    ],
)
def test_a_period_is_from_its_first_day_to_the_day_after_its_last(text: str, first: str, until: str) -> None:
    assert period(text, "UTC") == (millis(f"{first}T00:00:00Z"), millis(f"{until}T00:00:00Z"))
    assert worded(*period(text, "UTC"), "UTC") == text


def test_days_are_those_of_the_time_zone() -> None:
    assert period("2026-03", "Europe/Berlin") == (millis("2026-02-28T23:00:00Z"), millis("2026-03-31T22:00:00Z"))


@given(st.integers(0, 30_000), st.integers(1, 800), st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo"]))
def test_what_is_said_of_a_period_is_the_period(first: int, days: int, timezone: str) -> None:
    whole = "{}..{}".format(*(_day((first + n) * DAY) for n in (0, days)))
    assert period(worded(*period(whole, timezone), timezone), timezone) == period(whole, timezone)


def _day(at: int) -> str:
    from schemas.results import timestamp

    return timestamp(at)[:10]


@pytest.mark.parametrize(
    "text", ["", "26", "2026-Q5", "2026-13", "2026-W54", "2026-02-30", "2026-03-02..", "March", "2026-1", "0000"]
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a period such as 2026, 2026-Q1.*not"):
        period(text, "UTC")


def test_a_period_that_ends_before_it_begins_is_none() -> None:
    with pytest.raises(ValueError, match="the first day before"):
        period("2026-03-02..2026-03-02", "UTC")
