from __future__ import annotations

import gzip
import json
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decoding import decoder
from schemas.event import Event
from schemas.events import TOPIC_OF
from schemas.results import KpiRow
from streams.contributions import EVERY_AXIS, Contributed, affected, changes, contributions
from streams.lead import Lead
from streams.reading import read
from streams.rows import rows
from streams.spreading import spread
from streams.timelines import Absorbed, Timeline, absorb
from streams.windows import Cells, encode_cell
from tests.streams.floor import ALL, RULES, call, engaged, events, histories, lead_of, table_of, timeline_of

DATA = Path(__file__).parents[2].parent / "shared" / "data"


@given(histories, st.randoms(), st.integers(1, 5))
def test_increments_in_any_order_equal_a_rebuild_from_scratch(history: list[Event], random: Random, size: int) -> None:
    replayed = [*history, *random.sample(history, len(history) // 2)]
    random.shuffle(replayed)
    timeline, table, cells = Timeline("lead-1"), dict[bytes, dict[int, int]](), Cells(ALL, RULES)
    known: Contributed = {}
    for first in range(0, len(replayed), size):
        for one in replayed[first : first + size]:
            absorb(timeline, one)
        now = contributions(read(timeline, RULES), ALL, RULES)
        spread(changes(known, now, ALL), cells, table)
        known = now
    assert {cell: vector for cell, vector in table.items() if vector} == table_of(lead_of(*history))


@given(histories, events)
def test_an_event_changes_nothing_but_the_axes_it_is_said_to_affect(history: list[Event], late: Event) -> None:
    timeline = timeline_of(*history)
    before = contributions(read(timeline, RULES), ALL, RULES)
    axes = affected(ALL)[late.type] if absorb(timeline, late) is Absorbed.NEW else EVERY_AXIS
    lead = read(timeline, RULES)
    assert contributions(lead, ALL, RULES, before, axes) == contributions(lead, ALL, RULES)


def test_what_did_not_change_is_not_sent_again() -> None:
    before = contributions(lead_of(engaged()), ALL, RULES)
    assert changes(before, dict(before), ALL) == []
    after = contributions(lead_of(engaged(), call(1)), ALL, RULES)
    assert changes(before, after, ALL)


def help_desk() -> list[Lead]:
    """The leads of the recorded log of a real help desk."""
    decoders = {topic: decoder(topic) for topic in ("leads", "calls", "emails")}
    timelines: dict[str, Timeline] = {}
    with gzip.open(DATA / "uci_incidents.events.jsonl.gz") as lines:
        for line in lines:
            seen = orjson.loads(line)
            one = decoders[TOPIC_OF[seen["type"]]](seen["subject"].encode(), line, [], None)
            absorb(timelines.setdefault(one.subject, Timeline(one.subject)), one)
    return [read(timeline, RULES) for timeline in timelines.values()]


def assert_met(said: dict[str, KpiRow], true: dict[str, Any]) -> None:
    response, truly = said["lead_response_time"], true["lead_response_time"]
    assert (response.count, response.statistics["censored"]) == (truly["count"], truly["censored"])
    assert response.statistics["within"] == truly["within"]
    assert response.statistics["mean"] == pytest.approx(truly["mean"], rel=1e-12)
    for name in ("p50", "p90", "p95", "p99"):
        assert response.statistics[f"{name}_answered"] == pytest.approx(truly[f"{name}_of_answered"], rel=0.01)
    follow_ups = said["follow_ups_per_lead"]
    assert said["follow_up_rate"].numerator == true["follow_up_rate_24h"]["numerator"]
    assert (follow_ups.numerator, follow_ups.denominator) == (true["follow_ups"], true["contacted"])
    assert said["leads_created"].value == true["leads"]


def test_the_help_desk_is_met() -> None:
    """Its truth was computed from the same log by a plain batch script: counts exact, quantiles to 1 %."""
    if not DATA.is_dir():
        pytest.skip("the recorded data are not beside this checkout")
    truth = json.loads((DATA / "uci_incidents.truth.json").read_text())
    few = msgspec.structs.replace(ALL, groupings=("all", "source", "channel"), windows=("all",))
    table = table_of(*help_desk(), selection=few)

    def said(grouping: str, *values: str) -> dict[str, KpiRow]:
        cell = encode_cell("events", grouping, values, "all", 0)
        return {row.kpi: row for row in rows(cell, table[cell], few, RULES)}

    assert_met(said("all"), truth["all"])
    for source, true in truth["by_source"].items():
        assert_met(said("source", source), true)
    replied = said("channel", "email")["reply_rate"]
    assert (replied.numerator, replied.denominator) == (5471, 5471)
