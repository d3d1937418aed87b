"""What ``policy check`` finds in files that are well-formed."""

from __future__ import annotations

import pytest

from tests.policy_files import HEAD, policy, told


def calendar(*lines: str) -> str:
    return HEAD + '[calendars.x]\ntimezone = "UTC"\n' + "\n".join(lines) + "\n"


def test_a_file_without_faults_has_none() -> None:
    assert told(HEAD + policy() + policy("first", 2) + policy("reply", clock='"next_response"')) == []


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (
            ['hours.mon = ["09:00-17:00"]', 'holidays = ["ZZ"]'],
            "holidays[1]: expected a country whose holidays are known",
        ),
        (['hours.mon = ["09:00-17:00"]', 'holidays = ["US", "DE-XX"]'], "holidays[2]: expected a part of DE (BB, BE,"),
        (['hours.mon = ["09:00-13:00", "12:00-17:00"]'], "hours: expected shifts that do not overlap, not 09:00-13:00"),
        (['hours.mon = ["22:00-06:00"]', 'hours.tue = ["05:00-14:00"]'], "hours: expected shifts that do not overlap"),
        (['hours.sun = ["22:00-06:00"]', 'hours.mon = ["05:00-14:00"]'], "hours: expected shifts that do not overlap"),
        (['hours.mon = ["09:00-17:00"]', 'breaks.mon = ["18:00-18:30"]'], "breaks: expected a break within the hours"),
        (['hours.mon = ["09:00-17:00"]', 'breaks.tue = ["12:00-12:30"]'], "breaks: expected a break within the hours"),
        (["hours.mon = []"], "hours: expected hours: a calendar that never opens lets no target fall due"),
        (
            ['hours.mon = ["09:00-17:00"]', 'breaks.mon = ["08:00-18:00"]'],
            "hours: expected hours: a calendar that never",
        ),
    ],
)
def test_a_calendar_that_is_not_meant_so_is_told(lines: list[str], fault: str) -> None:
    [found] = told(calendar(*lines))
    assert found.startswith(f"calendars.x.{fault}")


@pytest.mark.parametrize(
    "lines",
    [
        ['hours.mon-sun = ["22:00-06:00"]', 'breaks.sun = ["02:00-02:30"]'],
        ['hours.mon-sun = ["00:00-24:00"]'],
        ['hours.mon = ["09:00-13:00", "13:00-17:00"]'],
        ["hours.mon = []", 'dates.2026-03-02 = ["09:00-12:00"]'],
    ],
)
def test_a_calendar_that_may_well_be_meant_so_is_left_alone(lines: list[str]) -> None:
    assert told(calendar(*lines)) == []


def test_the_name_of_the_calendar_that_is_always_open_is_taken() -> None:
    [found] = told(HEAD + '[calendars.24x7]\ntimezone = "UTC"\nhours.mon = ["09:00-17:00"]\n')
    assert found.startswith("calendars.24x7: expected another name")


def test_a_calendar_that_is_not_there_is_told_wherever_it_is_named() -> None:
    text = HEAD.replace('emea.calendar = "office"', 'emea.calendar = "offce"') + 'quiet_outside = "night"\n'
    text += 'teams.emea = { quiet_outside = "nigth" }\n' + policy(calendar='"home"')
    assert told(text) == [
        "teams.emea.calendar: no such calendar, expected one of 24x7, office, not 'offce'",
        "audiences.reps.quiet_outside: no such calendar, expected one of 24x7, office, not 'night'",
        "audiences.reps.teams.emea.quiet_outside: no such calendar, expected one of 24x7, office, not 'nigth'",
        "policies[first@1].calendar: no such calendar, expected one of 24x7, office, not 'home'",
    ]


def test_a_calendar_that_is_faulty_is_there() -> None:
    assert len(told(HEAD.replace("Berlin", "Berln") + policy())) == 1


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"target": '"4 business hours"'}, "calendar: missing, expected the calendar of '4 business hours'"),
        (
            {"target": '"4 calendar hours"', "escalate": '[{ after = "1 business hour", tell = "reps" }]'},
            "calendar: missing, expected the calendar of '1 business hour'",
        ),
        ({"target": '"4 calendar hours"', "whose": '"team"'}, "calendar: missing, expected the one to use where that"),
    ],
)
def test_a_missing_calendar_is_told(changed: dict[str, str], fault: str) -> None:
    [found] = told(HEAD + policy(calendar="", **changed))
    assert found.startswith(f"policies[first@1].{fault}")


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("", ": expected one of url_env and url_file"),
        ('url_env = "A"\nurl_file = "/b"', ": expected one of url_env and url_file"),
        ('url_env = "A"\nseverities = []', ".severities: expected at least one of at_risk, breached, escalated"),
        (
            'url_env = "A"\nteams.a = { url_env = "A", url_file = "/b" }',
            ".teams.a: expected url_env or url_file, not both",
        ),
        ('url_env = "A"\nteams.a = {}', ".teams.a: expected url_env, url_file or quiet_outside"),
    ],
)
def test_an_audience_that_cannot_be_told_is_told(lines: str, fault: str) -> None:
    [found] = told(f'{HEAD}[audiences.x]\nkind = "json"\n{lines}\n')
    assert found.startswith(f"audiences.x{fault}")


