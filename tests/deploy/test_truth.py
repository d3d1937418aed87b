"""The truth against the recorded log's own batch script, and against small cases worked out by hand."""

from __future__ import annotations

import gzip
import json
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import simulate
from deploy.simulator.reading import millis, refusal
from deploy.simulator.truth import compare, quantile, truth
from schemas.settings import Settings

DATA = Path(__file__).parents[2].parent / "shared" / "data"
MONDAY = "2026-03-02T"
Event = dict[str, Any]
Row = dict[str, Any]
_numbers = count(1)


def event(type_: str, at: str, subject: str = "lead-1", source: str = "crm", /, **data: Any) -> Event:
    """An event on the Monday at ``at`` (``09:00:00``), or at any full RFC 3339 time."""
    time = at if "T" in at else f"{MONDAY}{at}Z"
    ident = f"e-{next(_numbers):04}"
    return {
        "specversion": "1.0",
        "id": ident,
        "source": source,
        "type": type_,
        "time": time,
        "subject": subject,
        "data": {name.rstrip("_"): value for name, value in data.items()},
    }


def engaged(at: str, subject: str = "lead-1", /, **data: Any) -> Event:
    return event("lead.engaged", at, subject, **data)


def called(at: str, subject: str = "lead-1", *, direction: str = "outbound", **data: Any) -> Event:
    return event("call.completed", at, subject, direction=direction, **data)


def mailed(at: str, message: str, subject: str = "lead-1", **data: Any) -> Event:
    return event("email.sent", at, subject, message_id=message, **data)


def replied(at: str, subject: str = "lead-1", **data: Any) -> Event:
    return event("email.replied", at, subject, **data)


def row(events: list[Event], kpi: str, grouping: str = "all", window: str = "all", **dimensions: str) -> Row:
    """The one row of that name; an empty dict where there is none."""
    clock = millis(f"{MONDAY}20:00:00Z")
    name = (kpi, grouping, dimensions, window)
    rows = [
        one
        for one in truth(events, Settings(), clock)["kpis"]
        if (one["kpi"], one["grouping"], one["dimensions"], one["window"]) == name
    ]
    assert len(rows) <= 1
    return rows[0] if rows else {}


def fraction(events: list[Event], kpi: str, grouping: str = "all", **dimensions: str) -> tuple[Any, Any]:
    found = row(events, kpi, grouping, **dimensions)
    return (found["numerator"], found["denominator"]) if found else (None, None)


@pytest.mark.timeout(300)
@pytest.mark.skipif(not DATA.exists(), reason="the shared data folder is not beside the checkout")
def test_the_recorded_log_gives_its_own_truth_as_a_whole_and_by_source() -> None:
    with gzip.open(DATA / "uci_incidents.events.jsonl.gz") as lines:
        ours = truth(lines, windows=("all",))
    true = json.loads((DATA / "uci_incidents.truth.json").read_text())
    assert ours["events"] == {"read": true["events"]["total"], "distinct": true["events"]["total"], "dead_letters": {}}
    named = {(one["kpi"], one["grouping"], *one["dimensions"].values()): one for one in ours["kpis"]}
    assert named["reply_rate", "channel", "email"]["numerator"] == true["all"]["reply_rate_email"]["numerator"]
    assert named["reply_rate", "channel", "email"]["denominator"] == true["all"]["reply_rate_email"]["denominator"]
    for scope, expected in [(("all",), true["all"]), *((("source", s), t) for s, t in true["by_source"].items())]:
        response = named["lead_response_time", *scope]
        wanted = dict(expected["lead_response_time"])
        assert response["count"] == wanted.pop("count")
        quantiles = {name.removesuffix("_of_answered"): wanted.pop(name) for name in list(wanted) if "_of_" in name}
        assert {name: response["statistics"][name] for name in wanted} == wanted
        for name, value in quantiles.items():
            assert response["statistics"][f"{name}_answered"] == pytest.approx(value, rel=1e-12)
        followed = named["follow_up_rate", *scope]
        assert {name: followed[name] for name in ("numerator", "denominator", "value")} == expected[
            "follow_up_rate_24h"
        ]
        per_lead = named["follow_ups_per_lead", *scope]
        assert (per_lead["numerator"], per_lead["denominator"]) == (expected["follow_ups"], expected["contacted"])


