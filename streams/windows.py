"""Windows and cells: where in the published tables a contribution is added."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from struct import Struct as Layout
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from schemas.catalogue import BASES, COARSE, GROUPINGS, WINDOWS
from schemas.events import Millis
from streams.accumulators import Vector, add_into
from streams.bases import Dims
from streams.contributions import MINUTE, Key
from streams.rules import Rules
from streams.selection import Selection

_LENGTHS: Final = {"1m": MINUTE, "5m": 5 * MINUTE, "1h": 60 * MINUTE}
_QUARTER: Final = 15 * MINUTE
_DIMENSIONS: Final = ("team", "rep", "temperature", "source", "region", "channel")
_KINDS: Final = ("events", "now")
_GROUPINGS: Final = tuple(GROUPINGS)
_COARSE: Final = frozenset(_GROUPINGS.index(grouping) for grouping in COARSE)
_HEAD: Final = Layout(">BBBI")
_MOST: Final = 50_000

_encode_values = msgspec.msgpack.Encoder().encode
_decode_values = msgspec.msgpack.Decoder(tuple[str, ...]).decode


class Cell(NamedTuple):
    """Where rows are made: a grouping and its values, a window and its start in milliseconds.

    ``kind`` is ``now`` where open leads are counted, ``events`` where all else is: KPIs have slots of their own.
    """

    kind: str
    grouping: str
    values: tuple[str, ...]
    window: str
    start: Millis


def window_bounds(window: str, at: Millis, timezone: str) -> tuple[Millis, Millis | None]:
    """The half-open window that holds ``at``: days are those of the calendar, ``all`` begins at 0 and never ends."""
    if window == "all":
        return 0, None
    if window == "1d":
        return _day(at - at % _QUARTER, timezone)
    start = at - at % _LENGTHS[window]
    return start, start + _LENGTHS[window]


@lru_cache(maxsize=100_000)
def _day(at: Millis, timezone: str) -> tuple[Millis, Millis]:
    # Since 2000 every zone has changed its clock at a quarter of an hour, by quarters of an hour.
    zone = ZoneInfo(timezone)
    today = datetime.fromtimestamp(at // 1000, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return int(today.timestamp()) * 1000, int((today + timedelta(days=1)).timestamp()) * 1000


def encode_cell(kind: str, grouping: str, values: tuple[str, ...], window: str, start: Millis) -> bytes:
    """A cell as bytes: kind, grouping, window, start in minutes, values."""
    return _head(kind, grouping, window, start) + _encode_values(values)


@lru_cache(maxsize=1 << 14)
def _head(kind: str, grouping: str, window: str, start: Millis) -> bytes:
    return _HEAD.pack(_KINDS.index(kind), _GROUPINGS.index(grouping), WINDOWS.index(window), start // MINUTE)


@lru_cache(maxsize=1 << 12)
def decode_cell(cell: bytes) -> Cell:
    """What ``encode_cell`` encoded."""
    kind, grouping, window, start = _HEAD.unpack_from(cell)
    values = _decode_values(cell[_HEAD.size :])
    return Cell(_KINDS[kind], _GROUPINGS[grouping], values, WINDOWS[window], start * MINUTE)


def is_coarse(cell: bytes) -> bool:
    """Whether its grouping is one of the few that everybody watches."""
    return cell[1] in _COARSE


def series(cell: bytes) -> bytes:
    """What the cells of a grouping and its values have in common, whatever their window and kind."""
    return cell[1:2] + cell[_HEAD.size :]


class _Place(NamedTuple):
    """A grouping that a basis is shown by: how to pick its values from dimensions, and its windows, the shortest first.

    Keys within one ``unit`` fall in the same windows. Each window is the sum of earlier levels: of those by
    unit (0), or of the n-th window (n), whichever is the longest that fits whole into it.
    """

    kind: str
    grouping: str
    pick: Callable[[Dims], Any]
    unit: Millis
    windows: tuple[str, ...]
    summed_from: tuple[int, ...]


class _Ends(dict[Any, bytes]):
    """The ends of cells by their values: a tuple of several, or one by itself."""

    def __missing__(self, values: Any) -> bytes:
        if len(self) >= _MOST:
            self.clear()
        end = self[values] = _encode_values(values if isinstance(values, tuple) else (values,))
        return end


class Cells:
    """The cells that a key falls in, under one selection and calendar."""

    def __init__(self, selection: Selection, rules: Rules) -> None:
        self.timezone = rules.timezone
        self.places = [_places(selection, basis, rules.timezone) for basis in BASES]
        self.ends = _Ends()

    def __call__(self, key: Key) -> list[bytes]:
        """Every cell, grouping by window, that a contribution under ``key`` is added to."""
        code, at, dims = key
        return [
            self.head(place, window, at) + self.ends[place.pick(dims)]
            for place in self.places[code]
            for window in place.windows
        ]

    def head(self, place: _Place, window: str, at: Millis) -> bytes:
        """The beginning of the cells of one grouping and window."""
        return _head(place.kind, place.grouping, window, window_bounds(window, at, self.timezone)[0])


def _places(selection: Selection, basis: str, timezone: str) -> list[_Place]:
    places = []
    for grouping in selection.groupings:
        windows = ["all"] if basis == "now" else selection.windows_of(grouping)
        if windows and selection.shown(basis, grouping):
            unit = _unit(windows, timezone)
            levels = tuple(_summed_from(windows[:n], timezone) for n in range(len(windows)))
            kind = "now" if basis == "now" else "events"
            places.append(_Place(kind, grouping, _picking(grouping), unit, tuple(windows), levels))
    return places


def _picking(grouping: str) -> Callable[[Dims], Any]:
    positions = [_DIMENSIONS.index(name) for name in GROUPINGS[grouping]]
    return itemgetter(*positions) if positions else lambda dims: ()


def _unit(windows: list[str], timezone: str) -> Millis:
    """The longest time whose instants share every window; days may begin at any quarter of an hour outside UTC."""
    finest = _LENGTHS.get(windows[0], 60 * MINUTE)
    return finest if timezone == "UTC" else min(finest, _QUARTER)


def _summed_from(earlier: list[str], timezone: str) -> int:
    """The level that the window after ``earlier`` is summed from: hours do not fit into days outside UTC."""
    fitting = [n for n, window in enumerate(earlier, start=1) if window != "1h" or timezone == "UTC"]
    return fitting[-1] if fitting else 0


_Sums = dict[Any, Vector]
"""Values of a grouping → what was added for them."""


def spread(changes: Iterable[tuple[Key, Vector]], cells: Cells, into: dict[bytes, Vector]) -> None:
    """Add each change to each of its cells in ``into``; a vector that becomes zero stays there, empty.

    Changes are first summed by grouping within the shortest window, longer windows from those sums.
    """
    for place, by_unit in _summed(changes, cells.places):
        levels = [by_unit]
        for window, source in zip(place.windows, place.summed_from, strict=True):
            finer = levels[source]
            level = finer if _LENGTHS.get(window) == place.unit else _coarser(finer, window, cells.timezone)
            levels.append(level)
            for start, sums in level.items():
                _add_all(sums, cells.head(place, window, start), cells.ends, into)


def _summed(
    changes: Iterable[tuple[Key, Vector]], places: list[list[_Place]]
) -> list[tuple[_Place, dict[Millis, _Sums]]]:
    """Changes added up by grouping, then by unit of time, then by the grouping's values."""
    sums: dict[tuple[str, str], tuple[_Place, dict[Millis, _Sums]]] = {}
    for of_basis in places:
        for place in of_basis:
            sums.setdefault((place.kind, place.grouping), (place, {}))
    at_once: dict[tuple[int, Millis], list[tuple[Callable[[Dims], Any], _Sums]]] = {}
    for (code, at, dims), delta in changes:
        targets = at_once.get((code, at))
        if targets is None:
            targets = at_once[code, at] = [
                (place.pick, sums[place.kind, place.grouping][1].setdefault(at - at % place.unit, {}))
                for place in places[code]
            ]
        pairs = delta.items()
        for pick, target in targets:
            values = pick(dims)
            vector = target.get(values)
            if vector is None:
                target[values] = delta.copy()
            else:
                for slot, amount in pairs:
                    vector[slot] = vector.get(slot, 0) + amount
    return list(sums.values())


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
                for slot, amount in delta.items():
                    vector[slot] = vector.get(slot, 0) + amount
    return coarser


def _add_all(sums: _Sums, head: bytes, ends: _Ends, into: dict[bytes, Vector]) -> None:
    for values, delta in sums.items():
        cell = head + ends[values]
        vector = into.get(cell)
        if vector is None:
            into[cell] = {slot: amount for slot, amount in delta.items() if amount}
        else:
            add_into(vector, delta)
