from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import GROUPINGS, WINDOWS
from streams.accumulators import Vector, add_into
from streams.contributions import Key
from streams.rules import Rules
from streams.spreading import spread
from streams.windows import Cells, decode_cell, encode_cell, window_bounds
from tests.streams.floor import ALL, HOUR, RULES, START

ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe"]
instants = st.integers(946_684_800_000, 2_500_000_000_000)


@given(instants, st.sampled_from(["1m", "5m", "1h", "1d"]), st.sampled_from(ZONES))
def test_an_instant_lies_in_its_half_open_window_and_windows_meet(at: int, window: str, zone: str) -> None:
    start, end = window_bounds(window, at, zone)
    assert end is not None and start <= at < end
    assert window_bounds(window, end, zone)[0] == end
    assert window_bounds(window, start, zone) == window_bounds(window, end - 1, zone) == (start, end)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_is_as_long_as_the_calendar_makes_it(day: str, hours: int) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo("Europe/Berlin"))
    start, end = window_bounds("1d", int(noon.timestamp()) * 1000, "Europe/Berlin")
    assert end is not None and end - start == hours * HOUR


@given(
    st.sampled_from(["events", "now"]),
    st.sampled_from(list(GROUPINGS)),
    st.lists(st.text(max_size=5), max_size=2).map(tuple),
    st.sampled_from(WINDOWS),
    st.integers(0, 40_000_000).map(lambda minutes: minutes * 60_000),
)
def test_a_cell_survives_its_encoding(
    kind: str, grouping: str, values: tuple[str, ...], window: str, start: int
) -> None:
    cell = (kind, grouping, values, window, start)
    assert decode_cell(encode_cell(*cell)) == cell


def test_one_and_five_minute_windows_are_kept_for_all_and_teams_only() -> None:
    cells = [decode_cell(cell) for cell in Cells(ALL, RULES)((0, START, ("t", "r", "hot", "web", "emea", "call")))]
    assert {cell.grouping for cell in cells if cell.window in ("1m", "5m")} == {"all", "team"}
    assert {(cell.grouping, cell.values) for cell in cells if cell.window == "all"} == {
        ("all", ()), ("team", ("t",)), ("rep", ("r",)), ("team,temperature", ("t", "hot")),
        ("source", ("web",)), ("region", ("emea",)),
    }  # fmt: skip


dims = st.tuples(*[st.sampled_from(["a", "b"])] * 6)
minutes = st.integers(START // 60_000, START // 60_000 + 4000).map(lambda minute: minute * 60_000)
keys = st.tuples(st.integers(0, 7), minutes, dims)
deltas = st.dictionaries(st.integers(0, 3), st.integers(-2, 2).filter(bool), max_size=3)


@given(st.lists(st.tuples(keys, deltas), max_size=12), st.sampled_from(ZONES))
def test_spreading_many_changes_adds_each_to_each_of_its_cells(changes: list[tuple[Key, Vector]], zone: str) -> None:
    cells = Cells(ALL, Rules(timezone=zone))
    spread_out: dict[bytes, dict[int, int]] = {}
    spread(changes, cells, spread_out)
    one_by_one: dict[bytes, dict[int, int]] = {}
    for key, delta in changes:
        for cell in cells(key):
            add_into(one_by_one.setdefault(cell, {}), delta)
    assert spread_out == one_by_one
