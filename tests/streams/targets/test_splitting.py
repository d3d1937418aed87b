"""Shares add up, exactly, and are as near to their proportion as whole steps allow."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from streams.targets.splitting import scaled, split

STEPS = st.sampled_from([Decimal(1), Decimal("0.01"), Decimal("0.000000000001")])
WEIGHTS = st.lists(st.fractions(min_value=0, max_value=1000, max_denominator=28_800_000), min_size=1, max_size=30)


@given(st.integers(-(10**15), 10**15), WEIGHTS, STEPS)
def test_shares_add_up_to_the_whole_and_none_is_a_step_off(steps: int, weights: list[Fraction], step: Decimal) -> None:
    whole = steps * step
    shares = split(whole, weights, step)
    assert sum(shares) == whole
    total = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        exact = Fraction(whole) * (weight / total if total else Fraction(1, len(weights)))
        assert abs(Fraction(share) - exact) < Fraction(step) and share % step == 0


@given(st.integers(0, 10**9), WEIGHTS)
def test_who_weighs_nothing_gets_nothing_while_another_weighs_something(steps: int, weights: list[Fraction]) -> None:
    shares = split(Decimal(steps), weights, Decimal(1))
    assert not any(weights) or all(share == 0 for share, weight in zip(shares, weights, strict=True) if not weight)


def test_the_largest_remainders_get_what_is_left_and_the_earlier_of_two_equal_ones() -> None:
    thirds = [Fraction(1)] * 3
    assert split(Decimal(10), thirds, Decimal(1)) == [4, 3, 3]
    assert split(Decimal(11), thirds, Decimal(1)) == [4, 4, 3]
    assert split(Decimal(10), [Fraction(5), Fraction(6), Fraction(1)], Decimal(1)) == [4, 5, 1]
    assert split(Decimal("0.10"), thirds, Decimal("0.01")) == [Decimal("0.04"), Decimal("0.03"), Decimal("0.03")]
    assert split(Decimal(7), [Fraction(0)] * 2, Decimal(1)) == [4, 3]


def test_a_share_of_a_value_is_in_whole_steps() -> None:
    assert scaled(Decimal("100.05"), Fraction(1, 2), Decimal("0.01")) == Decimal("50.02")
    assert scaled(Decimal(10), Fraction(2, 3), Decimal(1)) == 7
