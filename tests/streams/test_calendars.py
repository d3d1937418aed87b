"""Business calendars as a person reads them."""

from __future__ import annotations

import pytest

from schemas.policy_values import DAY, MINUTE
from streams.calendars import NEVER, Calendar
from tests.streams.opening_hours import HOUR, at, hours, local

BERLIN = "Europe/Berlin"
NIGHTS = {"mon-sun": ["22:00-06:00"]}


def due_in_days(calendar: Calendar, start: int, count: int = 1) -> int:
    return calendar.add(start, calendar.days(start, count))


# The week of 2026-03-02, a Monday: no holiday, no change of clocks.
@pytest.mark.parametrize(
    ("start", "duration", "due"),
    [
        ("2026-03-02T11:00", 4 * HOUR, "Mon 2026-03-02 15:00"),
        ("2026-03-02T15:00", 4 * HOUR, "Tue 2026-03-03 11:00"),
        ("2026-03-06T16:00", 4 * HOUR, "Mon 2026-03-09 12:00"),
        ("2026-03-07T12:00", 4 * HOUR, "Mon 2026-03-09 13:00"),
        ("2026-03-02T07:00", 4 * HOUR, "Mon 2026-03-02 13:00"),
        ("2026-03-02T09:00", 8 * HOUR, "Mon 2026-03-02 17:00"),
        ("2026-03-02T17:00", 0, "Mon 2026-03-02 17:00"),
        ("2026-03-02T20:00", 0, "Mon 2026-03-02 20:00"),
        ("2026-03-02T20:00", 1 * MINUTE, "Tue 2026-03-03 09:01"),
    ],
)
def test_a_length_of_business_time_passes_while_the_office_is_open(start: str, duration: int, due: str) -> None:
    assert local(Calendar(hours()).add(at(start), duration)) == due


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-03-03T11:00", "Wed 2026-03-04 11:00"),
        ("2026-03-06T11:00", "Mon 2026-03-09 11:00"),
        ("2026-03-07T12:00", "Mon 2026-03-09 17:00"),
        ("2026-03-03T20:00", "Wed 2026-03-04 17:00"),
        ("2026-03-03T07:00", "Tue 2026-03-03 17:00"),
    ],
)
def test_a_business_day_ends_at_the_same_time_on_the_next_or_when_a_whole_one_is_over(start: str, due: str) -> None:
    assert local(due_in_days(Calendar(hours()), at(start))) == due


def test_a_business_day_is_a_day_of_the_calendar_whatever_its_length() -> None:
    calendar = Calendar(hours(week={"mon": ["09:00-17:00"], "tue": ["09:00-12:00"], "wed": ["08:00-20:00"]}))
    assert local(due_in_days(calendar, at("2026-03-02T11:00"))) == "Tue 2026-03-03 11:00"
    assert local(due_in_days(calendar, at("2026-03-02T15:00"))) == "Tue 2026-03-03 12:00"
    assert local(due_in_days(calendar, at("2026-03-02T15:00"), 2)) == "Wed 2026-03-04 15:00"
    assert local(due_in_days(calendar, at("2026-03-04T11:00"))) == "Mon 2026-03-09 11:00"


def test_answered_outside_hours_took_no_business_time() -> None:
    calendar = Calendar(hours())
    assert calendar.between(at("2026-03-06T17:00"), at("2026-03-09T09:00")) == 0
    assert calendar.between(at("2026-03-07T10:00"), at("2026-03-07T11:30")) == 0


def test_an_answer_before_its_question_took_no_time() -> None:
    assert Calendar(hours()).between(at("2026-03-02T11:00"), at("2026-03-02T10:00")) == 0


def test_a_lunch_break_is_no_business_time() -> None:
    calendar = Calendar(hours(breaks={"mon-thu": ["12:30-13:15"]}))
    assert calendar.between(at("2026-03-02T12:00"), at("2026-03-02T14:00")) == 75 * MINUTE
    assert calendar.between(at("2026-03-06T12:00"), at("2026-03-06T14:00")) == 120 * MINUTE
    assert local(calendar.add(at("2026-03-02T12:00"), 30 * MINUTE)) == "Mon 2026-03-02 12:30"
    assert local(calendar.add(at("2026-03-02T12:00"), 31 * MINUTE)) == "Mon 2026-03-02 13:16"


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    calendar = Calendar(hours(week={"mon": ["22:00-06:00"]}, breaks={"mon": ["02:00-02:30"]}))
    assert calendar.between(at("2026-03-02T00:00"), at("2026-03-09T00:00")) == 7 * HOUR + 30 * MINUTE
    assert calendar.openings(at("2026-03-02T00:00"), at("2026-03-09T00:00")) == [
        (at("2026-03-02T22:00"), at("2026-03-03T02:00")),
        (at("2026-03-03T02:30"), at("2026-03-03T06:00")),
    ]
    assert local(due_in_days(calendar, at("2026-03-03T03:00"))) == "Tue 2026-03-10 03:00"


