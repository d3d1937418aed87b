"""The fold against the truth, two readings of one page that know nothing of each other, over simulated floors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import orjson
import pytest

from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import simulate
from deploy.simulator.truth import compare, truth
from schemas.events import Millis
from schemas.settings import Settings
from streams.accumulators import Vector, add_into
from streams.contributions import changes, contributions
from streams.lead import Lead
from streams.now import BASIS, age_band, now_vector, open_leads
from streams.pipeline import standing
from streams.reading import read
from streams.rows import is_empty, reports, rows
from streams.rules import Rules
from streams.selection import Selection
from streams.spreading import spread
from streams.timelines import Timeline, absorb, merged_into
from streams.windows import Cells, encode_cell
from tests.accepting import accepted
from tests.streams.selling import sold

SETTINGS = Settings(_env_file=None, windows="1d,all")
RULES, SELECTION = Rules.of(SETTINGS), Selection.of(SETTINGS)
OF_POLICIES = {"response_within_sla", "sla_at_risk", "sla_breached", "paused_share"}
"""Nothing is said of them without policies. What is said then is held to what is announced, elsewhere."""
EVERYTHING = encode_cell("events", "all", (), "all", 0)


def timelines_of(lines: Iterable[bytes]) -> dict[str, Timeline]:
    timelines: dict[str, Timeline] = {}
    for _, event in accepted(lines):
        absorb(timelines.setdefault(event.subject, Timeline(event.subject)), event)
    return timelines


def forward(timelines: dict[str, Timeline]) -> None:
    """Merged timelines go on to their targets, again and again until nothing changes."""
    waiting = list(timelines)
    while waiting:
        timeline = timelines[waiting.pop()]
        target = merged_into(timeline)
        if target is None:
            continue
        before = list(timelines.setdefault(target, Timeline(target)).events)
        for event in timeline.events:
            absorb(timelines[target], event)
        if timelines[target].events != before:
            waiting.append(target)


def count_open(
    lead: Lead, cells: Cells, clock: Millis, table: dict[bytes, Vector], oldest: dict[bytes, Millis]
) -> None:
    for waiting in open_leads(lead):
        for cell in cells((BASIS, 0, waiting.dims)):
            add_into(table.setdefault(cell, {}), now_vector(age_band(clock - waiting.engaged_at)))
            oldest[cell] = min(oldest.get(cell, clock), waiting.engaged_at)


def fold(lines: Iterable[bytes], clock: Millis) -> list[dict[str, Any]]:
    timelines, cells = timelines_of(lines), Cells(SELECTION, RULES)
    forward(timelines)
    table: dict[bytes, Vector] = {}
    oldest: dict[bytes, Millis] = {}
    for timeline in timelines.values():
        lead = read(timeline, RULES)
        spread(changes({}, contributions(lead, SELECTION, RULES), SELECTION), cells, table)
        count_open(lead, cells, clock, table, oldest)
        for key, vector in standing(lead, SELECTION, RULES, clock).adds.items():
            for cell in cells(key):
                add_into(table.setdefault(cell, {}), vector)
    reporting = reports(table.get(EVERYTHING, {}))
    return [
        msgspec.to_builtins(row)
        for cell, vector in table.items()
        for row in rows(cell, vector, SELECTION, RULES, oldest=oldest.get(cell), clock=clock, reporting=reporting)
        if not is_empty(row)
    ]


CLOCK = 1_772_409_600_000 + 20 * 86_400_000


def differences(lines: list[bytes]) -> list[str]:
    return compare(fold(lines, CLOCK), truth(lines, SETTINGS, CLOCK)["kpis"])


@pytest.mark.parametrize("seed", [101, 102])
def test_a_clean_log_has_its_true_kpis(seed: int) -> None:
    assert differences([orjson.dumps(event) for event in simulate(seed, 300)]) == []


@pytest.mark.parametrize("seed", [103, 104])
def test_a_log_with_everything_wrong_with_it_has_its_true_kpis(seed: int) -> None:
    spoilt = disturb(simulate(seed, 300), seed, duplicates=0.1, late=0.1, malformed=0.05, conflicts=0.05)
    assert differences(list(spoilt)) == []


@pytest.mark.parametrize("seed", [105, 106])
def test_a_log_of_many_deals_has_its_true_kpis(seed: int) -> None:
    assert differences(sold(seed, 250, CLOCK)) == []


def test_every_kpi_is_compared() -> None:
    rows_there = fold([*map(orjson.dumps, simulate(101, 300)), *sold(1, 20, CLOCK)], CLOCK)
    assert {row["kpi"] for row in rows_there} == set(SELECTION.kpis) - OF_POLICIES
