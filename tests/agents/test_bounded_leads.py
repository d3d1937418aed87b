"""Leads with more events than are kept, through stage 1: the same whatever the order, and at a flat cost."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from schemas.event import Event
from streams import timelines
from streams.lead import Lead
from streams.reading import read
from streams.rules import Rules
from streams.timelines import Timeline
from tests.agents.driving import Pipeline
from tests.agents.test_leads import END, FEW, HOUR, MINUTE, SETTINGS, START, floor, line
from tests.streams.floor import call

TINY = SETTINGS.model_copy(update={"lead_events": 6})


def facts_of(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    found = {key.decode(): orjson.loads(value) for key, value in pipeline.published["lead-facts"]}
    return {lead: {k: v for k, v in facts.items() if k != "revision"} for lead, facts in found.items()}


@pytest.mark.parametrize(("seed", "few"), [(21, False), (22, False), (23, True)])
def test_neither_order_nor_repeats_nor_cuts_nor_restarts_matter(tmp_path: Path, seed: int, few: bool) -> None:
    settings = FEW.model_copy(update={"lead_events": 6}) if few else TINY
    lines = floor(seed)
    whole = Pipeline(settings, tmp_path / "whole")
    whole.feed(lines)
    whole.commit_leads(END)
    whole.commit_leads(END)
    rng = random.Random(seed)
    shuffled = rng.sample(lines, len(lines)) + rng.sample(lines, 50)
    cut = Pipeline(settings, tmp_path / "cut")
    while shuffled:
        size = rng.choice([1, 7, 60, 150])
        cut.feed(shuffled[:size])
        shuffled = shuffled[size:]
        cut.commit_leads(END)
        if rng.random() < 0.3:
            cut.restart()
    cut.commit_leads(END)
    assert cut.standing_partials() == whole.standing_partials()
    assert cut.leads.made[0].distinct == whole.leads.made[0].distinct
    assert facts_of(cut) == facts_of(whole)
    assert few or 10 < sum(facts["truncated"] for facts in facts_of(whole).values()) < len(facts_of(whole))


class Work:
    """What a partition does for the events of one lead, cycle by cycle: counted, not timed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read = self.packed = 0
        packed = timelines._packed

        def reading(timeline: Timeline, rules: Rules) -> Lead:
            self.read += len(timeline)
            return read(timeline, rules)

        def packing(event: Event, lead: str) -> bytes:
            self.packed += 1
            return packed(event, lead)

        monkeypatch.setattr("agents.leads.read", reading)
        monkeypatch.setattr(timelines, "_packed", packing)

    def of(self, pipeline: Pipeline, lines: list[bytes]) -> tuple[int, int, int]:
        """Events read, events encoded and bytes of the lead for the changelog in one cycle with these lines."""
        self.read = self.packed = 0
        pipeline.feed(lines)
        [leads], [store] = pipeline.leads.made, pipeline.leads._stores
        leads.tick(END, frozenset())
        leads.drain(pipeline.leads._cycles[0] + 1)
        stored = sum(len(value or b"") for key, value in store._pending.items() if key.startswith(b"t"))
        pipeline.commit_leads(END)
        return self.read, self.packed, stored


def calls(first: int, n: int) -> list[bytes]:
    return [line("call.completed", START + MINUTE + at, direction="outbound") for at in range(first, first + n)]


