"""Stage 1, driven by hand: whatever comes in whatever order and however cut up, the same is told in the end."""

from __future__ import annotations

import random
from base64 import b64decode
from functools import cache
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from agents.engine.clock import now
from agents.engine.processor import Outgoing, StopWorker
from agents.leads import EventClock, LeadStage
from agents.partials import decode_watermark
from agents.sending import parse_key
from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import simulate
from deploy.simulator.script import spell
from schemas.events import Millis
from schemas.settings import Settings
from sinks.prometheus import Metrics
from streams.rules import Rules
from streams.selection import Selection, definition
from streams.windows import Cell, decode_cell, encode_cell
from tests.agents.driving import Pipeline, Sent, Stage, Standing

SETTINGS = Settings(_env_file=None, row_interval=0, windows="1h,all", dead_letter_share=1)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START: Millis = 1_772_409_600_000
"""Monday, 2026-03-02, 00:00 UTC."""
END = START + 30 * DAY
FEW = SETTINGS.model_copy(
    update={"kpis": "lead_response_time,reply_rate,delivery_rate", "groupings": "all;team", "lead_facts": False}
)
"""What is not selected is not computed: most events change nothing, and no facts are told."""
Partials = dict[tuple[bytes, int], Standing]
_idents = count(1)


@cache
def floor(seed: int) -> list[bytes]:
    """A few hundred events of every type, some contradicted, some spoilt."""
    return list(disturb(simulate(seed, 50), seed, malformed=0.02, conflicts=0.05))


def line(kind: str, at: Millis, lead: str = "lead-1", ident: str | None = None, **data: Any) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": ident or f"e-{next(_idents)}",
            "source": "crm",
            "type": kind,
            "time": spell(at, "crm"),
            "subject": lead,
            "data": data,
        }
    )


def pipeline(directory: Path, settings: Settings = SETTINGS, partitions: int = 1) -> Pipeline:
    return Pipeline(settings, directory, partitions)


def partials_at_once(directory: Path, lines: list[bytes], settings: Settings = SETTINGS) -> Partials:
    """What is told where everything comes in one batch."""
    whole = pipeline(directory, settings)
    whole.feed(lines)
    whole.commit_leads(END)
    whole.commit_leads(END)
    return whole.standing_partials()


def vectors(partials: Partials) -> dict[Cell, dict[int, int]]:
    return {decode_cell(cell): partial.vector for (cell, _), partial in partials.items()}


