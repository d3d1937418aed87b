"""Which version a clock is judged by, whose calendar it runs on, and how long it may run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.policy_values import DAY, Span
from streams.policies import ALWAYS_OPEN, Policies, Traits, allowance
from tests.policy_files import HEAD, parsed, policy
from tests.streams.opening_hours import HOUR, at, local

DURING = {1: at("2021-06-01T00:00"), 2: at("2022-06-01T00:00"), 3: at("2023-06-01T00:00")}
"""A time at which a version of this number is in force."""


def policies(*texts: str) -> Policies:
    return Policies(parsed(HEAD + "".join(texts)))


def judged_by(found: Policies, start: int, until: int | None = None, /, **traits: str) -> str | None:
    rule = found.match("first_response", start, Traits(**traits), until)
    return rule.identity if rule else None


def test_the_first_rule_of_the_file_that_fits_is_taken() -> None:
    found = policies(policy("hot", when__temperature='"hot"'), policy("web", when__source='"web"'), policy("rest"))
    assert judged_by(found, DURING[1], temperature="hot", source="web") == "hot@1"
    assert judged_by(found, DURING[1], temperature="warm", source="web") == "web@1"
    assert judged_by(found, DURING[1]) == "rest@1"


def test_a_rule_fits_where_every_condition_has_one_of_its_values() -> None:
    found = policies(policy("x", when__team='["emea", "amer"]', when__region='"dach"', when__channel='"form"'))
    fitting = {"team": "amer", "region": "dach", "channel": "form"}
    assert judged_by(found, DURING[1], **fitting) == "x@1"
    assert [judged_by(found, DURING[1], **fitting | {name: "other"}) for name in fitting] == [None] * 3


def test_each_clock_has_rules_of_its_own() -> None:
    found = policies(policy("reply", clock='"next_response"'), policy("first"))
    assert judged_by(found, DURING[1]) == "first@1"
    assert found.match("contact", DURING[1], Traits()) is None


def test_a_clock_is_judged_by_the_version_that_was_in_force_when_it_started() -> None:
    found = policies(policy("first", 3), policy("first", 1), policy("first", 2))
    assert [judged_by(found, DURING[version]) for version in (1, 2, 3)] == ["first@1", "first@2", "first@3"]
    assert judged_by(found, at("2022-01-01T00:00") - 1) == "first@1"
    assert judged_by(found, at("2022-01-01T00:00")) == "first@2"
    assert judged_by(found, at("2020-12-31T23:59")) is None


def test_a_policy_that_is_edited_while_a_clock_runs_leaves_it_alone() -> None:
    found = policies(policy("first", 1), policy("first", 2))
    assert judged_by(found, DURING[1], DURING[2]) == "first@1"
    assert found.recomputes == ()


def test_unless_the_new_version_is_to_be_used_for_running_clocks() -> None:
    found = policies(policy("first", 1), policy("first", 2, recompute="true"), policy("first", 3))
    assert judged_by(found, DURING[1]) == judged_by(found, DURING[1], at("2022-01-01T00:00") - 1) == "first@1"
    assert judged_by(found, DURING[1], at("2022-01-01T00:00")) == "first@2"
    assert judged_by(found, DURING[1], DURING[3]) == "first@2"
    assert judged_by(found, DURING[3]) == "first@3"
    assert judged_by(found, DURING[2], DURING[1]) == "first@2"
    assert found.recomputes == (at("2022-01-01T00:00"),)


def test_the_place_of_a_version_in_the_file_is_its_place_in_the_order() -> None:
    web = {"when__source": '"web"'}
    found = policies(policy("a", **web), policy("b", 2, **web), policy("a", 3), policy("b"))
    assert [rule.identity for rule in found.rules("first_response", DURING[1])] == ["a@1", "b@1"]
    assert [rule.identity for rule in found.rules("first_response", DURING[3])] == ["b@2", "a@3"]


def test_a_retired_policy_judges_no_clock_that_starts_later() -> None:
    found = policies(policy("first", 1), policy("first", 2, retired="true"))
    assert judged_by(found, DURING[1]) == "first@1"
    assert judged_by(found, DURING[2]) is None


VERSIONS = {version: policy("first", version) for version in (1, 2, 3)}


@given(st.permutations([1, 2, 3]), st.integers(at("2020-01-01T00:00"), at("2024-01-01T00:00")))
def test_the_order_of_the_versions_of_a_name_in_the_file_does_not_matter(order: list[int], start: int) -> None:
    assert judged_by(policies(*(VERSIONS[version] for version in order)), start) == judged_by(
        policies(*VERSIONS.values()), start
    )


NEW_YORK = (
    '[calendars.ny]\ntimezone = "America/New_York"\nhours.mon-fri = ["09:00-17:00"]\n[teams]\namer.calendar = "ny"\n'
)
MONDAY = at("2022-03-07T06:00")


@pytest.mark.parametrize(
    ("whose", "team", "timezone", "opens"),
    [
        ("policy", "amer", "Asia/Tokyo", "Mon 2022-03-07 08:00"),
        ("team", "amer", "Asia/Tokyo", "Mon 2022-03-07 14:00"),
        ("team", "apac", "Asia/Tokyo", "Mon 2022-03-07 08:00"),
        ("lead", "amer", "Asia/Tokyo", "Mon 2022-03-07 00:00"),
        ("lead", "amer", None, "Mon 2022-03-07 08:00"),
        ("lead", "amer", "Mars/Phobos", "Mon 2022-03-07 08:00"),
        ("lead", "amer", "../etc/passwd", "Mon 2022-03-07 08:00"),
    ],
)
def test_the_calendar_is_that_of_the_policy_the_team_or_the_lead(
    whose: str, team: str, timezone: str | None, opens: str
) -> None:
    head = HEAD.replace("[teams]\n", NEW_YORK)
    found = Policies(parsed(head + policy(whose=f'"{whose}"')))
    [rule] = found.rules("first_response", DURING[1])
    [(opening, _)] = found.calendar(rule, team, timezone).openings(at("2022-03-07T00:00"), at("2022-03-07T22:00"))[:1]
    assert local(opening) == opens


def test_a_calendar_is_made_once() -> None:
    found = policies(policy(whose='"lead"'))
    [rule] = found.rules("first_response", DURING[1])
    assert found.calendar(rule, "a", "Asia/Tokyo") is found.calendar(rule, "b", "Asia/Tokyo")
    assert found.calendar(rule, "a", "Mars/Phobos") is found.calendar(rule, "a", "Mars/Deimos")


def test_business_lengths_run_on_the_calendar_and_calendar_lengths_on_none() -> None:
    found = policies(policy())
    [rule] = found.rules("first_response", DURING[1])
    calendar = found.calendar(rule)
    assert allowance(Span(4, "hour", True), calendar, MONDAY) == (calendar, 4 * HOUR)
    assert allowance(Span(2, "day", True), calendar, MONDAY) == (calendar, 16 * HOUR)
    assert allowance(Span(2, "day", False), calendar, MONDAY) == (ALWAYS_OPEN, 2 * DAY)
    assert allowance(Span(90, "minute", False), calendar, MONDAY) == (ALWAYS_OPEN, HOUR * 3 // 2)


def test_a_policy_without_a_calendar_runs_day_and_night() -> None:
    found = policies(policy(calendar="", target='"30 calendar minutes"'))
    [rule] = found.rules("first_response", DURING[1])
    assert found.calendar(rule) is ALWAYS_OPEN


def test_a_calendar_is_open_from_the_first_moment_of_its_hours_until_they_are_over() -> None:
    found = policies(policy())
    opens, closes = at("2021-06-01T09:00", "Europe/Berlin"), at("2021-06-01T17:00", "Europe/Berlin")
    instants = (opens - 1, opens, closes - 1, closes)
    assert [found.open_calendars(instant)["office"] for instant in instants] == [False, True, True, False]
