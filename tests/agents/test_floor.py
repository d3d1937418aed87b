"""The board's floor on both stages: what is published, and the same for whoever takes over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.engine.clock import now
from schemas.settings import Settings
from sinks.floor import GROUPED
from tests.agents.driving import Pipeline
from tests.deploy.board.floor import LEVELS, events, noon

HOUR = 3_600_000


def told(driven: Pipeline) -> list[tuple[Any, ...]]:
    """What the rows of the floor say."""
    found = [row for grouping in GROUPED for row in driven.floor.rows(grouping)]
    return sorted((row.kpi, row.grouping, row.window, str(row.dimensions), row.start, row.count) for row in found)


def test_whoever_takes_over_shows_the_floor_as_it_was(tmp_path: Path) -> None:
    """Windows too that have not begun: a clock that was stopped in time counts in that of its deadline."""
    at = now() // HOUR * HOUR
    driven = Pipeline(Settings(_env_file=None, timezone=noon(at)), tmp_path, 3, LEVELS)
    driven.feed(events(at), at)
    clock = at
    for clock in (at - 1, at + HOUR - 1):
        driven.commit(clock)
        before = told(driven)
        assert {row[2] for row in before} == {"1h", "1d", "all"}
        driven.restart()
        driven.commit(clock)
        assert told(driven) == before
