"""Trailing windows of business time: how far back they reach."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import TRAILING
from schemas.events import Millis
from schemas.policy import PolicyFile
from schemas.results import timestamp
from streams.calendars import Calendar
from streams.policies import Policies
from streams.trailing import CELL, Trailing
from tests.policy_files import HEAD, parsed, policy
from tests.streams.opening_hours import at, hours

WEEK = parsed(
    HEAD.replace('[teams]', '[calendars.night]\ntimezone = "Europe/Berlin"\nhours.sun-thu = ["22:00-06:00"]\n[teams]')
    + policy("p", 1, whose='"team"')
    + policy("round", 1, clock='"contact"', target='"1 calendar hour"', calendar="")
    + policy("night", 1, clock='"rep_response"', calendar='"night"')
)  # fmt: skip


def begins(name: str, team: str | None, now: str, file: PolicyFile = WEEK) -> dict[str, str]:
    starts = Trailing(Policies(file))(name, team, at(now))
    return {window: timestamp(start) for window, start in zip(TRAILING, starts, strict=True)}


def test_business_time_reaches_back_over_nights_and_weekends() -> None:
    """Monday, 11:02 in Berlin, where an office is open from nine to five."""
    assert begins("p", None, "2026-03-02T10:02:00Z") == {
        "5m": "2026-03-02T09:55:00Z",
        "30m": "2026-03-02T09:30:00Z",
        "1h": "2026-03-02T09:00:00Z",
        "2h": "2026-03-02T08:00:00Z",
        "6h": "2026-02-27T12:00:00Z",
        "1d": "2026-02-27T10:00:00Z",
        "3d": "2026-02-25T10:00:00Z",
    }


def test_outside_hours_windows_end_where_business_ended_and_hold_what_falls_due_since() -> None:
    """Saturday night: what fell due in the last minutes of Friday is still in the last minutes of business."""
    assert begins("p", None, "2026-02-28T22:00:00Z") == {
        "5m": "2026-02-27T15:55:00Z",
        "30m": "2026-02-27T15:30:00Z",
        "1h": "2026-02-27T15:00:00Z",
        "2h": "2026-02-27T14:00:00Z",
        "6h": "2026-02-27T10:00:00Z",
        "1d": "2026-02-26T16:00:00Z",
        "3d": "2026-02-24T16:00:00Z",
    }


def test_a_night_shift_is_of_the_day_on_which_it_begins() -> None:
    """Tuesday, 01:00 in Berlin: of Monday's shift."""
    found = begins("night", None, "2026-03-03T00:00:00Z")
    assert (found["2h"], found["6h"]) == ("2026-03-02T22:00:00Z", "2026-03-02T02:00:00Z")
    assert (found["1d"], found["3d"]) == ("2026-03-02T00:00:00Z", "2026-02-26T00:00:00Z")


def test_without_a_calendar_all_time_counts() -> None:
    found = begins("round", "emea", "2026-03-02T10:02:00Z")
    assert (found["5m"], found["3d"]) == ("2026-03-02T09:55:00Z", "2026-02-27T10:00:00Z")
    assert begins("no such policy", None, "2026-03-02T10:02:00Z") == found


def test_a_team_has_the_calendar_that_its_clocks_run_on() -> None:
    teams = HEAD.replace('emea.calendar = "office"', 'emea.calendar = "24x7"')
    file = parsed(teams + policy("p", 1, whose='"team"'))
    assert begins("p", "emea", "2026-03-01T10:00:00Z", file)["1h"] == "2026-03-01T09:00:00Z"
    assert begins("p", "amer", "2026-03-01T10:00:00Z", file)["1h"] == "2026-02-27T15:00:00Z"
    assert begins("p", None, "2026-03-01T10:00:00Z", file)["1h"] == "2026-02-27T15:00:00Z"


def test_the_version_in_force_says_which_calendar() -> None:
    later = policy("p", 2, effective_from="2026-03-01T00:00:00Z", target='"4 calendar hours"', calendar="")
    file = parsed(HEAD + policy("p", 1) + later)
    assert begins("p", None, "2026-02-28T22:00:00Z", file)["1h"] == "2026-02-27T15:00:00Z"
    assert begins("p", None, "2026-03-01T22:00:00Z", file)["1h"] == "2026-03-01T21:00:00Z"
    assert begins("p", None, "2020-03-01T22:00:00Z", file)["1h"] == "2020-02-28T15:00:00Z"


@given(st.integers(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")))
def test_longer_windows_begin_earlier_and_all_at_the_start_of_five_minutes(now: Millis) -> None:
    for team in ("emea", None):
        starts = Trailing(Policies(WEEK))("p", team, now)
        assert list(starts) == sorted(starts, reverse=True)
        assert all(start % CELL == 0 and start <= now - CELL for start in starts)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Apia"])
@given(st.data())
def test_before_is_what_add_comes_back_from(zone: str, data: st.DataObject) -> None:
    """Of all instants from which on so much has passed it is the latest."""
    office = Calendar(hours(zone, {"mon-fri": ["09:00-12:00", "13:00-17:00"], "sat": ["22:00-02:00"]}))
    now = data.draw(st.integers(at("2011-01-01T00:00:00Z"), at("2012-12-31T00:00:00Z")))
    duration = data.draw(st.integers(1, 30 * 3_600_000))
    start = office.before(now, duration)
    assert office.between(start, now) == duration
    assert office.between(start + 1, now) == duration - 1


def test_days_before_go_back_over_holidays_and_the_turn_of_the_year() -> None:
    office = Calendar(hours("Europe/Berlin", holidays=["DE-BE"]))
    assert office.days_before(at("2026-01-02T10:00:00Z"), 3) == at("2025-12-29T10:00:00Z")
    assert office.days_before(at("2026-04-07T09:00:00Z"), 1) == at("2026-04-02T09:00:00Z")
    # In summer time since the 29th of March: eleven o'clock all the same.
    assert office.days_before(at("2026-03-30T09:00:00Z"), 1) == at("2026-03-27T10:00:00Z")
    assert office.days_before(at("2000-05-02T09:00:00Z"), 1) == at("2000-05-01T09:00:00Z")
