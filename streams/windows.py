"""Windows and cells: where in the published tables a contribution is added."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from struct import Struct as Layout
from typing import Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from schemas.catalogue import BASES, GROUPINGS, WINDOWS
from schemas.events import Millis
from streams.accumulators import Vector
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

_K = TypeVar("_K")

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


class Cells:
    """The cells that a key falls in, under one selection and calendar."""

    def __init__(self, selection: Selection, rules: Rules) -> None:
        self._timezone = rules.timezone
        self._places = [_places(selection, basis) for basis in BASES]
        self._heads: dict[tuple[int, Millis], list[bytes]] = {}
        self._values: dict[tuple[int, Dims], list[bytes]] = {}

    def __call__(self, key: Key) -> list[bytes]:
        """Every cell, grouping by window, that a contribution under ``key`` is added to."""
        code, at, dims = key
        heads = self._heads.get((code, at))
        if heads is None:
            heads = _remember(self._heads, (code, at), self._heads_at(code, at))
        values = self._values.get((code, dims))
        if values is None:
            values = _remember(self._values, (code, dims), self._values_of(code, dims))
        return [head + value for head, value in zip(heads, values, strict=True)]

    def _heads_at(self, code: int, at: Millis) -> list[bytes]:
        basis = _BASES[code]
        return [
            _head(basis, grouping, window, window_bounds(window, at, self._timezone)[0])
            for grouping, window in self._places[code]
        ]

    def _values_of(self, code: int, dims: Dims) -> list[bytes]:
        by_name = dict(zip(_DIMENSIONS, dims, strict=True))
        return [
            _encode_values(tuple(by_name[name] for name in GROUPINGS[grouping])) for grouping, _ in self._places[code]
        ]


def _places(selection: Selection, basis: str) -> list[tuple[str, str]]:
    return [
        (grouping, window)
        for grouping in selection.groupings
        if selection.shown(basis, grouping)
        for window in (selection.windows_of(grouping) if basis != "now" else ["all"])
    ]


def _remember(memory: dict[_K, list[bytes]], key: _K, value: list[bytes]) -> list[bytes]:
    if len(memory) >= _MOST:
        memory.clear()
    memory[key] = value
    return value


def spread(changes: Iterable[tuple[Key, Vector]], cells: Cells, into: dict[bytes, Vector]) -> None:
    """Add each change to each of its cells in ``into``; a vector that becomes zero stays there, empty."""
    for key, delta in changes:
        pairs = list(delta.items())
        for cell in cells(key):
            vector = into.get(cell)
            if vector is None:
                vector = into[cell] = {}
            for slot, amount in pairs:
                total = vector.get(slot, 0) + amount
                if total:
                    vector[slot] = total
                else:
                    del vector[slot]
