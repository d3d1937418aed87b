"""Windows and cells: where in the published tables a contribution is added."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from struct import Struct as Layout
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from schemas.catalogue import BASES, GROUPINGS, WINDOWS
from schemas.events import Millis
from streams.accumulators import Vector, add_into
from streams.bases import Dims
from streams.contributions import MINUTE, Key
from streams.rules import Rules
from streams.selection import Selection

_LENGTHS: Final = {"1m": MINUTE, "5m": 5 * MINUTE, "1h": 60 * MINUTE}
_QUARTER: Final = 15 * MINUTE
_DIMENSIONS: Final = ("team", "rep", "temperature", "source", "region", "channel")
_BASES: Final = tuple(BASES)
_GROUPINGS: Final = tuple(GROUPINGS)
_HEAD: Final = Layout(">BBBI")
_MOST: Final = 50_000

_encode_values = msgspec.msgpack.Encoder().encode
_decode_values = msgspec.msgpack.Decoder(tuple[str, ...]).decode


class Cell(NamedTuple):
    """One row's place: basis, grouping and its values, window and its start in milliseconds."""

    basis: str
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


def encode_cell(basis: str, grouping: str, values: tuple[str, ...], window: str, start: Millis) -> bytes:
    """A cell as bytes: basis, grouping, window, start in minutes, values."""
    return _head(basis, grouping, window, start) + _encode_values(values)


def _head(basis: str, grouping: str, window: str, start: Millis) -> bytes:
    return _HEAD.pack(_BASES.index(basis), _GROUPINGS.index(grouping), WINDOWS.index(window), start // MINUTE)


def decode_cell(cell: bytes) -> Cell:
    """What ``encode_cell`` encoded."""
    basis, grouping, window, start = _HEAD.unpack_from(cell)
    values = _decode_values(cell[_HEAD.size :])
    return Cell(_BASES[basis], _GROUPINGS[grouping], values, WINDOWS[window], start * MINUTE)


class _Place(NamedTuple):
    """A grouping of a basis with its windows; keys within one ``unit`` fall in the same ones."""

    grouping: str
    windows: tuple[str, ...]
    unit: Millis


class Cells:
    """The cells that a key falls in, under one selection and calendar."""

    def __init__(self, selection: Selection, rules: Rules) -> None:
        self._timezone = rules.timezone
        self.places = [_places(selection, basis, rules.timezone) for basis in BASES]
        self._values: dict[tuple[int, Dims], list[bytes]] = {}

    def __call__(self, key: Key) -> list[bytes]:
        """Every cell, grouping by window, that a contribution under ``key`` is added to."""
        code, at, dims = key
        return [
            head + value
            for place, value in zip(self.places[code], self.values(code, dims), strict=True)
            for head in self.heads(code, place, at)
        ]

    def heads(self, code: int, place: _Place, at: Millis) -> list[bytes]:
        """The beginnings of the cells of one grouping, one per window."""
        return [
            _head(_BASES[code], place.grouping, window, window_bounds(window, at, self._timezone)[0])
            for window in place.windows
        ]

    def values(self, code: int, dims: Dims) -> list[bytes]:
        """The ends of the cells, one per grouping."""
        known = self._values.get((code, dims))
        if known is None:
            if len(self._values) >= _MOST:
                self._values.clear()
            by_name = dict(zip(_DIMENSIONS, dims, strict=True))
            known = self._values[code, dims] = [
                _encode_values([by_name[name] for name in GROUPINGS[place.grouping]]) for place in self.places[code]
            ]
        return known


def _places(selection: Selection, basis: str, timezone: str) -> list[_Place]:
    places = []
    for grouping in selection.groupings:
        windows = ["all"] if basis == "now" else selection.windows_of(grouping)
        if windows and selection.shown(basis, grouping):
            places.append(_Place(grouping, tuple(windows), _unit(windows, timezone)))
    return places


def _unit(windows: list[str], timezone: str) -> Millis:
    """The longest time whose instants share every window; days may begin at any quarter of an hour outside UTC."""
    finest = _LENGTHS.get(windows[0], 60 * MINUTE)
    return finest if timezone == "UTC" else min(finest, _QUARTER)


_Sums = dict[bytes, Vector]


def spread(changes: Iterable[tuple[Key, Vector]], cells: Cells, into: dict[bytes, Vector]) -> None:
    """Add each change to each of its cells in ``into``; a vector that becomes zero stays there, empty.

    Changes are first summed by grouping within the finest window: a batch has far fewer of those than changes.
    """
    sums: dict[tuple[int, int, Millis], _Sums] = {}
    at_once: dict[tuple[int, Millis], list[_Sums]] = {}
    for (code, at, dims), delta in changes:
        targets = at_once.get((code, at))
        if targets is None:
            targets = at_once[code, at] = [
                sums.setdefault((code, n, at - at % place.unit), {}) for n, place in enumerate(cells.places[code])
            ]
        pairs = delta.items()
        for target, value in zip(targets, cells.values(code, dims), strict=True):
            vector = target.get(value)
            if vector is None:
                target[value] = delta.copy()
            else:
                for slot, amount in pairs:
                    vector[slot] = vector.get(slot, 0) + amount
    for (code, n, at), by_value in sums.items():
        heads = cells.heads(code, cells.places[code][n], at)
        for value, vector in by_value.items():
            for head in heads:
                add_into(into.setdefault(head + value, {}), vector)
