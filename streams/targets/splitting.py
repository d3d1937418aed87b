"""Shares that add up: the method of the largest remainder."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction


def split(whole: Decimal, weights: Sequence[Fraction], step: Decimal) -> list[Decimal]:
    """Shares of ``whole`` in proportion to weights of 0 or more, each in whole steps; they add up to it exactly.

    ``whole`` must itself be in steps. What is left by rounding down goes, a step each, to the largest remainders, the
    earlier of two equal ones first. Where nothing weighs anything, everything weighs the same.
    """
    total = sum(weights)
    if not total:
        weights, total = [Fraction(1)] * len(weights), Fraction(len(weights))
    steps = int(whole / step)
    exact = [steps * weight / total for weight in weights]
    shares = [share.numerator // share.denominator for share in exact]
    by_remainder = sorted(range(len(shares)), key=lambda place: shares[place] - exact[place])
    for place in by_remainder[: steps - sum(shares)]:
        shares[place] += 1
    return [share * step for share in shares]


def scaled(value: Decimal, share: Fraction, step: Decimal) -> Decimal:
    """A share of a value, to the nearest step; of two equally near ones the even."""
    return round(Fraction(value) / Fraction(step) * share) * step
