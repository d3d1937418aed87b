"""Kinds of KPI: where each kind keeps its measurements in an accumulator."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
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


def _mean(value: int) -> Vector:
    counts = {VALUES + min(value, LARGEST): 1}
    return counts | {MEAN_SUM: value} if value else counts


def _measure_of(kpi: Kpi) -> Callable[[int], Vector]:
    if kpi.over is not None:
        return _seen
    return {"duration": _duration, "mean": _mean}.get(kpi.kind, _one)


class Slots(dict[int, Vector]):
    """Measurement → what it adds to an accumulator, worked out once per measurement and KPI."""

    _MOST: Final = 1 << 16

    def __init__(self, kpi: Kpi) -> None:
        self._base = index_of[kpi.name] * SLOTS
        self._of = _measure_of(kpi)

    def __missing__(self, measured: int) -> Vector:
        if len(self) >= self._MOST:
            self.clear()
        vector = self[measured] = {self._base + slot: amount for slot, amount in self._of(measured).items()}
        return vector