def test_the_response_runs_from_the_engagement_to_the_first_touch() -> None:
    found = row([engaged("09:00:00"), called("09:07:30.500"), called("09:08:00")], "lead_response_time")
    assert (found["value"], found["count"], found["statistics"]["censored"]) == (450.5, 1, 0)
    assert found["statistics"]["within"] == {"300": 0, "900": 1, "3600": 1, "14400": 1, "86400": 1}
    on_the_dot = row([engaged("09:00:00"), called("09:05:00")], "lead_response_time")
    assert on_the_dot["statistics"]["within"]["300"] == 1


@pytest.mark.parametrize(("at", "seconds"), [("08:59:00", 0.0), ("08:58:59.999", None)])
def test_a_touch_up_to_a_minute_before_answers_at_once_and_an_earlier_one_never(at: str, seconds: float | None) -> None:
    assert row([called(at), engaged("09:00:00")], "lead_response_time")["value"] == seconds


def test_open_leads_rank_after_all_answered_ones() -> None:
    events = [engaged("09:00:00", f"l-{n}") for n in range(4)]
    events += [called("09:01:00", "l-0"), called("09:02:00", "l-1"), called("09:04:00", "l-2")]
    found = row(events, "lead_response_time")
    assert (found["value"], found["count"], found["statistics"]["censored"]) == (180.0, 3, 1)
    assert (found["statistics"]["p90"], found["statistics"]["lower_bounds"]) == (240.0, ["p90", "p95", "p99"])
    assert (found["statistics"]["p50_answered"], found["statistics"]["p90_answered"]) == (120.0, 216.0)


def test_quantiles_are_those_of_numpy() -> None:
    import numpy

    random = Random(5)
    for size in (1, 2, 3, 20, 101):
        values = sorted(random.randrange(10**8) for _ in range(size))
        for percent in (50, 90, 95, 99):
            assert quantile(values, 0, percent)[0] == pytest.approx(float(numpy.percentile(values, percent)) / 1000)


def test_an_answered_inbound_call_is_the_first_touch_and_a_missed_one_is_not() -> None:
    events = [engaged("09:00:00"), called("08:59:30", direction="inbound", answered=True, rep="r-1")]
    assert row(events, "lead_response_time")["value"] == 0.0
    assert fraction(events, "reply_rate") == (0, 1)
    for at, seconds in (("09:01:00", 0.0), ("09:01:00.001", 60.001)):
        events = [engaged("09:00:00"), called(at, direction="inbound", answered=True)]
        assert row(events, "lead_response_time")["value"] == seconds
    missed = [engaged("09:00:00"), called("09:00:00", direction="inbound")]
    assert row(missed, "lead_response_time")["value"] is None


def test_automatic_and_bounced_messages_and_opens_are_no_touches() -> None:
    events = [
        engaged("09:00:00"),
        mailed("09:00:02", "m-1", automatic=True),
        mailed("09:05:00", "m-2"),
        event("email.bounced", "09:20:00", message_id="m-2"),
        event("email.opened", "09:06:00", message_id="m-1"),
        called("09:07:00", automatic=True),
    ]
    assert row(events, "lead_response_time")["count"] == 0
    assert row(events, "reply_rate") == {}


def test_a_contact_counts_only_from_the_event_that_qualifies_it() -> None:
    contact = [engaged("08:00:00", qualified=False), called("08:30:00")]
    assert row(contact, "leads_created") == {}
    assert fraction(contact, "reply_rate") == (0, 1)
    qualified = [*contact, engaged("09:00:00", qualified=True), called("09:10:00")]
    assert row(qualified, "leads_created")["value"] == 1
    assert row(qualified, "lead_response_time")["value"] == 600.0


