"""Kinds of KPI: where each kind keeps its measurements in an accumulator."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from schemas.catalogue import Kpi, index_of
from streams.accumulators import SLOTS, Vector, bucket

CENSORED: Final = -1
"""Measured of a duration that has not ended."""

CANCELLED: Final = -2
"""Measured of a duration that will never end because somebody else took over."""

WITHIN: Final = (300_000, 900_000, 3_600_000, 14_400_000, 86_400_000)
"""Limits in milliseconds, inclusive, that answers are counted within."""

BUSINESS: Final = 1024
"""Added to the position of a duration: its slots in business time are those of a KPI at that position."""

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

# Slots of a sum: how many amounts, then their digits, nine to a slot from the last on, so that each fits in 64 bits.
COUNTED: Final = 0
DIGITS: Final = 1
_NINE: Final = 10**9

# Slots of a quotient of two sums: both, and how many it is taken over.
UPPER: Final = 0
LOWER: Final = 1
TAKEN: Final = 2
_LONGEST: Final = 1 << 48

# The first is what a follow-up call is counted as besides.
ACTIVITIES: Final = ("call", "email", "sms", "social", "meeting", "demo", "quote", "follow_up_call")
CUSTOMERS: Final = ("unknown", "new", "existing")

_MOST: Final = 1 << 14


Measured = tuple[int | None, ...]
"""One measurement per KPI of an axis; None where the item does not belong to it."""


class _Slots:
    """The slots of a KPI, from ``base`` on: where nothing else is said, a measurement is the slot that counts one."""

    def __init__(self, base: int) -> None:
        self.base = base

    def add(self, vector: Vector, value: int) -> None:
        """Add one measurement to a vector that has nothing in these slots."""
        vector[self.base + value] = 1


class _Duration(_Slots):
    def add(self, vector: Vector, value: int) -> None:
        if value < 0:
            vector[self.base + (CENSORED_SLOT if value == CENSORED else CANCELLED_SLOT)] = 1
            return
        vector[self.base + bisect_left(WITHIN, value)] = 1
        vector[self.base + HISTOGRAM + bucket(value)] = 1
        if value:
            vector[self.base + SUM] = value


class _Seen(_Slots):
    def add(self, vector: Vector, value: int) -> None:
        if value & 1:
            vector[self.base + 1] = 1
        if value & 2:
            vector[self.base + MACHINE] = 1


class _Done(_Slots):
    def add(self, vector: Vector, value: int) -> None:
        vector[self.base + value] = 1
        kind, customer = divmod(value, len(CUSTOMERS))
        if ACTIVITIES[kind] == "follow_up_call":
            vector[self.base + customer] = 1


class _Mean(_Slots):
    def add(self, vector: Vector, value: int) -> None:
        vector[self.base + VALUES + min(value, LARGEST)] = 1
        if value:
            vector[self.base + MEAN_SUM] = value


class _Sum(_Slots):
    def add(self, vector: Vector, value: int) -> None:
        vector[self.base + COUNTED] = 1
        sign, rest, slot = (-1 if value < 0 else 1), abs(value), self.base + DIGITS
        while rest:
            rest, digits = divmod(rest, _NINE)
            if digits:
                vector[slot] = sign * digits
            slot += 1


class _Quotient(_Slots):
    def add(self, vector: Vector, value: int) -> None:
        vector[self.base + TAKEN] = 1
        for slot, amount in zip((UPPER, LOWER), parts(value), strict=True):
            if amount:
                vector[self.base + slot] = amount


def quotient(upper: int, lower: int) -> int:
    """One measurement that is part of two sums; ``lower`` is less than 8,900 years in milliseconds."""
    return upper * _LONGEST + lower


def parts(measured: int) -> tuple[int, int]:
    """What went into a ``quotient``."""
    return divmod(measured, _LONGEST)


def summed(vector: Vector) -> int:
    """The sum of the amounts that were added."""
    return sum(digits * int(_NINE ** (slot - DIGITS)) for slot, digits in vector.items() if slot >= DIGITS)


_SLOTS: Final[dict[str, type[_Slots]]] = {
    "activities": _Done,
    "duration": _Duration,
    "mean": _Mean,
    "sum": _Sum,
    "talk_listen_ratio": _Quotient,
    "calls_per_hour_talked": _Quotient,
}
"""How measurements are added, by the KPI's name, else by its kind."""


def duration_vector(base: int, millis: int) -> Vector:
    """What one duration adds to the slots from ``base`` on; ``CENSORED`` and ``CANCELLED`` are durations, too."""
    vector: Vector = {}
    _Duration(base).add(vector, millis)
    return vector


def amount_vector(base: int, amount: int | None) -> Vector:
    """What one thing adds to the slots of a sum from ``base`` on; one without amount is counted only."""
    vector: Vector = {}
    _Sum(base).add(vector, amount or 0)
    return vector


class Vectors:
    """What the measurements of an item of an axis add to accumulators."""

    def __init__(self, kpis: Sequence[Kpi]) -> None:
        self._slots = [_slots(kpi) for kpi in kpis]
        # Durations hardly ever come twice.
        self._is_kept = not any(kpi.kind == "duration" for kpi in kpis)
        self._kept: dict[Measured, Vector] = {}

    def of(self, measured: Measured) -> Vector:
        """The vector, which may be shared and must not be changed."""
        if not self._is_kept:
            return self._made(measured)
        vector = self._kept.get(measured)
        if vector is None:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            vector = self._kept[measured] = self._made(measured)
        return vector

    def _made(self, measured: Measured) -> Vector:
        vector: Vector = {}
        for slots, value in zip(self._slots, measured, strict=True):
            if value is not None:
                slots.add(vector, value)
        return vector


def _slots(kpi: Kpi) -> _Slots:
    made = _Seen if kpi.over is not None else _SLOTS.get(kpi.name) or _SLOTS.get(kpi.kind, _Slots)
    return made(index_of[kpi.name] * SLOTS)