def test_a_holiday_drops_the_night_shift_that_begins_on_it_and_not_the_one_that_ends_on_it() -> None:
    calendar = Calendar(hours(BERLIN, NIGHTS, holidays=["DE"]))
    assert [
        local(opening, BERLIN) for opening, _ in calendar.openings(at("2025-12-24T12:00"), at("2025-12-28T12:00"))
    ] == [
        "Wed 2025-12-24 22:00",
        "Sat 2025-12-27 22:00",
    ]


def test_a_night_shift_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    calendar = Calendar(hours(BERLIN, NIGHTS))
    for evening, morning, worked in (
        ("2026-03-28T22:00", "2026-03-29T06:00", 7),
        ("2026-10-24T22:00", "2026-10-25T06:00", 9),
        ("2026-06-01T22:00", "2026-06-02T06:00", 8),
    ):
        assert calendar.between(at(evening, BERLIN), at(morning, BERLIN)) == worked * HOUR
        assert calendar.add(at(evening, BERLIN), worked * HOUR) == at(morning, BERLIN)


def test_by_day_a_night_shift_is_of_the_evening() -> None:
    calendar, evening = Calendar(hours(BERLIN, NIGHTS)), at("2026-06-01T22:00", BERLIN)
    found = calendar.by_day(evening, evening + 12 * HOUR)
    assert list(found.values()) == [8 * HOUR] and list(found) == [at("2026-06-01T00:00") // DAY]


def test_hours_that_the_clock_leaps_over_are_no_business_time() -> None:
    calendar = Calendar(hours(BERLIN, {"sun": ["02:00-03:00"]}))
    assert calendar.between(at("2026-03-29T00:00", BERLIN), at("2026-03-30T00:00", BERLIN)) == 0
    assert local(calendar.add(at("2026-03-28T12:00", BERLIN), HOUR), BERLIN) == "Sun 2026-04-05 03:00"


def test_hours_that_the_clock_repeats_are_business_time_twice() -> None:
    calendar = Calendar(hours(BERLIN, {"sun": ["02:15-02:45"]}))
    assert calendar.openings(at("2026-10-25T00:00", BERLIN), at("2026-10-26T00:00", BERLIN)) == [
        (at("2026-10-25T00:15"), at("2026-10-25T00:45")),
        (at("2026-10-25T01:15"), at("2026-10-25T01:45")),
    ]


def test_a_business_day_over_a_change_of_clocks_ends_at_the_same_time_of_day() -> None:
    calendar = Calendar(hours(BERLIN, {"mon-sun": ["00:00-24:00"]}))
    for saturday in ("2026-03-28T11:00", "2026-10-24T11:00"):
        assert local(due_in_days(calendar, at(saturday, BERLIN)), BERLIN)[-5:] == "11:00"
    assert calendar.days(at("2026-03-28T11:00", BERLIN), 1) == 23 * HOUR
    assert calendar.days(at("2026-10-24T11:00", BERLIN), 1) == 25 * HOUR
    assert local(due_in_days(calendar, at("2026-03-28T02:30", BERLIN)), BERLIN) == "Sun 2026-03-29 03:00"


def test_a_half_day_ends_early() -> None:
    calendar = Calendar(hours(dates={"2026-03-03": ["09:00-12:00"]}))
    assert calendar.between(at("2026-03-03T00:00"), at("2026-03-04T00:00")) == 3 * HOUR
    assert local(calendar.add(at("2026-03-02T15:00"), 6 * HOUR)) == "Wed 2026-03-04 10:00"


def test_a_half_day_of_every_year_opens_no_sunday_and_no_holiday() -> None:
    calendar = Calendar(hours(dates={"12-24": ["09:00-12:00"], "12-25": ["09:00-12:00"]}, holidays=["DE"]))
    assert calendar.between(at("2026-12-24T00:00"), at("2026-12-27T00:00")) == 3 * HOUR  # a Thursday
    assert calendar.between(at("2028-12-24T00:00"), at("2028-12-25T00:00")) == 0  # a Sunday


def test_a_date_with_its_year_opens_a_saturday_or_a_holiday() -> None:
    calendar = Calendar(hours(dates={"2026-03-07": ["10:00-14:00"], "2026-12-25": ["10:00-12:00"]}, holidays=["DE"]))
    assert calendar.between(at("2026-03-07T00:00"), at("2026-03-09T00:00")) == 4 * HOUR
    assert calendar.between(at("2026-12-25T00:00"), at("2026-12-26T00:00")) == 2 * HOUR


def test_a_date_of_ones_own_is_closed() -> None:
    calendar = Calendar(hours(dates={"2026-03-03": []}))
    assert calendar.between(at("2026-03-03T00:00"), at("2026-03-04T00:00")) == 0


def test_a_holiday_is_one_where_it_is_kept() -> None:
    epiphany = at("2026-01-06T00:00"), at("2026-01-07T00:00")
    assert Calendar(hours(holidays=["DE-BY"])).between(*epiphany) == 0
    assert Calendar(hours(holidays=["DE-BE"])).between(*epiphany) == 8 * HOUR
    assert Calendar(hours(holidays=["DE-BE", "DE-BY"])).between(*epiphany) == 0


def test_the_calendar_of_a_lead_is_the_same_hours_in_the_zone_of_the_lead() -> None:
    calendar = Calendar(hours(BERLIN), "America/New_York")
    assert local(calendar.add(at("2026-03-02T10:00", BERLIN), HOUR), "America/New_York") == "Mon 2026-03-02 10:00"


def test_round_the_clock_a_business_day_is_24_hours() -> None:
    calendar = Calendar(hours(week={"mon-sun": ["00:00-24:00"]}))
    assert calendar.days(at("2026-03-06T11:00"), 3) == 3 * DAY
    assert calendar.openings(at("2026-03-06T11:00"), at("2026-03-09T11:00")) == [
        (at("2026-03-06T11:00"), at("2026-03-09T11:00"))
    ]


def test_where_two_shifts_overlap_the_time_counts_once() -> None:
    calendar = Calendar(hours(week={"mon": ["22:00-06:00"], "tue": ["05:00-14:00"]}))
    assert calendar.between(at("2026-03-02T00:00"), at("2026-03-09T00:00")) == 16 * HOUR
    # Who starts in the shared hour works Monday's shift still, and is due in Tuesday's.
    assert local(due_in_days(calendar, at("2026-03-03T05:30"))) == "Tue 2026-03-03 14:00"


def test_where_midnight_is_repeated_the_day_before_is_not_a_business_day_again() -> None:
    havana = "America/Havana"  # at 01:00 on Sunday 2026-11-01 it is midnight again
    calendar = Calendar(hours(havana, {"sat": ["22:00-00:30"], "sun": ["00:30-08:00"]}))
    assert calendar.between(at("2026-10-31T12:00", havana), at("2026-11-01T12:00", havana)) == 11 * HOUR
    assert local(due_in_days(calendar, at("2026-10-31T22:30", havana), 2), havana) == "Sat 2026-11-07 22:30"


def test_a_shift_in_the_break_of_the_night_shift_before_it_counts() -> None:
    calendar = Calendar(hours(week={"mon": ["22:00-06:00"], "tue": ["01:00-02:00"]}, breaks={"mon": ["00:30-02:30"]}))
    assert calendar.between(at("2026-03-02T00:00"), at("2026-03-09T00:00")) == 7 * HOUR


def test_who_starts_in_the_small_hours_is_due_before_those_who_start_that_morning() -> None:
    calendar = Calendar(hours(week={"tue": ["22:00-06:00"], "thu-fri": ["00:30-08:00"]}))
    early, late = at("2026-03-04T02:00"), at("2026-03-04T07:00")
    assert local(due_in_days(calendar, early)) == local(due_in_days(calendar, late)) == "Thu 2026-03-05 08:00"


def test_a_pause_moves_the_deadline_by_the_business_time_in_it() -> None:
    calendar = Calendar(hours())
    start = at("2026-03-02T16:00")
    pauses = [(at("2026-03-02T16:30"), at("2026-03-03T10:00"))]
    assert local(calendar.add(start, 2 * HOUR, pauses)) == "Tue 2026-03-03 11:30"
    assert calendar.between(start, at("2026-03-03T11:30"), pauses) == 2 * HOUR
    assert calendar.openings(start, at("2026-03-03T11:30"), pauses) == [
        (start, at("2026-03-02T16:30")),
        (at("2026-03-03T10:00"), at("2026-03-03T11:30")),
    ]


def test_a_deadline_on_the_brink_of_a_pause_is_not_paused() -> None:
    start, pause = at("2026-03-02T10:00"), at("2026-03-02T11:00")
    assert Calendar(hours()).add(start, HOUR, [(pause, NEVER)]) == pause


def test_while_a_clock_stands_still_it_has_no_deadline() -> None:
    start, pause = at("2026-03-02T10:00"), at("2026-03-02T11:00")
    assert Calendar(hours()).add(start, HOUR + 1, [(pause, NEVER)]) == NEVER
    assert Calendar(hours()).between(start, at("2026-03-05T10:00"), [(pause, NEVER)]) == HOUR


def test_years_are_worked_out_when_they_are_asked_for() -> None:
    calendar = Calendar(hours())
    calendar.add(at("2026-03-02T10:00"), HOUR)
    assert calendar._years == range(2026, 2027)
