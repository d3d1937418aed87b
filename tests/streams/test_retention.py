from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import GROUPINGS, WINDOWS
from schemas.settings import Settings
from streams.retention import Retention, step
from streams.windows import decode_cell, encode_cell, window_bounds
from tests.streams.test_windows import ZONES, instants

HOUR, DAY = 3_600_000, 86_400_000
lengths = st.integers(HOUR, 500 * DAY)


@given(instants, instants, st.sampled_from(WINDOWS), st.sampled_from(list(GROUPINGS)), lengths, st.sampled_from(ZONES))
def test_a_window_is_kept_for_its_time_after_its_end(
    clock: int, at: int, window: str, grouping: str, keep: int, zone: str
) -> None:
    """And the ranges that are looked through hold exactly what is kept no longer."""
    retention = Retention(dict.fromkeys(("1m", "5m", "1h", "1d"), keep), zone)
    start, end = window_bounds(window, at, zone)
    cell = encode_cell("events", grouping, ("a",), window, start)
    kept = retention.kept(clock)
    assert kept.has(cell) == (end is None or step(clock) < end + keep)
    assert any(first <= cell < last for first, last in kept.expired()) != kept.has(cell)


def test_what_is_kept_without_being_told_otherwise() -> None:
    keep = Retention.of(Settings(_env_file=None)).keep
    assert keep == {"1m": 2 * DAY, "5m": 7 * DAY, "1h": 35 * DAY, "1d": 400 * DAY}


def test_a_clock_that_has_not_begun_lets_nothing_go() -> None:
    cell = encode_cell("events", "all", (), "1m", 0)
    kept = Retention.of(Settings(_env_file=None)).kept(0)
    assert kept.has(cell) and decode_cell(cell).start == 0


@given(st.sampled_from(ZONES))
def test_a_worker_may_begin_at_nothing_in_any_time_zone(zone: str) -> None:
    """Its first day began before 1970, as cells cannot say."""
    kept = Retention({"1d": DAY}, zone).kept(0)
    assert kept.has(encode_cell("events", "all", (), "1d", 0)) and not any(
        first < last for first, last in kept.expired()
    )
