"""The sum of a cell, taken apart by KPI, and what changed in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.accumulators import SLOTS, Vector, total
from streams.sums import CellSum, joined

slots = st.sampled_from([0, 1, SLOTS - 1, SLOTS, SLOTS + 7, 5 * SLOTS])
deltas = st.lists(st.dictionaries(slots, st.integers(-2, 2), max_size=4), max_size=4)


@given(deltas, deltas)
def test_rows_are_made_of_the_sum_of_all_that_was_added(earlier: list[Vector], later: list[Vector]) -> None:
    held = CellSum({})
    for added in (earlier, later):
        for delta in added:
            held.add(delta)
        held.take()
    assert joined(held.parts) == total([*earlier, *later])
    assert all(held.parts.values())


@given(deltas, deltas)
def test_what_rows_were_made_of_before_is_known_of_each_kpi(earlier: list[Vector], later: list[Vector]) -> None:
    held = CellSum.of(total(earlier))
    for delta in later:
        held.add(delta)
    change = held.take()
    before = {position: held.before(position, change) for position in range(6)}
    assert joined(before) == total(earlier)
    assert joined(change) == {slot: amount for slot, amount in total(later).items() if amount}


@given(deltas, deltas)
def test_a_sum_is_led_to_another_whatever_was_pending(earlier: list[Vector], later: list[Vector]) -> None:
    held = CellSum.of(total(earlier))
    for delta in later:
        held.add(delta)
    held.change_to(total(later))
    held.take()
    assert joined(held.parts) == total(later)