def test_engaging_again_starts_a_new_instance_only_after_closing() -> None:
    again = [engaged("09:00:00"), engaged("10:00:00", temperature="hot"), called("11:00:00")]
    assert (row(again, "leads_created")["value"], row(again, "lead_response_time")["value"]) == (1, 7200.0)
    closed = [engaged("09:00:00"), event("lead.closed", "09:30:00"), engaged("10:00:00"), called("11:00:00")]
    assert row(closed, "leads_created")["value"] == 2
    found = row(closed, "lead_response_time")
    assert (found["count"], found["statistics"]["censored"], found["statistics"]["mean"]) == (1, 1, 3600.0)


def test_what_is_done_after_closing_answers_and_follows_up_nothing() -> None:
    ignored = [engaged("09:00:00", owner="r-1"), event("lead.closed", "10:00:00"), called("11:00:00", answered=True)]
    assert row(ignored, "rep_response_time")["statistics"]["censored"] == 1
    found = row(ignored, "lead_response_time")
    assert (found["count"], found["statistics"]["censored"]) == (0, 1)
    assert row(ignored, "time_to_contact")["count"] == 0
    assert row(ignored, "follow_ups_per_lead") == {}
    assert fraction(ignored, "follow_up_rate") == (0, 1)


def test_cold_outreach_to_a_lead_that_engaged_later_counts_once_with_its_first_instance() -> None:
    events = [mailed("08:00:00", "m"), replied("08:30:00", class_="positive"), engaged("09:00:00", source="web")]
    assert fraction(events, "positive_reply_rate", "source", source="web") == (1, 1)
    assert fraction([*events, called("10:00:00")], "reply_rate") == (1, 1)
    assert row(events, "activities", "source", source="web", kind="email")["value"] == 1
    assert row(events, "lead_response_time")["count"] == 0


def test_duplicates_and_merged_leads_leave_every_count_and_the_target_takes_the_events() -> None:
    twice = [engaged("09:00:00"), mailed("09:10:00", "m"), event("lead.closed", "10:00:00", reason="duplicate")]
    assert truth(twice)["kpis"] == []
    merged = [
        engaged("09:00:00", "a"),
        event("lead.merged", "12:00:00", "a", into="b"),
        event("lead.merged", "12:30:00", "b", into="c"),
        engaged("10:00:00", "c"),
        called("13:00:00", "a"),
    ]
    assert row(merged, "leads_created")["value"] == 1
    assert row(merged, "lead_response_time")["value"] == 4 * 3600.0


def test_open_leads_are_aged_at_the_clock_under_their_present_temperature_and_owner() -> None:
    events = [
        engaged("09:00:00", "a", temperature="cold", team="t"),
        event("lead.stage_changed", "09:30:00", "a", stage="mql", temperature="hot"),
        event("lead.assigned", "09:40:00", "a", owner="r-1"),
        engaged("19:55:00", "b"),
        engaged("19:00:00", "c"),
        called("19:01:00", "c"),
        engaged("18:00:00", "d"),
        event("lead.closed", "19:00:00", "d", reason="disqualified"),
    ]
    assert row(events, "open_leads")["statistics"]["bands"] == {
        "300": 0,
        "900": 1,
        "3600": 0,
        "14400": 0,
        "86400": 1,
        "older": 0,
    }
    assert row(events, "open_leads", "team,temperature", team="t", temperature="hot")["value"] == 1
    assert row(events, "open_leads", "rep", rep="r-1")["value"] == 1
    assert row(events, "oldest_open_lead")["value"] == 11 * 3600.0