HEADS = '[audiences.heads]\nkind = "json"\nurl_env = "A"\nseverities = ["escalated"]\n'


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"tell": '"rep"'}, "tell: no such audience, expected one of heads, reps, not 'rep'"),
        ({"tell": '"heads"'}, "tell: expected an audience that is told of at_risk or breached, not 'heads'"),
        ({"tell": '"heads"', "warn_at": "[]"}, "tell: expected an audience that is told of breached, not 'heads'"),
        (
            {"escalate": '[{ after = "1 business hour", tell = "rep" }]'},
            "escalate[1].tell: no such audience, expected one of heads, reps, not 'rep'",
        ),
        (
            {
                "escalate": '[{ after = "2 business hours", tell = "reps" },'
                ' { after = "90 business minutes", tell = "heads" }]'
            },
            "escalate[2].after: expected longer than '2 business hours', not '90 business minutes'",
        ),
        ({"clock": '"follow_up"'}, "touches: missing, expected up to how many touches are asked for, such as 6"),
        ({"touches": "3"}, "touches: expected only with the clock follow_up, not first_response"),
        ({"when__stage": '"proposal"'}, "when.stage: expected only with the clock stage, not first_response"),
        (
            {"clock": '"follow_up"', "touches": "3", "pause__awaiting_reply": "true"},
            "pause.awaiting_reply: a target that no alert could ever reach: this clock runs only then",
        ),
        (
            {"clock": '"stage"', "when__stage": '["a", "b"]', "pause__stages": '["a", "b", "c"]'},
            "pause.stages: a target that no alert could ever reach: the clock stands still in its stages",
        ),
        ({"target": '"300 business days"'}, "target: a target that no alert could ever reach: due after up to 4"),
        (
            {"target": '"401 calendar days"'},
            "target: a target that no alert could ever reach: due after up to 401 days",
        ),
    ],
)
def test_a_policy_that_cannot_work_is_told(changed: dict[str, str], fault: str) -> None:
    [found] = told(HEAD + HEADS + policy(**changed))
    assert found.startswith(f"policies[first@1].{fault}")


def test_steps_of_business_and_of_calendar_time_are_not_compared() -> None:
    steps = '[{ after = "2 business hours", tell = "reps" }, { after = "90 calendar minutes", tell = "reps" }]'
    assert told(HEAD + policy(escalate=steps)) == []


def test_a_target_that_one_teams_calendar_never_reaches_is_told() -> None:
    yearly = '[calendars.fair]\ntimezone = "UTC"\nhours.mon = []\ndates.2021-05-03 = ["09:00-17:00"]\n'
    yearly += '[teams]\nfair.calendar = "fair"\n'
    head = HEAD.replace("[teams]\n", yearly)
    [found] = told(head + policy(whose='"team"'))
    assert found.startswith("policies[first@1].target: a target that no alert could ever reach")
    assert told(head + policy(whose='"team"', when__team='"emea"')) == []


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        (policy("first", 1), "policies[first@1].version: this version is there twice, expected a number of its own"),
        (
            policy("first", 2, effective_from="2021-01-01T01:00:00+01:00"),
            "policies[first@2].effective_from: expected later than that of version 1",
        ),
        (
            policy("first", 2, effective_from="2020-01-01T00:00:00Z"),
            "policies[first@2].effective_from: expected later than that of version 1",
        ),
        (
            policy("first", 2, clock='"contact"'),
            "policies[first@2].clock: expected first_response as in version 1, not contact",
        ),
    ],
)
def test_versions_that_contradict_each_other_are_told(second: str, fault: str) -> None:
    assert told(HEAD + policy() + second) == [fault]


@pytest.mark.parametrize(
    ("earlier", "fields"),
    [
        ([{}], {"when__temperature": '"hot"'}),
        ([{}], {}),
        ([{"when__team": '["a", "b"]'}], {"when__team": '"a"', "when__region": '"dach"'}),
        ([{"when__team": '"a"'}, {"when__team": '"b"'}], {"when__team": '["a", "b"]'}),
        ([{"when__team": '"a"'}, {"when__source": '"web"'}], {"when__team": '["a", "b"]', "when__source": '"web"'}),
    ],
)
def test_a_rule_that_is_never_reached_is_told(earlier: list[dict[str, str]], fields: dict[str, str]) -> None:
    before = [policy(f"p{n}", **each) for n, each in enumerate(earlier)]
    names = ", ".join(f"p{n}@1" for n in range(len(earlier)))
    assert told(HEAD + "".join(before) + policy("last", **fields)) == [
        f"policies[last@1].when: never reached: all that it is for is matched before, by {names}"
    ]


@pytest.mark.parametrize(
    ("earlier", "fields"),
    [
        ([{"when__temperature": '"hot"'}], {}),
        ([{"when__team": '"a"', "when__region": '"dach"'}], {"when__team": '"a"'}),
        ([{"when__team": '"a"'}, {"when__source": '"web"'}], {"when__team": '["a", "b"]'}),
        ([{"clock": '"contact"'}], {}),
    ],
)
def test_a_rule_that_some_lead_comes_to_is_reached(earlier: list[dict[str, str]], fields: dict[str, str]) -> None:
    assert told(HEAD + "".join(policy(f"p{n}", **each) for n, each in enumerate(earlier)) + policy("z", **fields)) == []


def test_a_rule_that_was_reached_once_is_no_fault_today() -> None:
    assert told(HEAD + policy("wide", 2, target='"1 business hour"') + policy("old")) == []


def test_a_rule_behind_one_that_is_retired_is_reached() -> None:
    assert told(HEAD + policy("wide", retired="true") + policy("old")) == []
