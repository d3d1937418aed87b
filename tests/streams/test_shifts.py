"""Shifts as they follow each other on the wall clock."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given

from schemas.policy import Hours
from schemas.policy_values import DAY
from streams.shifts import shifts_between
from tests.streams.opening_hours import HOUR, hours, opening_hours

MONDAY = 20_514
"""2026-03-02 in days since 1970."""


@given(opening_hours())
def test_shifts_neither_overlap_nor_does_a_day_come_again(case: tuple[Hours, int]) -> None:
    day = case[1] // DAY
    found = shifts_between(case[0], day - 7, day + 7)
    for (earlier, _, end), (later, start, _) in pairwise(found):
        assert earlier <= later
        assert end <= start


def test_what_two_shifts_share_belongs_to_the_one_that_begins_first() -> None:
    both = hours(week={"mon": ["22:00-06:00"], "tue": ["05:00-14:00"]})
    assert shifts_between(both, MONDAY, MONDAY + 6) == [
        (MONDAY, MONDAY * DAY + 22 * HOUR, MONDAY * DAY + 30 * HOUR),
        (MONDAY + 1, MONDAY * DAY + 30 * HOUR, MONDAY * DAY + 38 * HOUR),
    ]


def test_after_a_shift_in_the_break_of_the_night_the_rest_of_it_counts_for_the_new_day() -> None:
    broken = hours(week={"mon": ["22:00-06:00"], "tue": ["01:00-02:00"]}, breaks={"mon": ["00:30-02:30"]})
    assert [day - MONDAY for day, _, _ in shifts_between(broken, MONDAY, MONDAY + 6)] == [0, 1, 1]
