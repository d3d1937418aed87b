"""Figures: what the accumulator of one KPI says, as the numbers of a row."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from streams.accumulators import Ranking, Vector
from streams.kinds import (
    BANDS,
    BOUNCED,
    CANCELLED_SLOT,
    CENSORED_SLOT,
    COUNTED,
    HISTOGRAM,
    IMPLIED,
    LEVELS,
    LOWER,
    MACHINE,
    MEAN_SUM,
    REPORTED,
    SILENT,
    SOURCES,
    SUM,
    TAKEN,
    UPPER,
    VALUES,
    WITHIN,
    summed,
)
from streams.money import decimal

_LIMITS: Final = [str(limit // 1000) for limit in WITHIN]
QUANTILES: Final = ("p50", "p90", "p95", "p99")
_SHARES: Final = (0.5, 0.9, 0.95, 0.99)


class Figures(Struct, frozen=True):
    """The numbers of a row: headline, count, numerator, denominator, statistics."""

    value: float | int | str | None
    count: int
    numerator: float | int | None = None
    denominator: float | int | None = None
    statistics: dict[str, Any] = {}


def duration(vector: Vector) -> Figures:
    """Quantiles in seconds over all, open ones ranked last, and over the answered; mean and counts of the answered."""
    bands = [vector.get(band, 0) for band in range(BANDS)]
    count, censored = sum(bands), vector.get(CENSORED_SLOT, 0)
    ranking = Ranking(vector, HISTOGRAM)
    answered = _quantiles(ranking, count, count)
    over_all = _quantiles(ranking, count + censored, count) if censored else answered
    bounds = [name for name, value in zip(QUANTILES, over_all, strict=True) if value is None and (count or censored)]
    greatest = ranking.at(count - 1) / 1000 if bounds and count else None
    p50, p90, p95, p99 = [greatest if value is None else value for value in over_all]
    statistics = {
        "mean": vector.get(SUM, 0) / count / 1000 if count else None,
        "p50": p50, "p90": p90, "p95": p95, "p99": p99,
        "lower_bounds": bounds,
        "p50_answered": answered[0], "p90_answered": answered[1],
        "p95_answered": answered[2], "p99_answered": answered[3],
        "censored": censored,
        "within": dict(zip(_LIMITS, accumulate(bands[:-1]), strict=True)),
    }  # fmt: skip
    return Figures(p50, count, statistics=statistics)


def _quantiles(ranking: Ranking, n: int, count: int) -> list[float | None]:
    """Those of ``n`` of which ``count`` are ranked, in the order of ``QUANTILES``."""
    return [_seconds(ranking, share * (n - 1), count) for share in _SHARES]


def cancellable(vector: Vector) -> Figures:
    """A duration, with how many were cancelled."""
    figures = duration(vector)
    return replace(figures, statistics=figures.statistics | {"cancelled": vector.get(CANCELLED_SLOT, 0)})


def in_both_times(own: Vector, business: Vector, made: Callable[[Vector], Figures]) -> Figures:
    """A duration with the statistics of its business time beside those of calendar time, where there are any."""
    figures = made(own)
    if not business:
        return figures
    return replace(figures, statistics=figures.statistics | {"business": made(business).statistics})


def _seconds(ranking: Ranking, position: float, count: int) -> float | None:
    """The quantile at a position among the ranks, interpolated linearly; None where it falls beyond ``count``."""
    low = int(position)
    rest = position - low
    if not count or low + (rest > 0) >= count:
        return None
    below = ranking.at(low)
    return (below + (ranking.at(low + 1) - below) * rest) / 1000 if rest else below / 1000


def ratio(vector: Vector) -> Figures:
    """Hits of any level out of all."""
    hits = sum(vector.get(level, 0) for level in range(1, LEVELS + 1))
    return _share(hits, hits + vector.get(0, 0))


def levelled(vector: Vector) -> Figures:
    """Hits out of all, and those that reach each level from 2 on."""
    figures = ratio(vector)
    reached = {
        str(least): sum(vector.get(level, 0) for level in range(least, LEVELS + 1)) for least in range(2, LEVELS + 1)
    }
    return replace(figures, statistics={"at_least": reached})


def mean(vector: Vector) -> Figures:
    """The sum over how many, and how often each value."""
    values = {slot - VALUES: n for slot, n in sorted(vector.items()) if slot >= VALUES}
    n, total = sum(values.values()), vector.get(MEAN_SUM, 0)
    distribution = {str(value): times for value, times in values.items()}
    return Figures(total / n if n else None, n, total, n, {"distribution": distribution})


def count(vector: Vector) -> Figures:
    """How many."""
    n = sum(vector.values())
    return Figures(n, n)


def amount(vector: Vector) -> Figures:
    """The sum as a decimal number, and of how many amounts."""
    return Figures(decimal(summed(vector)), vector.get(COUNTED, 0))


def talked(vector: Vector) -> Figures:
    """Seconds out of seconds."""
    return _quotient(vector, 1000, 1000)


def per_hour(vector: Vector) -> Figures:
    """How many per hour."""
    return _quotient(vector, 1, 3_600_000)


def _quotient(vector: Vector, unit: int, of_unit: int) -> Figures:
    over, under = vector.get(UPPER, 0) / unit, vector.get(LOWER, 0) / of_unit
    return Figures(over / under if under else None, vector.get(TAKEN, 0), over, under)


def delivered(tally: Vector, reporting: frozenset[int] | None = None) -> int:
    """How many of the messages tallied were delivered; silence counts where a source never reports delivery."""
    reporting = reports(tally) if reporting is None else reporting
    reported = sum(n for slot, n in tally.items() if slot < SILENT)
    silent = sum(n for slot, n in tally.items() if SILENT <= slot < IMPLIED and slot - SILENT not in reporting)
    return reported + silent + tally.get(IMPLIED, 0)


def reports(tally: Vector) -> frozenset[int]:
    """The sources (hashed) with a message whose delivery was reported."""
    return frozenset(slot - REPORTED for slot in tally if slot < REPORTED + SOURCES)


def sent(tally: Vector) -> int:
    """How many messages were tallied."""
    return sum(n for slot, n in tally.items() if slot <= BOUNCED)


def delivery(tally: Vector, reporting: frozenset[int] | None) -> Figures:
    """Delivered out of sent."""
    return _share(delivered(tally, reporting), sent(tally))


def bounce(vector: Vector, tally: Vector, reporting: frozenset[int] | None) -> Figures:
    """Bounced out of sent."""
    return _share(vector.get(1, 0), sent(tally))


def seen(vector: Vector, tally: Vector, reporting: frozenset[int] | None) -> Figures:
    """Seen by a person out of delivered, machines told apart."""
    figures = _share(vector.get(1, 0), delivered(tally, reporting))
    return replace(figures, statistics={"machine": vector.get(MACHINE, 0)})


def _share(hits: int, of: int) -> Figures:
    return Figures(hits / of if of else None, of, hits, of)


PLAIN: Final[dict[str, Callable[[Vector], Figures]]] = {
    "duration": duration,
    "rep_response_time": cancellable,
    "ratio": ratio,
    "follow_up_rate": levelled,
    "mean": mean,
    "count": count,
    "sum": amount,
    "talk_listen_ratio": talked,
    "calls_per_hour_talked": per_hour,
}
"""Figures of a KPI's name, else of its kind."""
