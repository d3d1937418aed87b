"""Figures of the kind *now* of deals: what accumulators made by ``streams.pipeline`` say at an instant."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate
from typing import Final

from schemas.catalogue import index_of
from schemas.events import Millis
from streams.accumulators import SLOTS, Vector
from streams.figures import Figures, duration
from streams.kinds import BUSINESS, summed
from streams.money import decimal
from streams.pipeline import (
    AMOUNTS,
    CYCLE_SUM,
    CYCLES,
    ENDED,
    LASTED,
    LIMITED,
    OF_LIMITED,
    OPEN,
    OVERDUE,
    SINCE_SUM,
    STAGE_ENDED,
    STAGE_WON,
    STAYING,
    WON,
    since,
)

ENOUGH: Final = 20
"""Visits of a stage that must have ended before it is said what is long."""

_SHARES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_DAY: Final = 86_400_000
_APART: Final = BUSINESS * SLOTS


def by_currency(vector: Vector) -> dict[str, Figures]:
    """What is open in a currency, what of it is to be expected, and what that comes to in a day."""
    pipeline = _sum(vector, OPEN)
    return {
        "open_pipeline": Figures(decimal(pipeline), vector.get(OPEN, 0)),
        "weighted_pipeline": _weighted(vector),
        "pipeline_velocity": _velocity(vector),
    }


def _weighted(vector: Vector) -> Figures:
    """Open amounts times the share won of the deals that were in their stage, else of all that ended."""
    ended, won = vector.get(ENDED, 0), vector.get(WON, 0)
    expected: Fraction | None = Fraction()
    first = index_of["weighted_pipeline"] * SLOTS
    for base in {first + (slot - first) // _APART * _APART for slot in vector if slot >= 2 * _APART}:
        here = vector.get(base + STAGE_ENDED, 0), vector.get(base + STAGE_WON, 0)
        of, hits = here if here[0] else (ended, won)
        if vector.get(base) and of and expected is not None:
            expected += Fraction(_sum(vector, base) * hits, of)
        elif vector.get(base):
            expected = None
    value = None if expected is None else decimal(round(expected))
    return Figures(value, vector.get(OPEN, 0), statistics={"ended": ended, "won": won})


def _velocity(vector: Vector) -> Figures:
    """Open deals × win rate × mean amount won ÷ mean cycle in days; null where any of these is not known."""
    n, ended, won = (vector.get(slot, 0) for slot in (OPEN, ENDED, WON))
    priced, cycles, time = (vector.get(slot, 0) for slot in (AMOUNTS, CYCLES, CYCLE_SUM))
    value = None
    if priced and time:
        mean = Fraction(_sum(vector, AMOUNTS), priced)
        value = decimal(round(n * Fraction(won, ended) * mean / Fraction(time, cycles * _DAY)))
    statistics = {
        "win_rate": won / ended if ended else None,
        "mean_amount": decimal(round(Fraction(_sum(vector, AMOUNTS), priced))) if priced else None,
        "mean_cycle_days": time / cycles / _DAY if cycles else None,
        "ended": ended,
        "won": won,
    }
    return Figures(value, n, statistics=statistics)


def _sum(vector: Vector, base: int) -> int:
    return summed({slot - base: n for slot, n in vector.items() if base <= slot < base + STAGE_ENDED})


def by_stage(vector: Vector, clock: Millis | None) -> dict[str, Figures]:
    """How long deals have been in a stage, and how many for longer than their policy says.

    Those that no policy is for: for longer than nine of ten of the visits that have ended.
    """
    n = vector.get(STAYING, 0)
    if clock is None:
        return {"stage_age": Figures(None, n), "stagnant_deals": Figures(None, n)}
    in_it = {slot: amount for slot, amount in vector.items() if _is_since(slot)}
    ages = _ages(in_it, clock)
    mean = max(0, clock * n - vector.get(SINCE_SUM, 0)) / n / 1000 if n else None
    quantiles = {name: _quantile(ages, share) for name, share in _SHARES.items()}
    return {
        "stage_age": Figures(quantiles["p50"], n, statistics={"mean": mean, **quantiles}),
        "stagnant_deals": _stagnant(vector, in_it, clock),
    }


def _stagnant(vector: Vector, in_it: Vector, clock: Millis) -> Figures:
    lasted = duration({slot - LASTED: amount for slot, amount in vector.items() if LASTED <= slot < LASTED + SLOTS})
    limit = lasted.statistics["p90"] if lasted.count >= ENOUGH else None
    n, by_policy, over = (vector.get(slot, 0) for slot in (STAYING, LIMITED, OVERDUE))
    if limit is not None:
        others = {slot: amount - vector.get(slot + OF_LIMITED, 0) for slot, amount in in_it.items()}
        over += sum(amount for age, amount in _ages(others, clock) if age > limit * 1000)
    measured = {"limit": limit, "measured": lasted.count, "by_policy": by_policy, "open": n}
    return Figures(None if limit is None and not by_policy else over, n, statistics=measured)


def _ages(in_it: Vector, clock: Millis) -> list[tuple[Millis, int]]:
    return sorted((max(0, clock - since(slot)), amount) for slot, amount in in_it.items())


def _is_since(slot: int) -> bool:
    return slot >= 2 * _APART and slot % _APART // SLOTS == STAYING // SLOTS


def _quantile(ages: list[tuple[Millis, int]], share: float) -> float | None:
    """Seconds, interpolated linearly between the ranks."""
    if not ages:
        return None
    ends = list(accumulate(amount for _, amount in ages))
    low, rest = divmod(share * (ends[-1] - 1), 1)
    below = ages[bisect_right(ends, int(low))][0]
    above = ages[bisect_right(ends, min(int(low) + 1, ends[-1] - 1))][0]
    return (below + (above - below) * rest) / 1000