def test_a_lead_belongs_to_who_had_it_at_the_first_touch_else_to_the_sender() -> None:
    owned = [
        engaged("09:00:00", owner="r-1", team="t-1"),
        called("09:10:00", rep="r-9", team="t-9"),
        event("lead.assigned", "09:20:00", owner="r-2", team="t-2"),
    ]
    assert row(owned, "lead_response_time", "rep", rep="r-1")["count"] == 1
    assert row(owned, "activities", "rep", rep="r-9", kind="call")["value"] == 1
    unowned = [engaged("09:00:00"), called("09:10:00", rep="r-9", team="t-9")]
    assert row(unowned, "lead_response_time", "team", team="t-9")["count"] == 1
    assert row([engaged("09:00:00")], "lead_response_time", "team", team="unassigned")["statistics"]["censored"] == 1


def test_system_delay_runs_to_the_first_owner() -> None:
    assert row([engaged("09:00:00", owner="r-1")], "system_delay")["value"] == 0.0
    events = [engaged("09:00:00"), event("lead.assigned", "09:01:30", owner="r-1")]
    assert row(events, "system_delay")["value"] == 90.0


def test_each_ownership_is_answered_by_its_owner_cancelled_or_open() -> None:
    events = [
        engaged("09:00:00", owner="r-1"),
        event("lead.assigned", "10:00:00", owner="r-2"),
        called("10:05:00", rep="r-2"),
        event("lead.assigned", "11:00:00", owner="r-3"),
    ]
    found = row(events, "rep_response_time")
    assert (found["value"], found["count"]) == (300.0, 1)
    assert (found["statistics"]["cancelled"], found["statistics"]["censored"]) == (1, 1)
    assert row(events, "rep_response_time", "rep", rep="r-1")["statistics"]["cancelled"] == 1


def test_only_the_owners_own_touch_answers_an_ownership_and_naming_the_owner_again_starts_none() -> None:
    events = [
        engaged("09:00:00", owner="r-1"),
        called("09:05:00", rep="r-2"),
        event("lead.assigned", "09:10:00", owner="r-1"),
        called("09:15:00"),
    ]
    found = row(events, "rep_response_time")
    assert (found["value"], found["count"], found["statistics"]["cancelled"]) == (900.0, 1, 0)


@pytest.mark.parametrize(
    ("call", "made"),
    [
        ({"talk_seconds": 30}, True),
        ({"talk_seconds": 29, "duration_seconds": 90, "answered": True}, False),
        ({"duration_seconds": 30}, True),
        ({"answered": True}, True),
        ({}, False),
        ({"answered": True, "talk_seconds": 5, "outcome": "negative"}, True),
    ],
)
def test_contact_is_made_by_talk_by_answer_or_by_reply(call: dict[str, Any], made: bool) -> None:
    events = [engaged("09:00:00"), called("09:10:00", **call)]
    assert row(events, "time_to_contact")["value"] == (600.0 if made else None)


def test_a_reply_to_outreach_is_contact_with_the_lead_that_engaged_meanwhile() -> None:
    events = [mailed("08:00:00", "m"), engaged("09:00:00"), replied("09:30:00")]
    assert row(events, "time_to_contact")["value"] == 1800.0


def test_the_follow_up_rate_counts_touches_within_a_day() -> None:
    events = [
        engaged("09:00:00"),
        called("2026-03-03T09:00:00Z"),
        called("2026-03-03T09:00:00.001Z"),
        engaged("09:00:00", "late"),
        called("2026-03-03T09:00:00.001Z", "late"),
        engaged("09:00:00", "silent"),
    ]
    assert fraction(events, "follow_up_rate") == (1, 3)
    assert row(events, "follow_up_rate")["statistics"]["at_least"]["2"] == 0
    assert fraction(events, "follow_ups_per_lead") == (1, 2)
    assert row(events, "follow_ups_per_lead")["statistics"]["distribution"] == {"0": 1, "1": 1}


