"""The rows that the board shows: those of now, and of the windows that hold the clock."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.results import KpiRow, timestamp
from sinks.floor import GROUPED, Floor

HOUR = 3_600_000
NOON = 1_796_040_000_000


def row(kpi: str = "follow_up_rate", start: int = NOON, window: str = "1h", n: int = 1, **of: str) -> KpiRow:
    end = None if window == "all" else timestamp(start + HOUR)
    named: dict[str, Any] = {"basis": "engaged", "value": n, "count": n, "numerator": n, "denominator": n}
    begins = timestamp(0 if window == "all" else start)
    return KpiRow(kpi, ",".join(of) or "all", of, window, begins, end, statistics={}, **named)


@pytest.fixture
def floor() -> Floor:
    made = Floor()
    made.open(0, 2)
    made.advance(0, NOON + 1)
    return made


def test_a_window_is_shown_from_its_beginning_to_its_end(floor: Floor) -> None:
    """Each row is there before its window is, and is not told again when that begins."""
    before, during, after = (row(start=NOON + hours * HOUR, n=hours + 2) for hours in (-1, 0, 1))
    for each in (after, during, before):
        floor.update(0, each)
    assert floor.rows("all") == [during]
    floor.advance(0, NOON + HOUR - 1)
    assert floor.rows("all") == [during]
    floor.advance(0, NOON + HOUR)
    assert floor.rows("all") == [after]
    floor.advance(0, NOON + 2 * HOUR)
    assert floor.rows("all") == []


def test_the_last_row_of_a_place_stands(floor: Floor) -> None:
    for n in (1, 5, 3):
        floor.update(0, row(n=n, team="emea"))
    assert [each.count for each in floor.rows("team")] == [3]


def test_where_nobody_waits_any_more_nothing_is_kept(floor: Floor) -> None:
    floor.update(0, row("open_leads", window="all", rep="r-1"))
    floor.update(0, row("open_leads", window="all", rep="r-2"))
    floor.update(0, row("open_leads", window="all", rep="r-1", n=0))
    assert [each.dimensions for each in floor.rows("rep")] == [{"rep": "r-2"}]


@pytest.mark.parametrize("other", [row(window="1m"), row("mrr"), row(region="emea"), row("talk_time")])
def test_what_the_board_does_not_show_is_not_kept(floor: Floor, other: KpiRow) -> None:
    floor.update(0, other)
    assert [row for grouping in GROUPED for row in floor.rows(grouping)] == []


def test_what_another_worker_has_taken_over_is_shown_no_more(floor: Floor) -> None:
    floor.open(1, 2)
    floor.update(1, row("open_leads", window="all"))
    assert (floor.owned, floor.partitions, floor.clock) == (2, 2, None)
    floor.advance(1, NOON - HOUR)
    assert floor.clock == NOON - HOUR
    floor.drop(1)
    assert (floor.owned, floor.rows("all"), floor.clock) == (1, [], NOON + 1)
