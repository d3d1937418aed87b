"""Sums: changes added up by grouping and time, from which what they add to every cell follows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.events import Millis
from streams.accumulators import Vector, add_into
from streams.contributions import Change
from streams.windows import LENGTHS, Cells, Place, window_bounds

_Sums = dict[Any, Vector]
"""Values of a grouping → what was added for them."""


class _Level:
    """Sums by the start of a unit of time or a window, of one grouping."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.by_start: dict[Millis, _Sums] = {}


class Sums:
    """Changes added up within the shortest window of each grouping; longer windows follow from those sums."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._levels: dict[tuple[str, str], _Level] = {}
        self._at_once: dict[int, list[tuple[Place, _Sums]]] = {}

    def __bool__(self) -> bool:
        return bool(self._at_once)

    def add(self, changes: Iterable[Change]) -> None:
        """Take changes in; their vectors stay as they are."""
        for (code, at, dims), delta in changes:
            # Of one number, since instants are whole minutes and bases are few.
            targets = self._at_once.get(at + code)
            if targets is None:
                targets = self._at_once[at + code] = self._targets(code, at)
            for place, target in targets:
                values = place.values(dims)
                vector = target.get(values)
                if vector is None:
                    target[values] = delta.copy()
                else:
                    _add(vector, delta)

    def _targets(self, code: int, at: Millis) -> list[tuple[Place, _Sums]]:
        targets = []
        for place in self._cells.places[code]:
            level = self._levels.setdefault((place.kind, place.grouping), _Level(place))
            targets.append((place, level.by_start.setdefault(at - at % place.unit, {})))
        return targets

    def spread(self, into: dict[bytes, Vector]) -> None:
        """Add what has come to its cells in ``into``, and begin anew; a vector that becomes zero stays, empty."""
        levels, self._levels, self._at_once = self._levels, {}, {}
        for level in levels.values():
            self._spread(level, into)

    def _spread(self, finest: _Level, into: dict[bytes, Vector]) -> None:
        place, levels = finest.place, [finest.by_start]
        for window, source in zip(place.windows, place.summed_from, strict=True):
            finer = levels[source]
            is_finest = LENGTHS.get(window) == place.unit
            levels.append(finer if is_finest else _coarser(finer, window, self._cells.timezone))
        # Only now, since vectors change hands here.
        for window, by_start in zip(place.windows, levels[1:], strict=True):
            for start, sums in by_start.items():
                self._hand_over(sums, self._cells.head(place, window, start), into)

    def _hand_over(self, sums: _Sums, head: bytes, into: dict[bytes, Vector]) -> None:
        ends = self._cells.ends
        for values, delta in sums.items():
            cell = head + ends[values]
            vector = into.get(cell)
            if vector is not None:
                add_into(vector, delta)
            elif 0 in delta.values():
                into[cell] = {slot: amount for slot, amount in delta.items() if amount}
            else:
                into[cell] = delta


def spread(changes: Iterable[Change], cells: Cells, into: dict[bytes, Vector]) -> None:
    """Add each change to each of its cells in ``into``; a vector that becomes zero stays there, empty."""
    sums = Sums(cells)
    sums.add(changes)
    sums.spread(into)


def _coarser(finer: dict[Millis, _Sums], window: str, timezone: str) -> dict[Millis, _Sums]:
    """Sums by the start of their windows."""
    coarser: dict[Millis, _Sums] = {}
    for at, sums in finer.items():
        target = coarser.setdefault(window_bounds(window, at, timezone)[0], {})
        for values, delta in sums.items():
            vector = target.get(values)
            if vector is None:
                target[values] = delta.copy()
            else:
                _add(vector, delta)
    return coarser


def _add(target: dict[Any, Any], delta: dict[Any, Any]) -> None:
    # Any: the numbers stay the objects that they are, where compiled code would make each anew.
    for slot, amount in delta.items():
        target[slot] = target.get(slot, 0) + amount