@pytest.mark.parametrize(
    ("reply", "human", "positive"),
    [
        ({"class_": "positive"}, 1, 1),
        ({}, 1, 0),
        ({"headers": {"Auto-Submitted": "no"}}, 1, 0),
        ({"headers": {"auto-submitted": "auto-replied"}}, 0, 0),
        ({"headers": {"Precedence": "bulk"}}, 0, 0),
        ({"class_": "auto"}, 0, 0),
        ({"class_": "bounce"}, 0, 0),
    ],
)
def test_only_people_reply(reply: dict[str, Any], human: int, positive: int) -> None:
    events = [mailed("09:00:00", "m-1"), replied("10:00:00", in_reply_to="m-1", **reply)]
    assert fraction(events, "reply_rate") == (human, 1)
    assert fraction(events, "positive_reply_rate") == (positive, 1)


def test_the_class_of_a_lead_is_that_of_its_first_reply_that_has_one() -> None:
    events = [mailed("09:00:00", "m"), replied("10:00:00"), replied("11:00:00", class_="negative")]
    events.append(replied("12:00:00", class_="positive"))
    assert fraction(events, "negative_reply_rate") == (1, 1)
    assert fraction(events, "positive_reply_rate") == (0, 1)


@pytest.mark.parametrize(("at", "hits"), [("2026-04-01T09:00:00Z", 1), ("2026-04-01T09:00:00.001Z", 0)])
def test_a_reply_counts_for_thirty_days_after_a_touch(at: str, hits: int) -> None:
    assert fraction([mailed("09:00:00", "m"), replied(at)], "reply_rate") == (hits, 1)


def test_a_reply_at_the_instant_of_the_touch_counts_and_one_before_does_not() -> None:
    assert fraction([mailed("09:00:00", "m"), replied("09:00:00")], "reply_rate") == (1, 1)
    assert fraction([mailed("09:00:00", "m"), replied("08:59:59")], "reply_rate") == (0, 1)


def test_by_channel_it_is_the_leads_touched_on_it_that_replied_on_it() -> None:
    events = [
        mailed("09:00:00", "m"),
        mailed("09:30:00", "s", channel="sms"),
        replied("10:00:00", in_reply_to="s"),
        called("11:00:00", answered=True),
    ]
    assert fraction(events, "reply_rate", "channel", channel="email") == (0, 1)
    assert fraction(events, "reply_rate", "channel", channel="sms") == (1, 1)
    assert fraction(events, "reply_rate", "channel", channel="call") == (0, 1)


def test_reply_latency_runs_from_the_message_answered_else_from_the_last_touch_strictly_before() -> None:
    threaded = [mailed("09:00:00", "m"), called("09:30:00"), replied("10:00:00", in_reply_to="m")]
    assert row(threaded, "reply_latency")["value"] == 3600.0
    loose = [mailed("09:00:00", "m"), called("10:00:00"), replied("10:00:00")]
    assert row(loose, "reply_latency")["value"] == 3600.0
    connected = [called("09:00:00", answered=True, outcome="neutral")]
    assert row(connected, "reply_latency") == {}
    assert fraction(connected, "reply_rate") == (1, 1)


def test_a_call_back_is_a_reply() -> None:
    events = [called("09:00:00"), called("09:20:00", direction="inbound", answered=True, outcome="positive")]
    assert fraction(events, "positive_reply_rate") == (1, 1)
    assert row(events, "reply_latency")["value"] == 1200.0


def test_messages_are_delivered_bounced_opened_and_clicked_once_each() -> None:
    events = [
        mailed("09:00:00", "m-1"),
        event("email.delivered", "09:00:02", message_id="m-1"),
        event("email.opened", "09:10:00", message_id="m-1"),
        event("email.opened", "09:20:00", message_id="m-1"),
        mailed("09:00:00", "m-2"),
        event("email.opened", "09:10:00", message_id="m-2", machine=True),
        mailed("09:00:00", "m-3"),
        event("email.bounced", "09:00:09", message_id="m-3"),
        mailed("09:00:00", "m-4"),
        mailed("09:00:00", "m-5", automatic=True),
    ]
    assert fraction(events, "delivery_rate") == (2, 4)
    assert fraction(events, "bounce_rate") == (1, 4)
    assert fraction(events, "open_rate") == (1, 2)
    assert row(events, "open_rate")["statistics"] == {"machine": 1}
    assert fraction(events, "click_rate") == (0, 2)


