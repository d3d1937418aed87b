"""Figures: what the accumulator of one KPI says, as the numbers of a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from streams.accumulators import Vector, middle, quantile
from streams.kinds import (
    BANDS,
    BOUNCED,
    CANCELLED_SLOT,
    CENSORED_SLOT,
    HISTOGRAM,
    IMPLIED,
    LEVELS,
    MACHINE,
    MEAN_SUM,
    REPORTED,
    SILENT,
    SOURCES,
    SUM,
    VALUES,
    WITHIN,
)

QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


class Figures(Struct, frozen=True):
    """The numbers of a row: headline, count, numerator, denominator, statistics."""

    value: float | int | None
    count: int
    numerator: float | int | None = None
    denominator: float | int | None = None
    statistics: dict[str, Any] = {}


def duration(vector: Vector) -> Figures:
    """Quantiles in seconds over all, open ones ranked last, and over the answered; mean and counts of the answered."""
    bands = [vector.get(band, 0) for band in range(BANDS)]
    count, censored = sum(bands), vector.get(CENSORED_SLOT, 0)
    buckets = sorted((slot - HISTOGRAM, n) for slot, n in vector.items() if slot >= HISTOGRAM)
    over_all = {name: _over_all(buckets, count, count + censored, share) for name, share in QUANTILES.items()}
    statistics = {
        "mean": vector.get(SUM, 0) / count / 1000 if count else None,
        **{name: value for name, (value, _) in over_all.items()},
        "lower_bounds": [name for name, (_, bounded) in over_all.items() if bounded],
        **{
            f"{name}_answered": quantile(buckets, count, share) / 1000 if count else None
            for name, share in QUANTILES.items()
        },
        "censored": censored,
        "within": {str(limit // 1000): sum(bands[: n + 1]) for n, limit in enumerate(WITHIN)},
    }
    return Figures(over_all["p50"][0], count, statistics=statistics)


def cancellable(vector: Vector) -> Figures:
    """A duration, with how many were cancelled."""
    figures = duration(vector)
    return replace(figures, statistics=figures.statistics | {"cancelled": vector.get(CANCELLED_SLOT, 0)})


def _over_all(buckets: list[tuple[int, int]], count: int, everyone: int, share: float) -> tuple[float | None, bool]:
    """A quantile in seconds where only the first ``count`` of ``everyone`` have ended, and whether it falls beyond."""
    if not everyone:
        return None, False
    position = share * (everyone - 1)
    low = int(position)
    if low + (position > low) < count:
        return _between(buckets, count, position), False
    return (middle(buckets[-1][0]) / 1000 if count else None), True


def _between(buckets: list[tuple[int, int]], count: int, position: float) -> float:
    return quantile(buckets, count, position / (count - 1) if count > 1 else 0.0) / 1000


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
}
"""Figures of a KPI's name, else of its kind."""