@pytest.mark.parametrize(("seed", "settings"), [(21, SETTINGS), (22, SETTINGS), (23, SETTINGS), (21, FEW), (22, FEW)])
def test_order_repeats_cuts_and_restarts_do_not_matter(tmp_path: Path, seed: int, settings: Settings) -> None:
    """Partials are whole, so the last of each cell is all that counts: it is the same as after one batch."""
    rng = random.Random(seed)
    lines = floor(seed) + rng.sample(floor(seed), len(floor(seed)) // 4)
    rng.shuffle(lines)
    cut = pipeline(tmp_path / "cut", settings)
    while lines:
        size = rng.choice([1, 7, 60, 150])
        cut.feed(lines[:size])
        lines = lines[size:]
        if rng.random() < 0.8:
            cut.commit_leads(END - len(lines) * HOUR)
            if rng.random() < 0.3:
                cut.restart()
    cut.commit_leads(END)
    cut.commit_leads(END)
    expected = partials_at_once(tmp_path / "whole", floor(seed), settings)
    assert len(expected) > (500 if settings is SETTINGS else 100)
    assert cut.standing_partials() == expected


def test_what_was_not_committed_is_as_if_it_had_never_come(tmp_path: Path) -> None:
    """The engine reads it again: a processor that remembered it would count it twice."""
    cut = pipeline(tmp_path / "cut")
    lines = floor(21)
    cut.feed(lines[:200])
    cut.commit_leads(END)
    cut.feed(lines[200:])
    cut.restart()
    cut.feed(lines[200:])
    cut.commit_leads(END)
    assert cut.standing_partials() == partials_at_once(tmp_path / "whole", lines)


def test_a_correction_takes_back_what_was_told_of_another_window(tmp_path: Path) -> None:
    """An earlier engagement turns up: the hour in which the lead seemed to engage is told to be empty."""
    floor_ = pipeline(tmp_path)
    floor_.feed([line("lead.engaged", START + 10 * HOUR)])
    floor_.commit_leads(END)
    floor_.feed([line("lead.engaged", START + 8 * HOUR)])
    floor_.commit_leads(END)
    last = {parse_key(key)[0]: value for _, key, value in floor_.partials}
    later, earlier = (encode_cell("events", "all", (), "1h", START + hour * HOUR) for hour in (10, 8))
    assert later in last
    found = vectors(floor_.standing_partials())
    assert decode_cell(earlier) in found
    assert decode_cell(later) not in found


def test_a_lead_that_was_long_out_of_memory_goes_on_where_it_was(tmp_path: Path) -> None:
    """More leads than are kept decoded (1,000 at least): those evicted come back with what they contributed."""
    floor_ = pipeline(tmp_path, SETTINGS.model_copy(update={"cached_leads": 100, "groupings": "all"}))
    leads = [f"lead-{n}" for n in range(1_200)]
    floor_.feed([line("lead.engaged", START, lead) for lead in leads])
    floor_.commit(START + HOUR)
    floor_.feed([line("call.completed", START + MINUTE, lead, direction="outbound") for lead in leads])
    floor_.commit(START + HOUR)
    response = floor_.row("lead_response_time")
    assert (response["count"], response["statistics"]["censored"]) == (1_200, 0)
    assert floor_.row("open_leads")["value"] == 0
    assert len(floor_.leads.made[0]._entries) == 1_000


def test_a_merged_lead_counts_with_the_one_it_was_merged_into(tmp_path: Path) -> None:
    """Through three partitions and two merges; a call that comes afterwards goes the same way."""
    floor_ = pipeline(tmp_path, partitions=3)
    names = [f"lead-{n}" for n in range(9)]
    floor_.feed([line("lead.engaged", START + n * MINUTE, name) for n, name in enumerate(names)])
    floor_.commit(START + HOUR)
    assert floor_.row("leads_created")["value"] == 9
    floor_.feed([line("lead.merged", START + HOUR, name, into=into) for name, into in pairwise(names)])
    floor_.commit(START + 2 * HOUR)
    floor_.feed([line("call.completed", START + 5 * MINUTE, "lead-0", direction="outbound")])
    floor_.commit(START + 2 * HOUR)
    assert floor_.row("leads_created")["value"] == 1
    assert floor_.row("open_leads")["value"] == 0
    assert floor_.row("lead_response_time")["statistics"]["mean"] == 300.0
    facts = {key.decode(): orjson.loads(value) for key, value in floor_.published["lead-facts"]}
    assert facts["lead-8"]["touches"] == 1
    assert facts["lead-0"]["merged_into"] == "lead-1"


def test_leads_merged_in_a_circle_come_to_rest(tmp_path: Path) -> None:
    floor_ = pipeline(tmp_path, partitions=3)
    ring = ["lead-1", "lead-2", "lead-3"]
    floor_.feed([line("lead.engaged", START, name) for name in ring])
    floor_.commit(END)
    floor_.feed(
        [line("lead.merged", START + HOUR, one, into=two) for one, two in zip(ring, ring[1:] + ring[:1], strict=True)]
    )
    floor_.commit(END)
    assert floor_.row("leads_created")["value"] == 0


# What cannot be used


def of(sent: list[Outgoing], topic: str) -> list[tuple[bytes, bytes | None]]:
    return [record for one in sent if one.topic == SETTINGS.topic(topic) for record in one.records]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """One of four partitions."""
    return Stage(tmp_path, LeadStage.of(SETTINGS, Metrics(SETTINGS)), 4)


def test_what_cannot_be_used_comes_back_whole_with_its_address(stage: Stage) -> None:
    record = Sent(b"lead-1", b"\xff\x00 not json", 17, START, [("trace", b"\x01\x02")])
    stage.made[3].process("sales.calls", [record])
    [(key, value)] = of(stage.cycle(3, START), "dead-letters")
    letter = orjson.loads(value or b"")
    assert key == b"lead-1"
    assert (letter["topic"], letter["partition"], letter["offset"]) == ("sales.calls", 3, 17)
    assert (letter["reason"], letter["time"]) == ("undecodable", "2026-03-02T00:00:00Z")
    assert (b64decode(letter["value"]), b64decode(letter["key"])) == (record.value, record.key)
    assert [(name, b64decode(text)) for name, text in letter["headers"]] == record.headers


def test_a_dead_letter_goes_out_once_and_its_neighbours_count(stage: Stage) -> None:
    good = Sent(b"lead-1", line("lead.engaged", START))
    stage.made[0].process("sales.leads", [Sent(None, None), good, Sent(b"lead-2", good.value)])
    letters = of(stage.cycle(0, START), "dead-letters")
    assert [orjson.loads(value or b"")["reason"] for _, value in letters][1:] == ["key_mismatch"]
    assert of(stage.cycle(0, START), "dead-letters") == []
    assert stage.made[0].distinct == 1


def test_an_event_of_the_future_is_refused_by_the_brokers_time_but_not_in_a_replay(tmp_path: Path) -> None:
    record = Sent(b"lead-1", line("lead.engaged", START + HOUR), timestamp=START)
    for clock, refused in ((None, 1), (EventClock(), 0)):
        one = Stage(tmp_path / str(refused), LeadStage.of(SETTINGS, Metrics(SETTINGS), clock), 1)
        one.made[0].process("sales.leads", [record])
        assert len(of(one.cycle(0, START), "dead-letters")) == refused


def test_a_flood_of_what_cannot_be_used_stops_the_worker(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"dead_letter_share": 0.5, "dead_letter_sample": 10})
    flooded = Stage(tmp_path, LeadStage.of(settings, Metrics(settings)), 1)
    with pytest.raises(StopWorker, match=r"sales\.emails\[0\]"):
        flooded.made[0].process("sales.emails", [Sent(b"x", b"x") for _ in range(10)])


