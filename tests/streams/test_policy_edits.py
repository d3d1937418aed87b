"""What was in force stays as it was."""

from __future__ import annotations

import pytest

from streams.policy_edits import past_edits
from tests.policy_files import HEAD, parsed, policy
from tests.streams.opening_hours import at

NOW = at("2022-06-01T00:00")
"""Versions 1 and 2 have come into force, version 3 has not."""
OTHER = policy("other", clock='"next_response"')
OLD = HEAD + policy("first", 1) + policy("first", 2) + OTHER


def edits(new: str, old: str = OLD) -> list[str]:
    return [str(fault) for fault in past_edits(parsed(old), parsed(new), NOW)]


def test_a_file_that_says_the_same_in_other_words_is_no_edit() -> None:
    spelt = OLD.replace("2021-01-01T00:00:00Z", "2021-01-01T01:00:00+01:00").replace(
        '"4 business hours"', "'4 business hours'"
    )
    assert edits("# now with a comment\n" + spelt) == []


def test_versions_to_come_may_be_added_changed_and_dropped() -> None:
    coming = OLD + policy("first", 3)
    assert edits(coming) == edits(OLD, coming) == []
    assert edits(OLD + policy("first", 3, target='"1 business hour"'), coming) == []


def test_a_past_version_may_not_be_changed() -> None:
    assert edits(HEAD + policy("first", 1, target='"3 business hours"') + policy("first", 2) + OTHER) == [
        "policies[first@1]: expected unchanged (target): it has been in force. Write a new version"
    ]


def test_a_past_version_may_not_be_dropped() -> None:
    [found] = edits(HEAD + policy("first", 2) + OTHER)
    assert found.startswith("policies[first@1]: expected to stay: it has been in force.")


def test_a_new_version_may_not_begin_in_the_past() -> None:
    [found] = edits(OLD + policy("late", clock='"contact"'))
    assert found.startswith("policies[late@1].effective_from: expected a time to come")


def test_past_versions_keep_their_order() -> None:
    rules = policy("web", when__source='"web"'), policy("hot", when__temperature='"hot"')
    assert edits(HEAD + "".join(reversed(rules)), HEAD + "".join(rules)) == [
        "policies: expected past versions in their old order, web@1, hot@1"
    ]
    assert edits(HEAD + policy("first", 3) + "".join(rules), HEAD + "".join(rules)) == []


@pytest.mark.parametrize(
    ("changed", "allowed"),
    [
        ("dates.2023-01-02 = []", True),
        ("dates.2020-12-30 = []", True),
        ("dates.2022-05-02 = []", False),
        ("dates.2022-05-07 = ['09:00-10:00']", False),
        ("breaks.mon-fri = ['12:00-12:30']", False),
    ],
)
def test_a_calendar_may_change_for_the_time_to_come(changed: str, allowed: bool) -> None:
    found = edits(OLD.replace("[teams]", f"{changed}\n[teams]"))
    assert [fault.partition(":")[0] for fault in found] == ([] if allowed else ["calendars.office"])


def test_hours_that_differ_only_in_the_zone_of_a_lead_differ() -> None:
    paris = OLD.replace("Europe/Berlin", "Europe/Paris")
    london = OLD.replace("Europe/Berlin", "Europe/London").replace("09:00-17:00", "08:00-16:00")
    assert edits(paris) == []
    assert edits(london) == ["calendars.office: expected the hours of the past unchanged: clocks have run on it"]


def test_a_calendar_that_the_past_did_not_use_may_go() -> None:
    other = '[calendars.other]\ntimezone = "UTC"\nhours.mon = ["09:00-17:00"]\n'
    assert edits(OLD, other + OLD) == []
    assert edits(OLD.replace('calendar = "office"\n', 'calendar = "24x7"\n'), OLD) != []


def test_a_team_keeps_its_hours_where_policies_went_by_them() -> None:
    other = '[calendars.other]\ntimezone = "UTC"\nhours.mon = ["09:00-17:00"]\n'
    moved = HEAD.replace('emea.calendar = "office"', 'emea.calendar = "other"') + other
    by_team = policy(whose='"team"')
    assert edits(moved + by_team, HEAD + by_team) == [
        "teams.emea.calendar: expected 'office', or one of the same hours so far"
    ]
    assert edits(moved + policy(), HEAD + policy()) == []
    same = moved.replace(
        'timezone = "UTC"\nhours.mon =', 'timezone = "Europe/Berlin"\ndates.2023-01-02 = []\nhours.mon-fri ='
    )
    assert edits(same + by_team, HEAD + by_team) == []
