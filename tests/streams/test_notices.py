"""Notices: who is told of a clock event, where, from when on; and what nobody is to hear any more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.policy import PolicyFile, Receiver
from schemas.results import SlaEvent
from streams.notices import Notice, Telling, is_stale, is_usable, silences
from tests.clock_events import clock_event
from tests.policy_files import HEAD, parsed
from tests.streams.opening_hours import at

FILE = parsed(
    HEAD
    + """
severities = ["at_risk", "breached", "escalated"]
quiet_outside = "office"
urgent = ["escalated"]
teams.amer = { url_env = "AMER_URL" }
teams.apac = { quiet_outside = "24x7" }
reps.r-7 = { url_file = "/run/r-7", quiet_outside = "24x7" }

[audiences.lead]
kind = "json"
url_env = "LEAD_URL"
severities = ["escalated"]
"""
)
DAYTIME, EVENING, OPENING = at("2026-03-02T09:30"), at("2026-03-02T17:00"), at("2026-03-03T08:00")


def notices(event: SlaEvent, *told: tuple[str, str], file: PolicyFile = FILE) -> list[Notice]:
    return list(Telling(file).notices(event, lambda identity, audience: (identity, audience) in told))


def places(**changed: Any) -> Receiver:
    [notice] = notices(clock_event(**changed))
    return notice.receiver


def test_warnings_breaches_and_escalations_go_to_the_audience_that_the_policy_names() -> None:
    for name in ("at_risk", "breached", "escalated"):
        [notice] = notices(clock_event(name))
        assert (notice.audience, notice.severity) == ("reps", name)


@pytest.mark.parametrize("name", ["started", "met", "answered_late", "cancelled", "reopened"])
def test_nobody_is_told_of_anything_else(name: str) -> None:
    assert notices(clock_event(name)) == []


def test_nobody_is_told_where_the_policy_names_nobody_or_an_audience_that_is_gone_or_does_not_want_it() -> None:
    assert notices(clock_event(tell=None)) == notices(clock_event(tell="former")) == []
    assert notices(clock_event(tell="lead")) == []
    assert len(notices(clock_event("escalated", "1", tell="lead"))) == 1


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({}, Receiver(url_env="CHAT_URL", quiet_outside="office")),
        ({"team": "amer"}, Receiver(url_env="AMER_URL", quiet_outside="office")),
        ({"team": "apac"}, Receiver(url_env="CHAT_URL", quiet_outside="24x7")),
        ({"team": "amer", "responsible": "r-7"}, Receiver(url_file="/run/r-7", quiet_outside="24x7")),
        ({"owner": "r-7"}, Receiver(url_env="CHAT_URL", quiet_outside="office")),
    ],
)
def test_the_address_is_the_reps_who_is_responsible_else_the_teams_else_the_audiences(
    changed: dict[str, str], place: Receiver
) -> None:
    assert places(**changed) == place


# Quiet hours


def released(now: int, name: str = "breached", **changed: Any) -> int:
    [notice] = notices(clock_event(name, **changed))
    return Telling(FILE).from_when(notice, now)


def test_in_quiet_hours_a_message_waits_for_their_end() -> None:
    assert released(DAYTIME) == DAYTIME
    assert released(EVENING) == OPENING
    assert released(OPENING - 1) == released(OPENING) == OPENING
    assert released(at("2026-03-06T15:59:59")) == at("2026-03-06T15:59:59")
    assert released(at("2026-03-06T16:00:00")) == at("2026-03-09T08:00:00")


def test_urgent_severities_and_receivers_without_quiet_hours_do_not_wait() -> None:
    assert released(EVENING, "escalated") == EVENING
    assert released(EVENING, team="apac") == EVENING
    assert released(EVENING, "at_risk") == OPENING


@given(st.integers(at("2026-03-01T00:00"), at("2026-12-31T00:00")))
def test_a_message_is_sent_within_the_hours_and_as_soon_as_they_begin(now: int) -> None:
    telling = Telling(FILE)
    then, hours = released(now), telling._calendar("office")
    assert then >= now
    assert hours.between(then, then + 1) == 1
    assert hours.between(now, then) == 0


# What nobody is to hear any more


def test_who_has_been_answered_is_not_urged() -> None:
    answered = "2026-03-02T09:20:00Z"
    assert is_stale(clock_event(stopped_at=answered))
    assert not is_stale(clock_event())
    assert not is_stale(clock_event("retracted", stopped_at=answered))


@pytest.mark.parametrize(
    ("by", "silent"),
    [
        ("met", {"at_risk", "breached", "escalated"}),
        ("answered_late", {"at_risk", "breached", "escalated"}),
        ("cancelled", {"at_risk", "breached", "escalated"}),
        ("retracted", {"breached", "escalated"}),
        ("reopened", set()),
        ("breached", set()),
    ],
)
def test_the_end_of_a_clock_silences_what_urges_and_a_retraction_what_is_of_the_breach(
    by: str, silent: set[str]
) -> None:
    names = ("at_risk", "breached", "escalated", "retracted")
    waiting = [Notice(clock_event(name), "reps", Receiver()) for name in names]
    assert {notice.severity for notice in waiting if silences(clock_event(by), notice)} == silent


def test_a_retraction_is_told_to_whoever_was_told_of_the_breach_or_of_what_followed() -> None:
    breach = clock_event("breached").identity
    escalation = clock_event("escalated", "1").identity
    back = clock_event("retracted", steps=("started", "at_risk:0.8", "breached", "escalated:1"))
    assert notices(back) == []
    assert notices(back, (clock_event("at_risk", "0.8").identity, "reps")) == []
    assert [notice.audience for notice in notices(back, (breach, "reps"))] == ["reps"]
    assert [notice.audience for notice in notices(back, (breach, "reps"), (escalation, "lead"))] == ["reps", "lead"]


def test_of_a_breach_that_came_again_the_last_is_taken_back() -> None:
    first, again = clock_event("breached").identity, clock_event("breached").identity + "#2"
    back = clock_event("retracted", steps=("started", "breached", "escalated:1", "retracted", "breached"))
    assert notices(back, (first, "reps")) == []
    assert notices(back, (clock_event("escalated", "1").identity, "lead")) == []
    assert len(notices(back, (again, "reps"))) == 1


def test_an_event_whose_instants_are_none_cannot_be_told() -> None:
    assert is_usable(clock_event()) and is_usable(clock_event(due_at=None))
    for field in ("at", "started_at", "due_at"):
        for text in ("", "yesterday", "2026-03-02T09:00:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"):
            assert not is_usable(clock_event(**{field: text}))
