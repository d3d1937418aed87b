"""Service levels in stage 1, driven by hand: every step once, whatever comes when and whoever takes over."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from agents.leads import EventClock, LeadStage
from deploy.attainment import standing
from deploy.policy_check import EXAMPLE, check
from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import simulate
from schemas.events import Millis
from schemas.instants import parse
from schemas.policy import NOTHING, PolicyFile
from schemas.settings import Settings
from sinks.prometheus import Metrics
from streams.policies import Policies
from tests.agents.driving import BROKER_TIME, Pipeline, Stage
from tests.agents.test_leads import line
from tests.directories import directory
from tests.policy_files import HEAD, parsed, policy

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NINE: Millis = 1_772_442_000_000
"""Monday, 2026-03-02, 09:00 UTC."""
SETTINGS = Settings(_env_file=None, kpis="leads_created", groupings="all", windows="all", dead_letter_share=1)
EXAMPLES = check(EXAMPLE)[0]
HOURLY = parsed(HEAD + policy("p", 1, target='"1 calendar hour"', calendar="", warn_at="[0.5]"))

Event = dict[str, Any]


def pipeline(directory: Path, policies: PolicyFile = HOURLY, settings: Settings = SETTINGS) -> Pipeline:
    return Pipeline(settings, directory, policies=policies)


def told(driven: Pipeline) -> list[Event]:
    """What was announced, in order."""
    return [orjson.loads(value) for _, value in driven.published["sla"]]


def names(driven: Pipeline) -> list[str]:
    return [event["name"].removeprefix("sla.") for event in told(driven)]


def engaged(lead: str = "lead-1", at: Millis = NINE, **data: Any) -> bytes:
    return line("lead.engaged", at, lead, f"engaged-{lead}", **data)


def called(at: Millis, lead: str = "lead-1") -> bytes:
    return line("call.completed", at, lead, direction="outbound")


def outcomes(driven: Pipeline) -> dict[Any, Any]:
    """What the announcements come to, of clocks that stand."""
    found = standing(told(driven))
    ends = {(event["lead"], event["clock"], event["policy"]): event["stopped_at"] for event in told(driven)}
    return {
        key: (clock.breached, clock.end, clock.end and ends[key])
        for key, clock in found.items()
        if not clock.is_withdrawn
    }


def repeated(driven: Pipeline) -> set[tuple[str, str]]:
    counts = Counter((event["lead"], event["identity"]) for event in told(driven))
    return {name for name, n in counts.items() if n > 1}


@cache
def floor(seed: int) -> list[bytes]:
    """A few hundred events of every type in order of arrival, one in ten of them hours late."""
    return list(disturb(simulate(seed, 60), seed, late=0.1, duplicates=0.05, conflicts=0.02))


@pytest.mark.parametrize("seed", [31, 32, 33])
def test_order_repeats_cuts_and_restarts_do_not_change_what_becomes_of_clocks(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    whole = pipeline(tmp_path / "whole", EXAMPLES)
    whole.feed(floor(seed))
    whole.commit_leads(NINE + 60 * DAY)
    lines = [*floor(seed), *rng.sample(floor(seed), 100)]
    rng.shuffle(lines)
    cut = pipeline(tmp_path / "cut", EXAMPLES)
    while lines:
        size = rng.choice([1, 7, 60, 150])
        cut.feed(lines[:size])
        lines = lines[size:]
        if rng.random() < 0.8:
            cut.commit_leads(NINE + 60 * DAY - len(lines) * HOUR)
            if rng.random() < 0.3:
                cut.restart()
    cut.commit_leads(NINE + 60 * DAY)
    assert len(outcomes(whole)) > 200
    assert outcomes(cut) == outcomes(whole)
    assert repeated(cut) == repeated(whole) == set()
    # Whatever came when, each step of each clock that stands has been told.
    identities = {(event["lead"], event["identity"]) for event in told(cut)}
    assert {(event["lead"], event["identity"]) for event in told(whole)} <= identities


@pytest.mark.parametrize("seed", [31, 32])
def test_late_evidence_ends_where_a_replay_ends(tmp_path: Path, seed: int) -> None:
    """Live, breaches are announced before the call is heard of; in the end nothing tells the two apart."""
    live, replayed = pipeline(tmp_path / "live", EXAMPLES), pipeline(tmp_path / "replayed", EXAMPLES)
    clock = 0
    for each in floor(seed):
        live.feed([each])
        clock = max(clock, _time_of(each))
        live.commit_leads(clock)
    live.commit_leads(NINE + 60 * DAY)
    replayed.feed(floor(seed))
    replayed.commit_leads(NINE + 60 * DAY)
    assert {"retracted", "breached", "met", "answered_late", "escalated", "at_risk"} <= set(names(live))
    assert "retracted" not in names(replayed)
    assert outcomes(live) == outcomes(replayed)
    assert repeated(live) == set()


def _time_of(each: bytes) -> Millis:
    return parse(orjson.loads(each)["time"])[0]


def test_nothing_fires_for_a_call_that_lies_unread(tmp_path: Path) -> None:
    """The clock of the partition waits for what is unread: the call is known before its deadline passes."""
    driven = pipeline(tmp_path)
    driven.feed([engaged()])
    driven.commit_leads(NINE + 10 * MINUTE)
    driven.feed([called(NINE + 40 * MINUTE)])
    driven.commit_leads(NINE + 5 * HOUR)
    assert names(driven) == ["started", "at_risk", "met"]


def test_what_fell_due_while_nobody_was_there_is_announced_at_the_first_tick(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged()])
    driven.commit_leads(NINE + MINUTE)
    driven.restart()
    driven.commit_leads(NINE + DAY)
    assert names(driven) == ["started", "at_risk", "breached"]


def test_an_announcement_that_was_not_committed_is_made_under_the_same_name(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged()])
    driven.commit_leads(NINE + MINUTE)
    processor = driven.leads.made[0]
    processor.tick(NINE + DAY, frozenset())
    [lost] = [sent for sent in processor.drain(99) if sent.topic == "sales.sla"]
    driven.restart()
    driven.commit_leads(NINE + DAY)
    identities = [event["identity"] for event in told(driven)[1:]]
    assert identities == [orjson.loads(value or b"")["identity"] for _, value in lost.records]


def test_a_clock_that_stood_further_before_the_restart_takes_nothing_back(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged()])
    driven.commit_leads(NINE + 2 * HOUR)
    driven.restart()
    driven.feed([line("lead.stage_changed", NINE + MINUTE, stage="mql")])
    driven.commit_leads(NINE + MINUTE)
    assert names(driven) == ["started", "at_risk", "breached"]


def test_clock_events_lie_beside_the_events_of_their_lead(tmp_path: Path) -> None:
    driven = Pipeline(SETTINGS, tmp_path, partitions=3, policies=HOURLY)
    driven.feed([engaged(f"lead-{n}") for n in range(20)])
    driven.commit_leads(NINE + DAY)
    assert Counter(key for key, _ in driven.published["sla"]) == {f"lead-{n}".encode(): 3 for n in range(20)}
    assert {event["revision"] for event in told(driven)} == {1}


def test_without_policies_there_is_nothing_anywhere(tmp_path: Path) -> None:
    driven = pipeline(tmp_path, NOTHING)
    driven.feed([engaged()])
    driven.commit_leads(NINE + DAY)
    assert told(driven) == []
    store = driven.leads._stores[0]
    assert [list(store.scan(prefix)) for prefix in (b"s", b"n", b"=policies")] == [[], [], []]


def test_a_policy_that_is_new_judges_leads_that_are_there(tmp_path: Path) -> None:
    driven = pipeline(tmp_path, NOTHING)
    driven.feed([engaged()])
    driven.commit_leads(NINE + DAY)
    driven.restart(policies=HOURLY)
    driven.commit_leads(NINE + DAY)
    driven.restart()
    driven.commit_leads(NINE + DAY)
    assert names(driven) == ["started", "at_risk", "breached"]


def test_leads_of_before_clocks_were_asked_for_have_none(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"clocks_from": NINE})
    driven = pipeline(tmp_path, settings=settings)
    driven.feed([engaged("old", NINE - 1), engaged("new", NINE)])
    driven.commit_leads(NINE + DAY)
    assert {event["lead"] for event in told(driven)} == {"new"}


AWAY = """
[reps.r-1]
cover = "r-2"
absences = [{ from = 2026-03-02T09:45:00Z, to = 2026-03-02T11:00:00Z }]
[reps.r-2]
[reps.queue]
queue = true
"""


def test_who_is_responsible_depends_on_the_instant_that_is_announced(tmp_path: Path) -> None:
    """The owner goes away while the clock runs: whoever is warned is there, whoever is told of the breach is, too."""
    driven = pipeline(tmp_path, HOURLY._replace(reps=directory(AWAY)))
    driven.feed([engaged(owner="r-1")])
    driven.commit_leads(NINE + DAY)
    responsible = [(event["name"], event["owner"], event["responsible"]) for event in told(driven)]
    assert responsible == [
        ("sla.started", "r-1", "r-1"),
        ("sla.at_risk", "r-1", "r-1"),
        ("sla.breached", "r-1", "r-2"),
    ]


def test_another_directory_is_followed_as_another_policy_is(tmp_path: Path) -> None:
    levels = parsed(HEAD + policy("p", 1, clock='"rep_response"', target='"1 calendar hour"', calendar=""))
    driven = pipeline(tmp_path, levels)
    driven.feed([engaged(owner="queue")])
    driven.commit_leads(NINE + MINUTE)
    driven.restart(policies=levels._replace(reps=directory(AWAY)))
    driven.commit_leads(NINE + MINUTE)
    assert [(event["name"], event["responsible"]) for event in told(driven)] == [
        ("sla.started", "queue"),
        ("sla.cancelled", "unassigned"),
    ]


def test_another_directory_is_another_digest_and_another_address_is_not() -> None:
    elsewhere = parsed(HEAD.replace("CHAT_URL", "OTHER_URL") + policy("p", 1))
    one = parsed(HEAD + policy("p", 1))
    assert Policies(one).digest == Policies(elsewhere).digest
    assert Policies(one).digest != Policies(one._replace(reps=directory(AWAY))).digest


def test_another_policy_supersedes_and_none_at_all_does_too(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged()])
    driven.commit_leads(NINE + MINUTE)
    driven.restart(policies=parsed(HEAD + policy("q", 1, target='"2 calendar hours"', calendar="")))
    driven.commit_leads(NINE + MINUTE)
    driven.restart(policies=NOTHING)
    driven.commit_leads(NINE + MINUTE)
    assert [(event["name"], event["policy"]) for event in told(driven)] == [
        ("sla.started", "p@1"),
        ("sla.started", "q@1"),
        ("sla.cancelled", "p@1"),
        ("sla.cancelled", "q@1"),
    ]
    assert not driven.leads.made[0]._levels.is_active
    driven.commit_leads(NINE + DAY)
    assert len(told(driven)) == 4


def test_many_that_fall_due_at_once_are_told_in_turns(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged(f"lead-{n}") for n in range(2_500)])
    driven.commit_leads(NINE + MINUTE)
    processor = driven.leads.made[0]
    processor.tick(NINE + DAY, frozenset())
    rounds = [len(driven.leads.once(0))]
    while processor.has_more:
        assert processor.settled_at is None
        rounds.append(len(driven.leads.once(0)))
    assert len(rounds) == 2
    assert all(processor._levels._again.at(f"lead-{n}") is None for n in range(2_500))


def test_a_lead_that_is_heard_of_as_it_falls_due_is_looked_at_once(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged()])
    driven.commit_leads(NINE + MINUTE)
    driven.feed([called(NINE + 90 * MINUTE)])
    driven.commit_leads(NINE + DAY)
    assert names(driven) == ["started", "at_risk", "breached", "answered_late"]


def test_what_was_fired_is_counted_and_what_may_fire_is_there_as_zero(tmp_path: Path) -> None:
    steps = '[{ after = "2 calendar hours", tell = "reps" }]'
    driven = pipeline(tmp_path, parsed(HEAD + policy("p", 1, target='"1 calendar hour"', calendar="", escalate=steps)))
    driven.feed([engaged(team="t-1", owner="r-1")])
    driven.commit_leads(NINE + 2 * HOUR)
    text = driven.metrics.exposition()[0].decode()
    fired = {text.partition(" ")[0]: text.partition(" ")[2] for text in text.splitlines() if "fired_total{" in text}
    assert fired == {
        'sales_sla_fired_total{policy="p",step="at_risk:0.8",team="t-1"}': "1.0",
        'sales_sla_fired_total{policy="p",step="breached",team="t-1"}': "1.0",
        'sales_sla_fired_total{policy="p",step="escalated:1",team="t-1"}': "0.0",
    }


def _delays(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("sales_sla_firing_delay_seconds_count")


def test_only_what_time_alone_made_due_has_a_delay(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged("told-late", NINE - DAY)])
    driven.commit_leads(NINE)
    assert _delays(driven.metrics) == 0
    driven.feed([engaged()])
    driven.commit_leads(NINE + MINUTE)
    driven.commit_leads(NINE + HOUR)
    assert _delays(driven.metrics) == 1


def test_on_the_clock_of_events_there_is_no_delay_and_the_end_of_it_fires_everything(tmp_path: Path) -> None:
    clock, metrics = EventClock(), Metrics(SETTINGS)
    stage = Stage(tmp_path, LeadStage.of(SETTINGS, metrics, clock, HOURLY), 1)
    driven = Pipeline(SETTINGS, tmp_path / "unused")
    driven.leads = stage
    driven.feed([engaged()])
    exhausted = frozenset(f"sales.{name}" for name in ("leads", "calls", "emails", "deals"))
    driven._publish(next(sent for sent in stage.cycle(0, 0, exhausted) if sent.topic == "sales.lead-facts"))
    assert stage.made[0]._levels._again.at("lead-1") is not None
    clock.end = NINE + DAY
    [sent] = [sent for sent in stage.cycle(0, 0, exhausted) if sent.topic == "sales.sla"]
    assert [orjson.loads(value or b"")["name"] for _, value in sent.records] == [
        "sla.started",
        "sla.at_risk",
        "sla.breached",
    ]
    assert _delays(metrics) == 0
    stage.close()


def test_a_webhook_that_is_delivered_twice_and_tried_again_hours_later_changes_nothing(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged(), engaged()])
    driven.commit_leads(NINE + MINUTE)
    driven.feed([called(NINE + 20 * MINUTE), called(NINE + 20 * MINUTE)])
    driven.commit_leads(NINE + 2 * HOUR)
    before = told(driven)
    assert names(driven) == ["started", "met"]
    driven.feed([called(NINE + 20 * MINUTE), engaged()])
    driven.commit_leads(NINE + 5 * HOUR)
    assert told(driven) == before


def test_a_lead_dated_in_the_future_is_refused_and_starts_no_clock(tmp_path: Path) -> None:
    """Else its clock would stand there for years, and breach on a day that nobody remembers it."""
    driven = pipeline(tmp_path)
    driven.feed([engaged("from-2100", BROKER_TIME + HOUR), engaged()])
    driven.commit_leads(NINE + DAY)
    assert {event["lead"] for event in told(driven)} == {"lead-1"}
    [(key, letter)] = driven.published["dead-letters"]
    assert (key, orjson.loads(letter)["reason"]) == (b"from-2100", "future")