def test_a_message_that_was_opened_was_delivered_whatever_was_reported() -> None:
    events = [mailed("09:00:00", "m"), event("email.bounced", "09:00:05", message_id="m")]
    assert fraction([*events, event("email.opened", "09:05:00", message_id="m")], "delivery_rate") == (1, 1)


def test_a_rate_over_nothing_delivered_has_no_row() -> None:
    events = [mailed("09:00:00", "m"), event("email.bounced", "09:00:05", message_id="m")]
    kpis = {row["kpi"] for row in truth(events)["kpis"]}
    assert ("bounce_rate" in kpis, "open_rate" in kpis) == (True, False)


def test_a_source_that_never_reports_delivery_has_delivered_what_did_not_bounce() -> None:
    events = [
        event("email.sent", "09:00:00", "lead-1", "sms", message_id="s-1"),
        event("email.sent", "09:00:00", "lead-1", "sms", message_id="s-2"),
    ]
    events.append(event("email.bounced", "09:00:05", "lead-1", "sms", message_id="s-2"))
    events += [
        mailed("09:00:00", "m-1"),
        event("email.delivered", "09:00:05", message_id="m-1"),
        mailed("09:01:00", "m"),
    ]
    assert fraction(events, "delivery_rate") == (2, 4)


def test_personalization_is_over_the_follow_ups_that_state_their_elements() -> None:
    events = [
        mailed("09:00:00", "m-1", personalized_elements=9),
        mailed("10:00:00", "m-2", personalized_elements=3),
        mailed("11:00:00", "m-3", personalized_elements=0),
        mailed("12:00:00", "m-4"),
    ]
    assert fraction(events, "personalization") == (3, 2)


def test_activities_are_what_people_did_outbound_by_kind() -> None:
    events = [
        called("09:00:00", customer="new"),
        called("10:00:00", customer="existing"),
        called("11:00:00", kind="demo"),
        called("11:30:00", direction="inbound"),
        called("11:40:00", automatic=True),
        mailed("12:00:00", "m-1"),
        mailed("12:10:00", "m-2", channel="social"),
        event("deal.stage_changed", "13:00:00", deal_id="d", stage="proposal"),
        event("deal.stage_changed", "13:10:00", deal_id="d", stage="proposal"),
    ]
    kinds = {
        one["dimensions"]["kind"]: one["value"]
        for one in truth(events)["kpis"]
        if (one["kpi"], one["grouping"], one["window"]) == ("activities", "all", "all")
    }
    assert kinds == {"call": 2, "follow_up_call": 1, "demo": 1, "email": 1, "social": 1, "quote": 1}
    assert row(events, "activities", kind="call")["statistics"] == {"customer": {"new": 1, "existing": 1, "unknown": 0}}


def test_a_message_drew_the_reply_that_names_it_else_the_last_touch_did() -> None:
    events = [mailed("09:00:00", "m"), called("09:30:00"), replied("10:00:00", in_reply_to="m", class_="positive")]
    assert fraction(events, "message_reply_rate") == (1, 2)
    assert fraction(events, "message_reply_rate", "channel", channel="email") == (1, 1)
    assert fraction([*events[:2], replied("10:00:00", class_="neutral")], "message_reply_rate") == (0, 2)
    loose = [*events[:2], replied("10:00:00", class_="positive")]
    assert fraction(loose, "message_reply_rate", "channel", channel="call") == (1, 1)


