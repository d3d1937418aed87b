"""The simulated floor: every shape of the contract, in order, the same again, and how it is disturbed."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

import msgspec
import orjson
import pytest

from deploy.simulator.cast import HOUR, MINUTE, TEAMS, at_work
from deploy.simulator.disturbance import SPOILERS, disturb
from deploy.simulator.floor import START, live, simulate
from deploy.simulator.reading import Log, millis, refusal
from deploy.simulator.truth import truth
from schemas.decoding import canonical, decoder
from schemas.envelope import Rejected
from schemas.events import TOPIC_OF, TYPES
from schemas.results import timestamp

INPUTS = ("leads", "calls", "emails", "deals")
Event = dict[str, Any]


@pytest.fixture(scope="module")
def floor() -> list[Event]:
    return list(simulate(seed=7, leads=3_000))


def test_every_event_is_one_of_the_contract(floor: list[Event]) -> None:
    assert [refusal(orjson.dumps(event)) for event in floor] == [None] * len(floor)


def test_every_type_and_every_field_of_the_four_inputs_appears(floor: list[Event]) -> None:
    seen = {(event["type"], field) for event in floor for field in event["data"]}
    for topic in INPUTS:
        for kind, shape in TYPES[topic].items():
            assert {(kind, field.encode_name) for field in msgspec.structs.fields(shape)} <= seen


def test_events_come_in_the_order_of_time_source_and_id(floor: list[Event]) -> None:
    order = [(millis(event["time"]), event["source"], event["id"]) for event in floor]
    assert order == sorted(order)


def test_identities_are_unique(floor: list[Event]) -> None:
    assert max(Counter(event["id"] for event in floor).values()) == 1


def test_one_seed_tells_one_story_and_another_seed_another(floor: list[Event]) -> None:
    assert list(simulate(seed=7, leads=3_000)) == floor
    assert list(simulate(seed=8, leads=3_000)) != floor


def test_nothing_happens_outside_the_days_asked_for() -> None:
    times = [millis(event["time"]) for event in simulate(seed=1, leads=200, start=START, days=0.5)]
    assert min(times) >= START and max(times) < START + 12 * HOUR


def test_hot_leads_are_answered_sooner_than_cold_ones(floor: list[Event]) -> None:
    rows = {
        row["dimensions"]["temperature"]: row["statistics"]["within"]["3600"] / row["count"]
        for row in truth(floor)["kpis"]
        if (row["kpi"], row["grouping"], row["window"]) == ("lead_response_time", "team,temperature", "all")
        and row["dimensions"]["team"] == "emea-1"
    }
    assert rows["hot"] > rows["cold"]


def test_some_leads_are_left_silent_merged_closed_and_come_back(floor: list[Event]) -> None:
    kinds = Counter(event["type"] for event in floor)
    engaged = Counter(event["subject"] for event in floor if event["type"] == "lead.engaged")
    touched = {event["subject"] for event in floor if event["type"] in ("call.completed", "email.sent")}
    assert kinds["lead.merged"] > 5 and kinds["lead.closed"] > 100
    assert max(engaged.values()) > 1 and engaged.keys() - touched
    assert touched - engaged.keys(), "cold outreach"


def test_an_office_opens_at_nine_of_its_own_zone_and_not_on_saturday() -> None:
    berlin = TEAMS[0]
    saturday_noon = millis("2026-03-07T12:00:00Z")
    assert timestamp(at_work(berlin, saturday_noon)) == "2026-03-09T08:00:00Z"
    assert timestamp(at_work(berlin, millis("2026-07-01T02:00:00Z"))) == "2026-07-01T07:00:00Z"
    assert timestamp(at_work(berlin, millis("2026-03-04T17:00:00Z"))) == "2026-03-05T08:00:00Z"
    assert at_work(berlin, millis("2026-03-04T12:34:56Z")) == millis("2026-03-04T12:34:56Z")


def test_the_live_floor_starts_with_a_history_and_is_always_busy() -> None:
    events = list(islice(live(seed=1, now=START), 15_000))
    history = [event for due, event in events if due == START]
    later = [due for due, _ in events if due > START]
    assert min(millis(event["time"]) for event in history) < START - 2 * HOUR
    assert max(millis(event["time"]) for event in history) <= START
    per_second = len(later) / ((later[-1] - START) / 1000)
    assert 20 <= per_second <= 50
    busy = Counter((due - START) // 10_000 for due in later)
    assert min(busy[n] for n in range(max(busy))) > 50


def test_a_live_floor_at_twice_the_speed_sends_twice_as_much() -> None:
    def in_a_minute(speed: float) -> int:
        return sum(START + 5 * MINUTE < due < START + 6 * MINUTE for due, _ in islice(live(1, START, speed), 40_000))

    assert 1.5 < in_a_minute(2.0) / in_a_minute(1.0) < 2.5


def test_live_events_fall_due_at_their_own_time() -> None:
    assert all(due == max(START, millis(event["time"])) for due, event in islice(live(3, START), 12_000))


def test_undisturbed_lines_are_the_events_themselves(floor: list[Event]) -> None:
    assert list(map(orjson.loads, disturb(floor, seed=1, disorder=0))) == floor


def test_disorder_lateness_and_repeats_change_nothing_but_the_arrival(floor: list[Event]) -> None:
    lines = list(disturb(floor, seed=1, duplicates=0.1, late=0.05))
    assert lines != list(map(orjson.dumps, floor))
    assert set(lines) == set(map(orjson.dumps, floor))
    assert 0.08 < len(lines) / len(floor) - 1 < 0.12


def test_disorder_holds_nothing_up_for_longer_than_it_says(floor: list[Event]) -> None:
    latest = 0
    for line in disturb(floor, seed=1, disorder=MINUTE):
        at = millis(orjson.loads(line)["time"])
        assert at > latest - MINUTE - 1
        latest = max(latest, at)


def test_late_events_are_hours_behind(floor: list[Event]) -> None:
    times = [millis(orjson.loads(line)["time"]) for line in disturb(floor, seed=1, late=0.05)]
    latest, behind = 0, 0
    for at in times:
        behind += latest - at > HOUR
        latest = max(latest, at)
    assert 0.03 < behind / len(times) < 0.07


def test_conflicts_are_other_contents_under_the_same_identities(floor: list[Event]) -> None:
    log = Log()
    lines = list(disturb(floor, seed=1, conflicts=0.1))
    for line in lines:
        log.take(line)
    assert len(log.standing) == len(floor)
    assert 0.08 < len(set(lines)) / len(floor) - 1 < 0.12


def test_spoilt_lines_of_every_reason_that_a_line_can_have_are_added(floor: list[Event]) -> None:
    log = Log()
    for line in disturb(floor, seed=1, malformed=0.05, duplicates=0.2):
        log.take(line)
    reasons = log.counts()["dead_letters"]
    assert set(reasons) == {"undecodable", "missing_field", "wrong_type", "unknown_type", "ancient", "too_large"}
    assert 0.04 < sum(reasons.values()) / len(floor) < 0.06
    assert len(log.standing) == len(floor)


def test_the_worker_refuses_each_spoilt_line_for_the_same_reason(floor: list[Event]) -> None:
    for spoil, event in zip(SPOILERS * 20, floor, strict=False):
        line = spoil(event)
        topic = "calls" if b"sideways" in line else TOPIC_OF[event["type"]]
        with pytest.raises(Rejected) as refused:
            decoder(topic)(event["subject"].encode(), line, (), None)
        assert refused.value.reason == refusal(line)


def test_the_worker_reads_every_event_as_it_was_written(floor: list[Event]) -> None:
    decoders = {topic: decoder(topic, keep_text=True) for topic in INPUTS}
    for event in floor:
        line = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
        read = decoders[TOPIC_OF[event["type"]]](event["subject"].encode(), line, (), None)
        assert read.time == millis(event["time"])
        assert canonical(read) == line.decode()