def test_a_lead_of_100_000_events_costs_no_more_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it has as many as are kept, the next are neither read with the others nor stored."""
    work, pipeline = Work(monkeypatch), Pipeline(SETTINGS, tmp_path)
    spent = [work.of(pipeline, calls(at, 1_000)) for at in range(0, 100_000, 1_000)]
    limit = SETTINGS.lead_events
    assert max(read for read, _, _ in spent) <= limit
    chunk = len(timelines._packed(call(0), "lead-1")) * timelines.CHUNK
    assert max(stored for _, _, stored in spent) < 6 * chunk
    assert set(spent[limit // 1_000 + 1 :]) == {(0, 0, 0)}
    assert pipeline.leads.made[0].distinct == limit


def test_it_costs_no_more_either_where_every_event_comes_before_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is kept, and another one goes: what is written is rewritten now and then only."""
    work, limit = Work(monkeypatch), 500
    pipeline = Pipeline(SETTINGS.model_copy(update={"lead_events": limit}), tmp_path)
    spent = []
    for at in range(20_000, 0, -100):
        spent.append(work.of(pipeline, calls(at, 100)))
        kept = pipeline.leads.made[0]._entries["lead-1"].timeline.chunks
        assert len(list(pipeline.leads._stores[0].scan(b"t"))) == kept <= 5
    chunk = len(timelines._packed(call(0), "lead-1")) * timelines.CHUNK
    assert max(read for read, _, _ in spent) <= limit
    for part in (spent[20:110], spent[110:]):
        assert sum(stored for _, _, stored in part) < len(part) * 2 * chunk
        assert sum(packed for _, packed, _ in part) < len(part) * 100 * 20


def test_facts_say_that_events_are_left_out_and_it_is_counted_and_said_once(
    tmp_path: Path,
) -> None:
    with structlog.testing.capture_logs() as told:
        pipeline = Pipeline(TINY, tmp_path)
        for lead in ("lead-1", "lead-2"):
            pipeline.feed([line("lead.engaged", START + n * HOUR, lead) for n in range(6)])
            pipeline.commit(END)
            assert not facts_of(pipeline)[lead]["truncated"]
            pipeline.feed([line("lead.closed", START + 7 * HOUR, lead)])
            pipeline.commit(END)
            assert facts_of(pipeline)[lead]["truncated"] and facts_of(pipeline)[lead]["open"]
            pipeline.feed([line("lead.closed", START + 8 * HOUR, lead)])
            pipeline.commit(END)
    assert pipeline.metrics.registry.get_sample_value("sales_truncated_leads_total") == 2
    warned = [entry for entry in told if entry["log_level"] == "warning"]
    assert warned == [
        {"event": "leads with more events than kept", "log_level": "warning", "partition": 0, "leads": 1, "kept": 6}
    ]


def test_a_lead_that_a_truncated_one_was_merged_into_is_truncated(tmp_path: Path) -> None:
    """It has just as many events as are kept, and cannot tell by them."""
    for n, truncated in ((5, False), (20, True)):
        pipeline = Pipeline(TINY, tmp_path / str(n), 2)
        pipeline.feed([line("lead.merged", START, "lead-1", into="lead-3")])
        pipeline.feed([line("lead.engaged", START + at * HOUR, "lead-1") for at in range(1, n + 1)])
        pipeline.commit(END)
        assert facts_of(pipeline)["lead-3"]["truncated"] == truncated


def test_what_was_contradicted_goes_on_to_the_lead_that_it_was_merged_into(tmp_path: Path) -> None:
    """There the later content is left out, so that the earlier one stands."""
    pipeline = Pipeline(TINY, tmp_path)
    pipeline.feed([line("lead.merged", START, "lead-1", into="lead-3")])
    pipeline.feed([line("call.completed", START + HOUR, "lead-1", "c", direction="outbound")])
    pipeline.feed([line("call.completed", START + 90 * HOUR, "lead-1", "c", direction="inbound")])
    pipeline.feed([line("lead.engaged", START + n * HOUR, "lead-3") for n in range(2, 8)])
    pipeline.commit(END)
    [calls_made] = [row for row in pipeline.told() if (row["kpi"], row["grouping"]) == ("activities", "all")][:1]
    assert (calls_made["dimensions"], calls_made["value"]) == ({"kind": "call"}, 1)


def test_by_another_bound_everything_is_told_anew(tmp_path: Path) -> None:
    fewer, lines = TINY.model_copy(update={"lead_events": 3}), calls(0, 20)
    pipeline, other = Pipeline(TINY, tmp_path / "changed"), Pipeline(fewer, tmp_path / "other")
    for one in (pipeline, other):
        one.feed(lines)
        one.commit(END)
    assert pipeline.standing_partials() != other.standing_partials()
    pipeline.restart(fewer)
    pipeline.commit(END)
    assert pipeline.standing_partials() == other.standing_partials()
