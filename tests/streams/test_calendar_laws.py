"""What holds of every calendar, and that none disagrees with somebody who counts the minutes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.policy import Hours
from schemas.policy_values import DAY, MINUTE
from streams.calendars import Calendar
from tests.streams.opening_hours import HOUR, at, hours, open_minutes, opening_hours

law = settings(deadline=None)
slow = settings(deadline=None, max_examples=50)
calendars = opening_hours()
offsets = st.integers(-3 * DAY, 5 * DAY)
durations = st.one_of(st.integers(0, 3 * DAY), st.sampled_from([0, 1, 8 * HOUR, 40 * HOUR, 170 * HOUR]))
pauses = st.lists(st.tuples(offsets, st.integers(0, 2 * DAY)), max_size=3)


@slow
@given(calendars)
def test_business_time_is_what_counting_its_minutes_gives(case: tuple[Hours, int]) -> None:
    hours, near = case
    start, end = near - 2 * DAY, near + 4 * DAY
    minutes = open_minutes(hours, start, end)
    calendar = Calendar(hours)
    lines = calendar.openings(start, end)
    assert minutes == [minute for opening, closing in lines for minute in range(opening, closing, MINUTE)]
    assert calendar.between(start, end) == len(minutes) * MINUTE


@slow
@given(calendars, offsets, st.integers(1, 3 * DAY // MINUTE))
def test_a_deadline_is_the_end_of_the_last_minute_that_was_counted(
    case: tuple[Hours, int], offset: int, count: int
) -> None:
    hours, near = case
    start = near + offset // MINUTE * MINUTE
    minutes = open_minutes(hours, start, start + 4 * DAY)
    if count <= len(minutes):
        assert Calendar(hours).add(start, count * MINUTE) == minutes[count - 1] + MINUTE


@law
@given(calendars, offsets, durations)
def test_what_was_added_has_passed_and_not_a_millisecond_earlier(
    case: tuple[Hours, int], offset: int, duration: int
) -> None:
    calendar, start = Calendar(case[0]), case[1] + offset
    due = calendar.add(start, duration)
    assert calendar.between(start, due) == duration
    assert due == start or calendar.between(start, due - 1) == duration - 1


@law
@given(calendars, offsets, durations, pauses)
def test_the_same_holds_where_the_clock_stands_still_at_times(
    case: tuple[Hours, int], offset: int, duration: int, paused: list[tuple[int, int]]
) -> None:
    calendar, start = Calendar(case[0]), case[1] + offset
    still = sorted((case[1] + begins, case[1] + begins + length) for begins, length in paused)
    due = calendar.add(start, duration, still)
    assert calendar.between(start, due, still) == duration
    assert due == start or calendar.between(start, due - 1, still) == duration - 1
    assert due >= calendar.add(start, duration)
    assert sum(closing - opening for opening, closing in calendar.openings(start, due, still)) == duration
    assert sum(calendar.by_day(start, due, still).values()) == duration


@law
@given(calendars, offsets, offsets, durations, durations)
def test_later_or_longer_is_never_due_earlier(
    case: tuple[Hours, int], one: int, other: int, short: int, more: int
) -> None:
    calendar, (early, late) = Calendar(case[0]), sorted((case[1] + one, case[1] + other))
    assert calendar.add(early, short) <= calendar.add(late, short)
    assert calendar.add(early, short) <= calendar.add(early, short + more)


@law
@given(calendars, offsets, offsets, st.integers(1, 30))
def test_who_starts_later_is_never_due_earlier_in_business_days(
    case: tuple[Hours, int], one: int, other: int, count: int
) -> None:
    calendar, (early, late) = Calendar(case[0]), sorted((case[1] + one, case[1] + other))
    assert calendar.add(early, calendar.days(early, count)) <= calendar.add(late, calendar.days(late, count))
    assert 0 < calendar.days(early, count) <= calendar.days(early, count + 1)


@law
@given(calendars, offsets, durations, durations)
def test_adding_twice_is_adding_the_sum(case: tuple[Hours, int], offset: int, one: int, other: int) -> None:
    calendar, start = Calendar(case[0]), case[1] + offset
    assert calendar.add(calendar.add(start, one), other) == calendar.add(start, one + other)


@law
@given(calendars, st.lists(offsets, min_size=3, max_size=3).map(sorted))
def test_the_whole_is_the_sum_of_its_parts(case: tuple[Hours, int], cuts: list[int]) -> None:
    calendar, (start, cut, end) = Calendar(case[0]), (case[1] + offset for offset in cuts)
    assert calendar.between(start, end) == calendar.between(start, cut) + calendar.between(cut, end)


@slow
@given(calendars, st.lists(st.integers(-6 * 366 * DAY, 6 * 366 * DAY), min_size=4, max_size=4))
def test_it_does_not_matter_which_year_was_asked_for_first(case: tuple[Hours, int], offsets: list[int]) -> None:
    used = Calendar(case[0])
    for offset in offsets:
        start = case[1] + offset
        end = start + 9 * DAY
        fresh = Calendar(case[0])
        assert used.between(start, end) == fresh.between(start, end)
        assert used.days(start, 5) == fresh.days(start, 5)
    start, end = case[1] + min(offsets), case[1] + max(offsets)
    assert used.between(start, end) == Calendar(case[0]).between(start, end)


@pytest.mark.parametrize("shift", ["20:00-19:30", "00:30-24:00"])
@pytest.mark.parametrize("timezone", ["Etc/GMT+12", "UTC", "Pacific/Kiritimati"])
def test_no_minute_is_lost_or_counted_twice_where_years_meet(timezone: str, shift: str) -> None:
    daily = hours(timezone, {"mon-sun": [shift]})
    start, end = at("2026-12-29T00:00"), at("2027-01-04T00:00")
    calendar = Calendar(daily)
    assert calendar.between(start, end) == len(open_minutes(daily, start, end)) * MINUTE
    whole = calendar.openings(start, end)[1:-1]
    assert {closing - opening for opening, closing in whole} == {23 * HOUR + HOUR // 2}


@pytest.mark.parametrize("start", [at("1990-05-05T10:00+00:00"), at("2500-05-05T10:00+00:00")])
def test_outside_its_years_a_calendar_is_always_open_so_that_nothing_fails(start: int) -> None:
    calendar = Calendar(hours())
    assert calendar.between(start, start + DAY) == DAY
    assert calendar.days(start, 3) == 3 * DAY
    assert calendar.add(start, HOUR) == start + HOUR


def test_a_calendar_that_never_opens_is_due_after_its_last_year() -> None:
    assert Calendar(hours(week={})).add(at("2026-03-02T10:00"), HOUR) == at("2110-01-01T01:00")
