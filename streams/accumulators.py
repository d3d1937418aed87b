"""Accumulators: sparse integer vectors, an abelian group under addition, and the histogram kept in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

Vector = dict[int, int]
"""Slot → value; a slot that is not there is zero, and no zero is kept."""

SLOTS: Final = 4096
"""Slots of one KPI: those of the KPI at position ``i`` of the catalogue begin at ``i * SLOTS``."""

_PRECISION: Final = 6
"""Buckets per octave as a power of two: 64, so that a bucket's middle is within 0.79 % of all in it."""

_EXACT: Final = 2 << _PRECISION


def add_into(target: Vector, delta: Vector) -> None:
    """Add ``delta`` to ``target`` in place; ``delta`` may hold zeros."""
    for slot, amount in delta.items():
        total = target.get(slot, 0) + amount
        if total:
            target[slot] = total
        elif amount:
            del target[slot]


def difference(new: Vector, old: Vector) -> Vector:
    """``new - old`` as a vector of its own."""
    if not old:
        return dict(new)
    delta = {slot: -amount for slot, amount in old.items()}
    add_into(delta, new)
    return delta


def total(vectors: Iterable[Vector]) -> Vector:
    """The sum of vectors, zero of none."""
    result: Vector = {}
    for vector in vectors:
        add_into(result, vector)
    return result


def bucket(millis: int) -> int:
    """The histogram bucket of a duration of 0 ms or more; durations under 128 ms have one each."""
    if millis < _EXACT:
        return millis
    shift = millis.bit_length() - _PRECISION - 1
    return (shift << _PRECISION) + (millis >> shift)


def middle(number: int) -> float:
    """The middle of a bucket in milliseconds: within 0.79 % of every duration in it."""
    if number < _EXACT:
        return float(number)
    shift = (number >> _PRECISION) - 1
    return ((number - (shift << _PRECISION)) + 0.5) * (1 << shift) - 0.5


class Ranking:
    """Durations in order of length: bucket ``n`` of the histogram is the slot ``n`` after ``first``."""

    def __init__(self, vector: Vector, first: int) -> None:
        slots = sorted([slot for slot in vector if slot >= first])
        self._first = first
        self._slots = slots
        self._ends = list(accumulate([vector[slot] for slot in slots]))

    def at(self, rank: int) -> float:
        """The duration in milliseconds at a zero-based rank, which must be one."""
        return middle(self._slots[bisect_right(self._ends, rank)] - self._first)
