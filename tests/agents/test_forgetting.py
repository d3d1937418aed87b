"""Stage 1 asked to forget a lead: nothing of it is kept or comes back, and the numbers of past windows stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.forwarding import forwarding
from schemas.forgetting import mark
from schemas.partitioning import partition_of
from schemas.settings import Settings
from streams.timelines import Timeline, absorb
from tests.agents.driving import Pipeline, Sent, bare
from tests.agents.test_forwarding import event
from tests.agents.test_leads import END, HOUR, MINUTE, SETTINGS, START, floor, line
from tests.policy_files import HEAD, parsed, policy

PARTITIONS = 3
NOW = ("open_leads", "oldest_open_lead")


def called(lead: str, ident: str, at: int = START) -> bytes:
    return line("call.completed", at, lead, ident, direction="outbound", rep="r-1")


def life(lead: str, at: int = START) -> list[bytes]:
    """A lead that engages and is called after an hour."""
    return [line("lead.engaged", at, lead, f"{lead}-e", source="fair"), called(lead, f"{lead}-c", at + HOUR)]


def merge(lead: str, into: str, at: int = START + 2 * HOUR) -> bytes:
    return line("lead.merged", at, lead, f"{lead}-m", into=into)


@pytest.fixture
def pipe(tmp_path: Path) -> Pipeline:
    return Pipeline(SETTINGS, tmp_path, PARTITIONS)


def kept(pipe: Pipeline, *leads: str) -> list[bytes]:
    """Every entry of every store in which one of the leads is named."""
    entries = [(key, value) for store in pipe.leads._stores for key, value in store.scan(b"")]
    return [key for key, value in entries if any(lead.encode() in key + value for lead in leads)]


def facts(pipe: Pipeline) -> dict[bytes, Any]:
    standing = dict(pipe.published["lead-facts"])
    return {lead: orjson.loads(value) for lead, value in standing.items() if value}


def count(pipe: Pipeline, kpi: str) -> Any:
    return pipe.row(kpi)["count"]


def test_nothing_of_a_forgotten_lead_is_kept_but_the_numbers_of_past_windows(pipe: Pipeline) -> None:
    pipe.feed(life("ana") + life("ben"))
    pipe.commit(END)
    assert kept(pipe, "ana")
    assert facts(pipe).keys() == {b"ana", b"ben"}
    pipe.forget("ana")
    pipe.commit(END)
    assert kept(pipe, "ana") == []
    assert facts(pipe).keys() == {b"ben"}
    assert (count(pipe, "leads_created"), count(pipe, "lead_response_time")) == (2, 2)
    assert [(answer.name, answer.events, answer.further) for answer in pipe.answers] == [(mark("ana"), 2, ())]
    assert b"ana" not in orjson.dumps([answer.name for answer in pipe.answers])


def test_a_forgotten_lead_that_was_open_is_open_no_more(pipe: Pipeline) -> None:
    pipe.feed([line("lead.engaged", START, "ana"), line("lead.engaged", START, "ben")])
    pipe.commit(END)
    assert count(pipe, "open_leads") == 2
    pipe.forget("ana")
    pipe.commit(END)
    assert (count(pipe, "open_leads"), count(pipe, "leads_created")) == (1, 2)


URGENT = parsed(HEAD + policy(target='"24 calendar hours"'))


def test_of_a_forgotten_lead_no_clock_is_announced_any_more(tmp_path: Path) -> None:
    pipe = Pipeline(SETTINGS, tmp_path, PARTITIONS, URGENT)
    pipe.feed([line("lead.engaged", START, lead, f"{lead}-e") for lead in ("ana", "ben")])
    pipe.commit(START + HOUR)
    assert {key for key, _ in pipe.published["sla"]} == {b"ana", b"ben"}
    pipe.published["sla"].clear()
    pipe.forget("ana")
    pipe.commit(START + 2 * HOUR)
    pipe.restart()
    pipe.commit(END)
    assert {key for key, _ in pipe.published["sla"]} == {b"ben"}
    assert kept(pipe, "ana") == []


def test_nobody_is_told_of_the_clocks_that_a_merged_lead_had_started(tmp_path: Path) -> None:
    pipe = Pipeline(SETTINGS, tmp_path, PARTITIONS, URGENT)
    pipe.feed([line("lead.engaged", START, "ana", "ana-e"), merge("ana", "cleo", START + MINUTE)])
    pipe.feed([called("cleo", "late", START + 40 * HOUR)])
    pipe.commit(START + 2 * HOUR)
    pipe.published["sla"].clear()
    pipe.forget("ana")
    pipe.commit(END)
    assert pipe.published["sla"] == []
    assert kept(pipe, "ana") == []


def test_what_comes_of_a_forgotten_lead_is_not_stored_old_or_new_even_after_a_restart(pipe: Pipeline) -> None:
    pipe.feed(life("ana"))
    pipe.commit(END)
    pipe.feed([called("ana", "just before", START + 2 * HOUR)])
    pipe.forget("ana")
    pipe.feed([called("ana", "just after", START + 3 * HOUR)])
    pipe.commit(END)
    pipe.restart()
    pipe.feed([*life("ana"), called("ana", "new", START + 4 * HOUR)])
    pipe.commit(END)
    assert kept(pipe, "ana") == []
    assert facts(pipe) == {}
    assert count(pipe, "leads_created") == 1
    assert 'sales_forgotten_records_total{topic="calls"} 3.0' in pipe.metrics.exposition()[0].decode()


def test_a_dead_letter_of_a_forgotten_lead_is_not_written(pipe: Pipeline) -> None:
    pipe.forget("ana")
    broken = [line("call.completed", START, "ana"), line("call.completed", START, "ben")]
    pipe.feed(broken)
    calls = pipe.settings.topic("calls")
    home = pipe.leads.made[partition_of(b"ana", PARTITIONS)]
    home.process(calls, [Sent(None, broken[0]), Sent(b"ana", b"no json")])
    pipe.commit(END)
    assert [key for key, _ in pipe.published["dead-letters"]] == [b"ben"]


def test_whoever_was_merged_into_a_forgotten_lead_is_forgotten_too(pipe: Pipeline) -> None:
    pipe.feed([*life("ana"), *life("bea", START + HOUR), merge("ana", "bea"), merge("bea", "cleo"), *life("cleo")])
    pipe.feed(life("dan"))
    pipe.commit(END)
    pipe.forget("cleo")
    pipe.commit(END)
    assert kept(pipe, "ana", "bea", "cleo") == []
    assert facts(pipe).keys() == {b"dan"}
    names = {answer.name for answer in pipe.answers}
    assert {mark("ana"), mark("bea"), mark("cleo")} <= names
    assert {name for answer in pipe.answers for name in answer.further} <= names, "every further request is answered"
    pipe.feed([called("ana", "late"), called("bea", "late")])
    pipe.commit(END)
    assert kept(pipe, "ana", "bea", "cleo") == []


def test_of_a_merged_lead_that_is_forgotten_nothing_stays_with_the_one_it_was_merged_into(pipe: Pipeline) -> None:
    pipe.feed([*life("ana"), merge("ana", "bea"), merge("bea", "cleo", START + 3 * HOUR), *life("cleo", START + HOUR)])
    pipe.commit(END)
    assert facts(pipe)[b"cleo"]["touches"] == 2
    pipe.forget("ana")
    pipe.commit(END)
    assert kept(pipe, "ana") == []
    assert facts(pipe)[b"cleo"]["touches"] == 1
    alone = Pipeline(SETTINGS, pipe.directory / "alone", PARTITIONS)
    alone.feed([merge("bea", "cleo", START + 3 * HOUR), *life("cleo", START + HOUR)])
    alone.commit(END)
    assert facts(pipe)[b"cleo"] | {"revision": 0} == facts(alone)[b"cleo"] | {"revision": 0}
    assert count(pipe, "leads_created") == count(alone, "leads_created") == 1


def test_what_a_forgotten_lead_was_about_to_be_given_is_not_stored(pipe: Pipeline) -> None:
    """Its request overtakes the records of the merge."""
    pipe.forget("bea")
    pipe.feed([*life("ana"), merge("ana", "bea")])
    pipe.commit(END)
    assert kept(pipe, "bea\0") == []
    assert facts(pipe).keys() <= {b"ana"}


def test_what_a_merge_still_brings_of_a_forgotten_lead_is_not_stored(tmp_path: Path) -> None:
    """The worker that forwarded it had not yet heard of the request."""
    pipe = Pipeline(SETTINGS, tmp_path)
    pipe.forget("ana")
    merged = Timeline("ana")
    for one in (event("lead.engaged", "1", 0, "ana"), event("lead.merged", "2", 9, "ana", into="cleo")):
        absorb(merged, one)
    records: dict[int, Any] = {}
    forwarding(merged, 1, records)
    pipe.leads.made[0].process(SETTINGS.topic("internal.merges"), [Sent(*record) for record in records[0]])
    pipe.commit(END)
    assert kept(pipe, "ana") == []


def test_leads_merged_in_a_circle_are_forgotten_and_come_to_rest(pipe: Pipeline) -> None:
    pipe.feed([*life("ana"), *life("bea"), merge("ana", "bea"), merge("bea", "ana")])
    pipe.commit(END)
    pipe.forget("ana")
    pipe.commit(END)
    assert kept(pipe, "ana", "bea") == []


def test_asked_again_there_is_nothing_left_to_forget(pipe: Pipeline) -> None:
    pipe.feed(life("ana"))
    pipe.commit(END)
    for at in (1, 2):
        pipe.forget("ana", at)
        pipe.commit(END)
    assert [(answer.at, answer.events) for answer in pipe.answers] == [(1, 2), (2, 0)]


def test_where_nobody_was_forgotten_nothing_is_hashed(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.forgetting.mark", lambda lead: pytest.fail("hashed"))
    pipe.feed(life("ana"))
    pipe.commit(END)


def settings(**changes: Any) -> Settings:
    return SETTINGS.model_copy(update=changes)


def test_what_was_left_out_of_a_long_timeline_is_dropped_with_the_rest(tmp_path: Path) -> None:
    """It is in the chunks until they are written anew."""
    pipe = Pipeline(settings(lead_events=100), tmp_path, PARTITIONS)
    early = [called("cleo", f"c{n}", START + n * 1000) for n in range(90)]
    late = [called("ana", f"a{n}", START + HOUR + n * MINUTE) for n in range(60)]
    pipe.feed([*late, merge("ana", "cleo", START + 9 * HOUR)])
    pipe.commit(END)
    pipe.feed(early)
    pipe.commit(END)
    pipe.forget("ana")
    pipe.commit(END)
    assert kept(pipe, "ana") == []
    assert facts(pipe)[b"cleo"]["last_event_at"] == "2026-03-02T00:01:29Z"
    # There is room again for what comes later.
    pipe.feed([called("cleo", "later", START + 5 * HOUR)])
    pipe.commit(END)
    assert facts(pipe)[b"cleo"]["last_event_at"] == "2026-03-02T05:00:00Z"


def test_under_a_new_definition_the_numbers_of_forgotten_leads_are_still_counted(tmp_path: Path) -> None:
    """Every release may be one: KPIs that are selected later are counted as well."""
    few = settings(kpis="leads_created,reply_rate")
    pipe = Pipeline(few, tmp_path / "one", PARTITIONS)
    lines = floor(24)
    pipe.feed(lines)
    pipe.commit(END)
    merged = {lead for lead, known in facts(pipe).items() if known["merged_into"] is not None}
    # What a merged lead gave to another is taken from that one: of all others the numbers stay.
    for lead in sorted(facts(pipe).keys() - merged)[::3]:
        pipe.forget(lead.decode())
    pipe.commit(END + HOUR)
    pipe.restart(SETTINGS)
    pipe.commit(END + 2 * HOUR)
    pipe.commit(END + 3 * HOUR)
    whole = Pipeline(SETTINGS, tmp_path / "whole", PARTITIONS)
    whole.feed(lines)
    whole.commit(END + 2 * HOUR)
    whole.commit(END + 3 * HOUR)
    expected = {key: row for key, row in bare(whole.rows()).items() if row["kpi"] not in NOW}
    assert {key: row for key, row in bare(pipe.rows()).items() if row["kpi"] not in NOW} == expected


def test_what_had_not_been_counted_when_the_lead_was_forgotten_is_not_counted_later(tmp_path: Path) -> None:
    pipe = Pipeline(SETTINGS, tmp_path, PARTITIONS)
    pipe.feed(life("ana"))
    pipe.commit(END)
    pipe.feed([called("ana", "just before", START + 2 * HOUR)])
    pipe.forget("ana")
    pipe.commit(END)
    before = bare(pipe.rows())
    # Another definition, which no row names.
    pipe.restart(settings(lead_events=4_999))
    pipe.commit(END + HOUR)
    pipe.commit(END + 2 * HOUR)
    assert bare(pipe.rows()) == before


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 59)), max_size=30))
def test_dropping_a_subject_leaves_the_timeline_of_the_others(events: list[tuple[str, int]]) -> None:
    whole, others = Timeline("a"), Timeline("a")
    for n, (lead, second) in enumerate(events):
        one = event("call.completed", str(n), second, lead, direction="outbound")
        absorb(whole, one)
        if lead == "a":
            absorb(others, one)
    assert whole.drop("b") == sum(lead == "b" for lead, _ in events)
    assert whole.events == others.events
    stored = Timeline.load("a", [whole.encode_chunk(n) for n in range(whole.chunks)])
    assert stored.events == others.events
