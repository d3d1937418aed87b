"""The fold against the truth, two readings of one page that know nothing of each other, over simulated floors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import orjson
import pytest

from deploy.produce import address
from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import simulate
from deploy.simulator.truth import compare, truth
from schemas.decoding import Rejected, decoder
from schemas.events import TYPES, Millis
from schemas.settings import Settings
from streams.accumulators import Vector, add_into
from streams.contributions import changes, contributions
from streams.lead import Lead
from streams.now import BASIS, age_band, now_vector, open_leads
from streams.reading import read
from streams.rows import reports, rows
from streams.rules import Rules
from streams.selection import Selection
from streams.timelines import Timeline, absorb, merged_into
from streams.windows import Cells, encode_cell, spread

SETTINGS = Settings(_env_file=None, windows="1d,all")
RULES, SELECTION = Rules.of(SETTINGS), Selection.of(SETTINGS)
EVERYTHING = encode_cell("events", "all", (), "all", 0)


def timelines_of(lines: Iterable[bytes]) -> dict[str, Timeline]:
    decoders = {topic: decoder(topic) for topic in TYPES}
    timelines: dict[str, Timeline] = {}
    for line in lines:
        topic, key = address(line)
        try:
            event = decoders[topic](key, line, (), None)
        except Rejected:
            continue
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
        spread(changes({}, contributions(lead, SELECTION, RULES)), cells, table)
        count_open(lead, cells, clock, table, oldest)
    reporting = reports(table.get(EVERYTHING, {}))
    return [
        msgspec.to_builtins(row)
        for cell, vector in table.items()
        for row in rows(cell, vector, SELECTION, RULES, oldest=oldest.get(cell), clock=clock, reporting=reporting)
    ]


def differences(lines: list[bytes]) -> list[str]:
    clock = 1_772_409_600_000 + 20 * 86_400_000
    return compare(fold(lines, clock), truth(lines, SETTINGS, clock)["kpis"])


@pytest.mark.parametrize("seed", [101, 102])
def test_a_clean_log_has_its_true_kpis(seed: int) -> None:
    assert differences([orjson.dumps(event) for event in simulate(seed, 300)]) == []


@pytest.mark.parametrize("seed", [103, 104])
def test_a_log_with_everything_wrong_with_it_has_its_true_kpis(seed: int) -> None:
    spoilt = disturb(simulate(seed, 300), seed, duplicates=0.1, late=0.1, malformed=0.05, conflicts=0.05)
    assert differences(list(spoilt)) == []


def test_every_kpi_is_compared() -> None:
    rows_there = fold((orjson.dumps(event) for event in simulate(101, 300)), 1_773_000_000_000)
    assert {row["kpi"] for row in rows_there} == set(SELECTION.kpis)