# What is told, and when


def test_facts_of_a_lead_are_those_of_its_last_cycle(tmp_path: Path) -> None:
    floor_ = pipeline(tmp_path)
    floor_.feed([line("lead.engaged", START, team="emea-1")])
    floor_.commit(END)
    floor_.feed([line("call.completed", START + 90_000, direction="outbound")])
    floor_.commit(END)
    first, second = (orjson.loads(value) for _, value in floor_.published["lead-facts"])
    assert (first["open"], first["team"], first["response_seconds"]) == (True, "emea-1", None)
    assert (second["open"], second["response_seconds"], second["touches"]) == (False, 90.0, 1)
    assert first["revision"] < second["revision"]


def test_a_text_is_judged_when_it_comes_which_outlives_a_restart_as_the_text_does_not(tmp_path: Path) -> None:
    floor_ = pipeline(tmp_path)
    mailed = line("email.sent", START, message_id="m")
    floor_.feed([mailed, line("email.replied", START + HOUR, text="Nein danke, ruft Zorro an!")])
    floor_.commit(END)
    floor_.restart()
    floor_.feed([line("email.opened", START + MINUTE, message_id="m")])
    floor_.commit(END)
    told = [orjson.loads(value)["reply_class"] for _, value in floor_.published["lead-facts"]]
    assert told == ["negative", "negative"]
    assert floor_.row("negative_reply_rate")["numerator"] == 1
    assert not any(b"Zorro" in value for _, value in floor_.leads._stores[0].scan(b""))


def test_where_nothing_happened_there_is_nothing_to_commit(stage: Stage) -> None:
    stage.made[0].process("sales.leads", [Sent(b"lead-1", line("lead.engaged", START))])
    assert stage.cycle(0, START + MINUTE)
    stage.made[0].process("sales.leads", [])
    stage.made[0].tick(START + MINUTE + 1_000, frozenset())
    assert stage.made[0].drain(9) == []
    assert stage._stores[0].take() == {}


def test_an_idle_partition_tells_every_partition_of_stage_2_how_far_it_is(stage: Stage) -> None:
    """Else the least clock of all sources, which stage 2 goes by, would stand still with it."""
    stage.cycle(2, START)
    sent = stage.cycle(2, START + 6_000)
    assert [one.partition for one in sent if one.topic == "sales.internal.partials"] == [0, 1, 2, 3]
    [watermark] = {value for _, value in of(sent, "internal.partials")}
    assert decode_watermark(watermark or b"").clock == START + 6_000


def test_the_watermark_comes_after_the_partials_that_it_speaks_for(tmp_path: Path) -> None:
    floor_ = pipeline(tmp_path)
    floor_.feed([line("lead.engaged", START)])
    floor_.commit_leads(END)
    cells = [parse_key(key)[0] for _, key, _ in floor_.partials]
    assert cells[-1] is None
    assert None not in cells[:-1]


def test_the_clock_never_goes_back_and_outlives_a_restart(stage: Stage) -> None:
    stage.cycle(0, START + HOUR)
    stage.start(LeadStage.of(SETTINGS, Metrics(SETTINGS)))
    sent = stage.cycle(0, START)
    stage.made[0].process("sales.leads", [Sent(b"lead-1", line("lead.engaged", START))])
    sent += stage.cycle(0, START)
    clocks = {decode_watermark(value or b"").clock for key, value in of(sent, "internal.partials") if key[:1] == b"w"}
    assert clocks == {START + HOUR}


