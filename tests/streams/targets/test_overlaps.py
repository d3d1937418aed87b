"""One target stands at each instant, whatever order they came in."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from schemas.targets import Target
from streams.targets.overlaps import standing, without


def aimed(start: int, end: int, time: int = 0, id: str = "a", who: str = "t-1") -> Target:
    return Target("", "deals_won", "team", who, "", start, end, Decimal(1), time, "cli", id, "ann")


@st.composite
def targets(draw: st.DrawFn) -> list[Target]:
    found = []
    for number in range(draw(st.integers(1, 8))):
        start = draw(st.integers(0, 20))
        end = start + draw(st.integers(1, 12))
        found.append(aimed(start, end, draw(st.integers(0, 2)), f"id-{number}", draw(st.sampled_from(["t-1", "t-2"]))))
    return found


def stands_at(at: int, line: Sequence[Target]) -> Target | None:
    """The rule as it is written: the shortest, of those the one set last."""
    there = [target for target in line if target.start <= at < target.end]
    return min(there, key=lambda t: (t.end - t.start, -t.time, [-ord(c) for c in t.id]), default=None)


@given(targets(), st.randoms(use_true_random=False))
def test_at_each_instant_the_shortest_stands_and_of_those_the_last_set(given: list[Target], random: Random) -> None:
    shuffled = random.sample(given, len(given))
    found = standing(shuffled)
    assert found == standing(given), "the order in which they came matters to nobody"
    assert sorted(map(repr, (one.target for one in found))) == sorted(map(repr, given)), "none is lost"
    for who in ("t-1", "t-2"):
        line = [target for target in given if target.who == who]
        for at in range(40):
            there = [one.target for one in found if one.target.who == who and _holds(one.spans, at)]
            expected = stands_at(at, line)
            assert there == ([] if expected is None else [expected])


def _holds(spans: tuple[tuple[int, int], ...], at: int) -> bool:
    return any(start <= at < end for start, end in spans)


def test_a_month_cuts_a_hole_into_its_quarter_and_the_quarter_says_what_made_it() -> None:
    quarter, month = aimed(0, 9), aimed(3, 6, id="month")
    of_month, of_quarter = standing([quarter, month])
    assert (of_month.spans, of_month.beaten_by) == (((3, 6),), ())
    assert (of_quarter.spans, of_quarter.beaten_by) == (((0, 3), (6, 9)), (month,))


def test_what_beats_a_target_is_only_what_stands_there() -> None:
    wide, middle, narrow = aimed(0, 9), aimed(2, 5, id="m"), aimed(2, 5, time=1, id="n")
    assert standing([wide, middle, narrow])[2].beaten_by == (narrow,)


def test_targets_of_different_currencies_or_people_leave_each_other_alone() -> None:
    assert all(len(one.spans) == 1 for one in standing([aimed(0, 9), aimed(0, 3, who="t-2")]))


def test_without_leaves_what_is_not_taken() -> None:
    assert without((0, 10), [(2, 4), (3, 5), (8, 12)]) == [(0, 2), (5, 8)]
    assert without((0, 10), [(0, 10)]) == []
    assert without((5, 6), [(0, 1), (9, 10)]) == [(5, 6)]
