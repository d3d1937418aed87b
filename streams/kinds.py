"""Kinds of KPI: where each kind keeps its measurements in an accumulator."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
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


def _duration(millis: int) -> Vector:
    if millis < 0:
        return {CENSORED_SLOT if millis == CENSORED else CANCELLED_SLOT: 1}
    counts = {bisect_left(WITHIN, millis): 1, HISTOGRAM + bucket(millis): 1}
    return counts | {SUM: millis} if millis else counts


def _one(slot: int) -> Vector:
    return {slot: 1}


def _seen(who: int) -> Vector:
    return {slot: 1 for bit, slot in ((1, 1), (2, MACHINE)) if who & bit}


def _done(what: int) -> Vector:
    kind, customer = divmod(what, len(CUSTOMERS))
    return {what: 1, customer: 1} if ACTIVITIES[kind] == "follow_up_call" else {what: 1}


def _mean(value: int) -> Vector:
    counts = {VALUES + min(value, LARGEST): 1}
    return counts | {MEAN_SUM: value} if value else counts


_MEASURES: Final[dict[str, Callable[[int], Vector]]] = {"activities": _done, "duration": _duration, "mean": _mean}
"""Slots of a measurement by the KPI's name, else by its kind; of all others the measurement is the slot."""


def _measure_of(kpi: Kpi) -> Callable[[int], Vector]:
    if kpi.over is not None:
        return _seen
    return _MEASURES.get(kpi.name) or _MEASURES.get(kpi.kind, _one)


Measured = tuple[int | None, ...]
"""One measurement per KPI of a basis; None where the item does not belong to it."""


class Slots(dict[Measured, Vector]):
    """Measurements of an item → what it adds to accumulators, worked out once; the vectors must not be changed."""

    _MOST: Final = 1 << 14

    def __init__(self, kpis: Iterable[Kpi]) -> None:
        super().__init__()
        self._kpis = [(index_of[kpi.name] * SLOTS, _measure_of(kpi)) for kpi in kpis]

    def __missing__(self, measured: Measured) -> Vector:
        if len(self) >= self._MOST:
            self.clear()
        vector = self[measured] = {
            base + slot: amount
            for (base, slots), value in zip(self._kpis, measured, strict=True)
            if value is not None
            for slot, amount in slots(value).items()
        }
        return vector