def test_the_clock_of_a_replay_is_that_of_the_topic_read_least_far(tmp_path: Path) -> None:
    clock = EventClock()
    replayed = Stage(tmp_path, LeadStage.of(SETTINGS, Metrics(SETTINGS), clock), 1)
    leads = replayed.made[0]
    topics = frozenset(SETTINGS.topic(name) for name in ("leads", "calls", "emails", "deals"))
    leads.process("sales.leads", [Sent(b"lead-1", line("lead.engaged", START + 3 * HOUR))])
    leads.process("sales.calls", [Sent(b"lead-1", line("call.completed", START + HOUR, direction="outbound"))])
    seen = []
    for exhausted in (topics - {"sales.leads", "sales.calls"}, topics - {"sales.leads"}, topics):
        replayed.cycle(0, END, exhausted)
        seen.append(leads.settled_at)
    clock.end = START + 10 * DAY
    replayed.cycle(0, END, topics)
    assert [*seen, leads.settled_at] == [START + HOUR, START + 3 * HOUR, START + 3 * HOUR, START + 10 * DAY]


# A new definition


def test_by_a_new_definition_everything_is_told_anew_and_what_is_no_more_as_nothing(tmp_path: Path) -> None:
    wide, narrow = SETTINGS, SETTINGS.model_copy(update={"groupings": "all;source", "follow_up_horizon": HOUR})
    expected = partials_at_once(tmp_path / "whole", floor(22), narrow)
    changed = pipeline(tmp_path / "changed", wide)
    changed.feed(floor(22))
    changed.commit_leads(END)
    before = {key for _, key, _ in changed.partials}
    changed.partials.clear()
    changed.restart(narrow)
    changed.commit_leads(END)
    assert {key for _, key, _ in changed.partials} >= before
    assert changed.standing_partials() == expected
    new = definition(Selection.of(narrow), Rules.of(narrow))
    assert {changed.watermarks()[0].definition, *(p.definition for p in changed.standing_partials().values())} == {new}


def test_a_new_definition_of_an_answer_closes_open_leads_too(tmp_path: Path) -> None:
    """A call two minutes before the engagement answers nothing by a skew of one minute, and at once by one of five."""
    lines = [
        line("call.completed", START + 8 * HOUR, direction="outbound"),
        line("lead.engaged", START + 8 * HOUR + 2 * MINUTE),
    ]
    changed = pipeline(tmp_path)
    changed.feed(lines)
    changed.commit(END)
    assert changed.row("open_leads")["value"] == 1
    changed.restart(SETTINGS.model_copy(update={"clock_skew": 5 * MINUTE}))
    changed.commit(END)
    assert changed.row("lead_response_time")["count"] == 1
    assert changed.row("open_leads")["value"] == 0


def test_by_the_same_definition_a_restart_tells_nothing_anew(tmp_path: Path) -> None:
    floor_ = pipeline(tmp_path)
    floor_.feed(floor(21))
    floor_.commit_leads(END)
    floor_.partials.clear()
    floor_.restart()
    floor_.commit_leads(END)
    assert floor_.partials == []


def test_an_event_that_changes_nothing_follows_its_merged_lead_all_the_same(tmp_path: Path) -> None:
    floor_ = pipeline(tmp_path, FEW)
    floor_.feed([line("lead.engaged", START), line("lead.merged", START + HOUR, into="lead-2")])
    floor_.commit_leads(END)
    floor_.restart()
    floor_.feed([line("deal.renewed", START + 2 * HOUR, deal_id="d-1", amount=1)])
    sent = floor_.leads.cycle(0, END)
    merges = [key for outgoing in sent if outgoing.topic.endswith("internal.merges") for key, _ in outgoing.records]
    assert merges == [b"lead-2"]
    assert "lead-facts" not in floor_.published


def test_when_a_topic_was_last_heard_of_is_told_of_events_that_can_be_used(tmp_path: Path) -> None:
    driven = Pipeline(SETTINGS, tmp_path)
    before = now()
    driven.feed([line("lead.engaged", START), line("call.completed", START)])
    heard = driven.metrics.registry.get_sample_value
    assert before <= (heard("sales_last_event_time_seconds", {"topic": "leads"}) or 0) * 1000 <= now()
    # A call that does not say who called whom is a dead letter.
    assert heard("sales_last_event_time_seconds", {"topic": "calls"}) is None
