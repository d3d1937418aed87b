"""Zones: to the wall clock and back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.policy_values import MINUTE
from streams.zones import zone
from tests.streams.opening_hours import HOUR, ZONES, at

changes = st.sampled_from([(name, at(f"{day}T00:00")) for name, days in ZONES.items() for day in days])
nearby = st.integers(-30 * HOUR, 30 * HOUR)


def reading(instant: int, name: str) -> int:
    """What the clock on the wall shows."""
    wall = datetime.fromtimestamp(instant / 1000, ZoneInfo(name)).replace(tzinfo=ZoneInfo("UTC"))
    return round(wall.timestamp() * 1000)


@given(changes, nearby)
def test_the_wall_clock_shows_the_furthest_that_it_has_come(change: tuple[str, int], offset: int) -> None:
    name, instant = change[0], change[1] + offset
    furthest = max(reading(instant - minutes * MINUTE, name) for minutes in range(121))
    assert furthest <= zone(name).wall(instant) < furthest + MINUTE


@given(changes, nearby, nearby)
def test_the_wall_clock_never_goes_back(change: tuple[str, int], one: int, other: int) -> None:
    name, at = change
    assert zone(name).wall(at + min(one, other)) <= zone(name).wall(at + max(one, other))


@given(changes, nearby)
def test_an_instant_is_the_first_at_which_the_wall_clock_has_come_so_far(change: tuple[str, int], offset: int) -> None:
    name, wall = change[0], change[1] + offset
    instant = zone(name).instant(wall)
    assert zone(name).wall(instant) >= wall
    assert zone(name).wall(instant - 1) <= wall


def test_the_wall_clock_waits_for_the_hour_that_it_repeats() -> None:
    # 02:00 to 03:00 comes twice; while it comes again, the clock had already come to 03:00.
    three = at("2026-10-25T03:00")
    assert [zone("Europe/Berlin").wall(at(f"2026-10-25T{time}")) - three for time in ("00:59", "01:00", "01:59")] == [
        -60_000, 0, 0,
    ]  # fmt: skip
    assert zone("Europe/Berlin").instant(three) == at("2026-10-25T02:00")


@pytest.mark.parametrize("name", list(ZONES))
def test_every_change_of_clocks_is_found(name: str) -> None:
    start, end = at("2000-01-01T00:00"), at("2060-01-01T00:00")
    pieces = list(zone(name).stretches(start, end))
    assert [pieces[0][0], *(piece[1] for piece in pieces)] == [*(piece[0] for piece in pieces), end]
    offset_of = {hour: reading(hour, name) - hour for hour in range(start, end, 11 * HOUR)}
    for begin, until, offset in pieces:
        assert reading(begin, name) - begin == reading(until - 1, name) - until + 1 == offset
        assert all(offset_of[hour] == offset for hour in offset_of if begin <= hour < until)
