"""Kinds of KPI: where each kind keeps its measurements in an accumulator."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from schemas.catalogue import Kpi, index_of
from streams.accumulators import SLOTS, Vector, bucket

CENSORED: Final = -1
"""Measured of a duration that has not ended."""

CANCELLED: Final = -2
"""Measured of a duration that will never end because somebody else took over."""

WITHIN: Final = (300_000, 900_000, 3_600_000, 14_400_000, 86_400_000)
"""Limits in milliseconds, inclusive, that answers are counted within."""

# Slots of a duration: one count per band of WITHIN (and one beyond), the sum, the rest, then the histogram.
BANDS: Final = len(WITHIN) + 1
SUM: Final = BANDS
CENSORED_SLOT: Final = BANDS + 1
CANCELLED_SLOT: Final = BANDS + 2
HISTOGRAM: Final = 16

LEVELS: Final = 8
"""Highest level of a ratio: slot 0 counts misses, slot ``n`` hits of level ``n``."""

MACHINE: Final = LEVELS + 1
"""Slot of a ratio over messages for what machines did."""

# Slots of the tally of messages, the denominator of every ratio over messages.
SOURCES: Final = 1024
REPORTED: Final = 0
SILENT: Final = SOURCES
IMPLIED: Final = 2 * SOURCES
BOUNCED: Final = 2 * SOURCES + 1

# Slots of a mean: the sum, then how many of each value (the last: that many and more).
MEAN_SUM: Final = 0
VALUES: Final = 1
LARGEST: Final = 1000

# The first is what a follow-up call is counted as besides.
ACTIVITIES: Final = ("call", "email", "sms", "social", "meeting", "demo", "quote", "follow_up_call")
CUSTOMERS: Final = ("unknown", "new", "existing")


def _duration(vector: Vector, base: int, millis: int) -> None:
    if millis < 0:
        vector[base + (CENSORED_SLOT if millis == CENSORED else CANCELLED_SLOT)] = 1
        return
    vector[base + bisect_left(WITHIN, millis)] = 1
    vector[base + HISTOGRAM + bucket(millis)] = 1
    if millis:
        vector[base + SUM] = millis


def _one(vector: Vector, base: int, slot: int) -> None:
    vector[base + slot] = 1


def _seen(vector: Vector, base: int, who: int) -> None:
    if who & 1:
        vector[base + 1] = 1
    if who & 2:
        vector[base + MACHINE] = 1


def _done(vector: Vector, base: int, what: int) -> None:
    vector[base + what] = 1
    kind, customer = divmod(what, len(CUSTOMERS))
    if ACTIVITIES[kind] == "follow_up_call":
        vector[base + customer] = 1


def _mean(vector: Vector, base: int, value: int) -> None:
    vector[base + VALUES + min(value, LARGEST)] = 1
    if value:
        vector[base + MEAN_SUM] = value


_Adding = Callable[[Vector, int, int], None]
_ADDING: Final[dict[str, _Adding]] = {"activities": _done, "duration": _duration, "mean": _mean}
"""How a measurement is added, by the KPI's name, else by its kind; of all others the measurement is the slot."""

Measured = tuple[int | None, ...]
"""One measurement per KPI of an axis; None where the item does not belong to it."""


def vectors(kpis: Sequence[Kpi]) -> Callable[[Measured], Vector]:
    """What the measurements of an item add to accumulators; the vectors may be shared and must not be changed."""
    adding = [(index_of[kpi.name] * SLOTS, _adding(kpi)) for kpi in kpis]

    def vector_of(measured: Measured) -> Vector:
        vector: Vector = {}
        for (base, add), value in zip(adding, measured, strict=True):
            if value is not None:
                add(vector, base, value)
        return vector

    # Durations hardly ever come twice.
    return vector_of if any(kpi.kind == "duration" for kpi in kpis) else lru_cache(maxsize=1 << 14)(vector_of)


def _adding(kpi: Kpi) -> _Adding:
    return _seen if kpi.over is not None else _ADDING.get(kpi.name) or _ADDING.get(kpi.kind, _one)
