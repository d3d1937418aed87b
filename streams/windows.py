"""Windows and cells: where in the published tables a contribution is added."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from struct import Struct as Layout
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from schemas.catalogue import BASES, CELLS, FINE, GROUPINGS, WINDOWS, cell_kind
from schemas.events import Millis
from streams.contributions import MINUTE, Key
from streams.dimensions import Dims
from streams.rules import Rules
from streams.selection import Selection

LENGTHS: Final = {"1m": MINUTE, "5m": 5 * MINUTE, "1h": 60 * MINUTE}
"""Milliseconds of the windows that have always as many."""
_QUARTER: Final = 15 * MINUTE
_DIMENSIONS: Final = ("team", "rep", "temperature", "source", "region", "channel", "policy")
_KINDS: Final = tuple(CELLS)
_GROUPINGS: Final = tuple(GROUPINGS)
_COARSE: Final = frozenset(_GROUPINGS.index(grouping) for grouping in FINE)
_HEAD: Final = Layout(">BBBI")
_MOST: Final = 50_000

_encode_values = msgspec.msgpack.Encoder().encode
_decode_values = msgspec.msgpack.Decoder(tuple[str, ...]).decode


Range = tuple[bytes, bytes]
"""Cells from the first on and before the second, in the order of their bytes."""


class Cell(NamedTuple):
    """Where rows are made: a grouping and its values, a window and its start in milliseconds.

    ``kind`` is ``now`` where what is so at present is counted, ``events`` where all else is: KPIs have slots of their
    own. Other kinds (``CELLS``) have the value of one more dimension at the end of ``values``.
    """

    kind: str
    grouping: str
    values: tuple[str, ...]
    window: str
    start: Millis

    @property
    def is_now(self) -> bool:
        """Whether what is so at present is counted in it."""
        return self.kind.startswith("now")


def window_bounds(window: str, at: Millis, timezone: str) -> tuple[Millis, Millis | None]:
    """The half-open window that holds ``at``: days are those of the calendar, ``all`` begins at 0 and never ends."""
    if window == "all":
        return 0, None
    if window == "1d":
        return _day(at - at % _QUARTER, timezone)
    start = at - at % LENGTHS[window]
    return start, start + LENGTHS[window]


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


def window_and_start(cell: bytes) -> tuple[str, Millis]:
    """The size of its window, and when that begins."""
    _, _, window, start = _HEAD.unpack_from(cell)
    return WINDOWS[window], start * MINUTE


def cells_before(window: str, start: Millis) -> list[Range]:
    """The cells whose window is of a size and begins before ``start``: a range for each kind and grouping."""
    return [
        (_head(kind, grouping, window, 0), _head(kind, grouping, window, start))
        for kind in _KINDS
        for grouping in _GROUPINGS
    ]


def is_coarse(cell: bytes) -> bool:
    """Whether its grouping is one of the few that everybody watches."""
    return cell[1] in _COARSE


def series(cell: bytes) -> bytes:
    """What the cells of a grouping and its values have in common, whatever their window and kind."""
    return cell[1:2] + cell[_HEAD.size :]


class Place:
    """A grouping that a basis is shown by, and its windows, the shortest first.

    Keys within one ``unit`` fall in the same windows. Each window is the sum of earlier levels: of those by
    unit (0), or of the n-th window (n), whichever is the longest that fits whole into it.
    """

    def __init__(self, kind: str, grouping: str, windows: list[str], timezone: str) -> None:
        self.kind = kind
        self.grouping = grouping
        self.unit = _unit(windows, timezone)
        self.windows = windows
        self.summed_from = [_summed_from(windows[:n], timezone) for n in range(len(windows))]
        self._positions = [_DIMENSIONS.index(name) for name in GROUPINGS[grouping]] + [-1] * len(CELLS[kind])

    def values(self, dims: Dims) -> Any:
        """What ``Cells.ends`` knows the values by: a tuple of none or several, or one by itself."""
        positions = self._positions
        if len(positions) == 1:
            return dims[positions[0]]
        if len(positions) == 2:
            return dims[positions[0]], dims[positions[1]]
        return tuple([dims[position] for position in positions])


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
            self.head(place, window, at) + self.ends[place.values(dims)]
            for place in self.places[code]
            for window in place.windows
        ]

    def head(self, place: Place, window: str, at: Millis) -> bytes:
        """The beginning of the cells of one grouping and window."""
        return _head(place.kind, place.grouping, window, window_bounds(window, at, self.timezone)[0])


def _places(selection: Selection, basis: str, timezone: str) -> list[Place]:
    places = []
    for grouping in selection.groupings:
        kind = cell_kind(basis)
        windows = ["all"] if BASES[basis] == "now" else selection.windows_of(grouping)
        if windows and selection.shown(basis, grouping):
            places.append(Place(kind, grouping, windows, timezone))
    return places


def _unit(windows: list[str], timezone: str) -> Millis:
    """The longest time whose instants share every window; days may begin at any quarter of an hour outside UTC."""
    finest = LENGTHS.get(windows[0], 60 * MINUTE)
    return finest if timezone == "UTC" else min(finest, _QUARTER)


def _summed_from(earlier: list[str], timezone: str) -> int:
    """The level that the window after ``earlier`` is summed from: hours do not fit into days outside UTC."""
    fitting = [n for n, window in enumerate(earlier, start=1) if window != "1h" or timezone == "UTC"]
    return fitting[-1] if fitting else 0