def test_days_are_calendar_days_of_the_zone_that_is_set() -> None:
    settings = Settings(timezone="Europe/Berlin")
    events = [
        engaged("2026-03-28T22:59:59Z"),
        engaged("2026-03-28T23:00:00Z", "b"),
        engaged("2026-03-29T22:00:00Z", "c"),
    ]
    days = [
        (one["start"], one["value"])
        for one in truth(events, settings)["kpis"]
        if (one["kpi"], one["grouping"], one["window"]) == ("leads_created", "all", "1d")
    ]
    assert days == [("2026-03-27T23:00:00Z", 1), ("2026-03-28T23:00:00Z", 1), ("2026-03-29T22:00:00Z", 1)]


def test_of_two_contents_of_one_identity_the_smaller_stands_whichever_came_first() -> None:
    first = engaged("09:00:00", temperature="hot")
    second = first | {"data": {"temperature": "cold"}}
    for events in ([first, second], [second, first]):
        found = truth(events)
        assert found["events"] == {"read": 2, "distinct": 1, "dead_letters": {}}
        assert any(one["dimensions"] == {"team": "unassigned", "temperature": "cold"} for one in found["kpis"])


def test_the_text_of_a_reply_does_not_decide_which_content_stands() -> None:
    told = replied("10:00:00", text="yes")
    earlier = told | {"time": f"{MONDAY}09:30:00Z", "data": {}}
    assert row([mailed("09:00:00", "m"), told, earlier], "reply_latency")["value"] == 1800.0


def test_a_disturbed_log_has_the_truth_of_the_clean_one() -> None:
    events = list(simulate(seed=11, leads=300))
    lines = list(disturb(events, seed=2, duplicates=0.1, late=0.1, malformed=0.02))
    clean, disturbed = truth(events), truth(lines)
    assert disturbed["kpis"] == clean["kpis"]
    assert disturbed["events"]["distinct"] == clean["events"]["distinct"] == len(events)
    assert disturbed["events"]["read"] == len(lines)
    assert truth(sorted(lines, key=hash)) == disturbed


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "undecodable"),
        (b'{"specversion":"1.0"}', "missing_field"),
        (orjson.dumps(called("09:00:00", direction="sideways")), "wrong_type"),
        (orjson.dumps(called("09:00:00", direction="inbound", team="t" * 257)), "wrong_type"),
        (orjson.dumps(event("lead.merged", "09:00:00")), "missing_field"),
        (orjson.dumps(event("lead.merged", "09:00:00", into="b", unknown=1)), None),
        (orjson.dumps(event("lead.sneezed", "09:00:00")), "unknown_type"),
        (orjson.dumps(engaged("1999-12-31T23:59:59Z")), "ancient"),
        (orjson.dumps(engaged("2026-03-02T09:00:00")), "wrong_type"),
    ],
)
def test_a_line_is_refused_for_what_is_wrong_with_it(line: bytes, reason: str | None) -> None:
    assert refusal(line) == reason


def test_comparing_names_every_row_and_number_that_differs() -> None:
    true = truth([engaged("09:00:00"), called("09:10:00")])["kpis"]
    assert compare(true, true) == []
    assert len(compare(true[1:], true)) == 1 and compare(true[1:], true)[0].startswith("missing: ")
    assert compare(true, true[1:])[0].startswith("extra: ")
    place = next(n for n, one in enumerate(true) if (one["kpi"], one["window"]) == ("lead_response_time", "all"))
    for field, value, lines in (("value", 605.9, 0), ("value", 606.1, 1), ("count", 2, 1), ("value", None, 1)):
        ours = [*true]
        ours[place] = true[place] | {field: value}
        assert len(compare(ours, true)) == lines
    statistics = true[place]["statistics"]
    for changed, lines in (({"censored": 1}, 1), ({"p90": 606.0}, 0), ({"p90": 606.1}, 1), ({"mean": 600.1}, 1)):
        ours = [*true]
        ours[place] = true[place] | {"statistics": statistics | changed}
        assert len(compare(ours, true)) == lines
