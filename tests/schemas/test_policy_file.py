"""Policy files read: every fault of their form is named, and nothing is guessed."""

from __future__ import annotations

import pytest

from schemas.policy_file import read
from schemas.policy_values import DAY, MINUTE, Shift, Span
from tests.policy_files import HEAD, policy

HOUR = 60 * MINUTE


def told(text: str) -> list[str]:
    return [str(fault) for fault in read(text)[1]]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("5 business minutes", Span(5, "minute", True)),
        ("1 business day", Span(1, "day", True)),
        ("30 calendar days", Span(30, "day", False)),
    ],
)
def test_a_length_of_time_says_of_which_kind_it_is(text: str, span: Span) -> None:
    file, faults = read(HEAD + policy(target=f'"{text}"'))
    assert (faults, file.policies[0].target, str(span)) == ([], span, text)


@pytest.mark.parametrize("text", ["1 day", "5m", "4 hours", "0 business hours", "1.5 business days", "1 business week"])
def test_a_length_of_time_that_could_be_misread_is_refused(text: str) -> None:
    assert told(HEAD + policy(target=f'"{text}"')) == [
        'policies[first@1].target: expected a length such as "4 business hours", "1 business day" or'
        f' "30 calendar minutes", not {text!r}'
    ]


def test_shifts_are_read_past_midnight_and_to_its_stroke() -> None:
    text = '[calendars.x]\ntimezone = "UTC"\nhours.fri-mon = ["09:00-24:00"]\nhours.wed = ["22:00-06:00"]\n'
    file, faults = read(text)
    assert (faults, file.calendars["x"].hours) == (
        [],
        {(4, 5, 6, 0): (Shift(9 * HOUR, DAY),), (2,): (Shift(22 * HOUR, 30 * HOUR),)},
    )


# Line of a calendar → key and what was expected.
@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('hours.mon = ["9-17"]', 'hours.mon[1]: expected hours such as "09:00-17:30", or "22:00-06:00" past midnight'),
        ('hours.mon = ["09:00-09:00"]', 'hours.mon[1]: expected two different times; the whole day is "00:00-24:00"'),
        ('hours.mon = ["09:00-24:30"]', "hours.mon[1]: expected hours such as"),
        ('hours.mon = "09:00-17:00"', "hours.mon: expected a list, not"),
        ('hours.monday = ["09:00-17:00"]', "hours.monday: expected a day or several, such as sat or mon-fri"),
        ('hours.mon- = ["09:00-17:00"]', "hours.mon-: expected a day or several"),
        ('hours.mon-fri = []\nhours.wed = ["09:00-17:00"]', "hours: expected each day once, wed is named twice"),
        ('breaks.fun = ["12:00-13:00"]', "breaks.fun: expected a day or several"),
        ('holidays = ["Germany"]', 'holidays[1]: expected a country or a part of one, such as "US", "DE-BY"'),
        ("dates.2026-02-29 = []", "dates.2026-02-29: expected a date such as 2026-12-24, or 12-24 for every year"),
        ("dates.20261224 = []", "dates.20261224: expected a date"),
        ("dates.13-01 = []", "dates.13-01: expected a date"),
        ('timezone = "Europe/Berln"', "timezone: expected an IANA time zone such as Europe/Berlin, not 'Europe/Berln'"),
        ("", "timezone: missing, expected an IANA time zone such as Europe/Berlin"),
        ('houres.mon = ["09:00-17:00"]', "houres: unknown key, expected hours?"),
    ],
)
def test_what_is_wrong_with_a_calendar_is_told_by_its_key(line: str, fault: str) -> None:
    usual = [] if "timezone" in line or not line else ['timezone = "UTC"']
    usual += [] if "hours." in line else ["hours.sun = []"]
    [found] = told("\n".join(["[calendars.x]", *usual, line]))
    assert found.startswith(f"calendars.x.{fault}")


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("name", '"hot leads"', "name: expected letters, digits, dots, dashes and underscores, not 'hot leads'"),
        ("version", "true", "version: expected a whole number, not True"),
        ("version", "0", "version: expected greater than or equal to 1, not 0"),
        ("effective_from", "", "effective_from: missing, expected a date and time with an offset, such as"),
        ("effective_from", "2026-01-01", "effective_from: expected a date and time with an offset"),
        ("effective_from", "2026-01-01T00:00:00", "effective_from: expected a date and time with an offset"),
        ("effective_from", '"2026-01-01T00:00:00Z"', "effective_from: expected a date and time with an offset"),
        ("clock", '"first_respons"', "clock: expected 'first_response', 'rep_response', 'next_response', 'follow_up'"),
        ("target", "", 'target: missing, expected a length such as "4 business hours"'),
        ("objective", "1.0", "objective: expected less than 1, not 1.0"),
        ("objective", "0", "objective: expected greater than 0, not 0"),
        ("objective", '"0.9"', "objective: expected a number, not '0.9'"),
        ("warn_at", "[0.8, 0.5]", "warn_at: expected rising shares such as [0.5, 0.8]"),
        ("warn_at", "[1.5]", "warn_at[1]: expected less than 1, not 1.5"),
        ("whose", '"reps"', "whose: expected 'policy', 'team', 'lead' or 'rep', not 'reps'"),
        ("recompute", '"yes"', "recompute: expected true or false, not 'yes'"),
        ("when__temperature", '"hott"', "when.temperature[1]: expected 'hot', 'warm', 'cold' or 'unknown', not 'hott'"),
        ("when__region", "[]", "when.region: expected at least one value"),
        ("when__regoin", '"dach"', "when.regoin: unknown key, expected region?"),
        ("escalate", '[{ tell = "reps" }]', "escalate[1].after: missing, expected a length such as"),
        ("escalate", '[{ after = "1 business hour" }]', "escalate[1].tell: missing, expected the name of an audience"),
        ("pause__stagess", "[]", "pause.stagess: unknown key, expected stages?"),
        ("zzz", '"red"', "zzz: unknown key, expected one of name, version, effective_from, clock, when, target"),
    ],
)
def test_what_is_wrong_with_a_policy_is_told_by_its_key(key: str, value: str, fault: str) -> None:
    [found] = told(HEAD + policy(**{key: value}))
    assert found.startswith("policies[")
    assert f"].{fault}" in found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("calendars = 3", "calendars: expected tables such as [calendars.NAME]"),
        ("policies = 3", "policies: expected tables such as [[policies]]"),
        ("[[policy]]", "policy: unknown key, expected policies?"),
        ("x", "expected TOML: "),
        ("[teams]\nemea = 3", "teams.emea: expected a table"),
        ("[audiences.x]\nkind = 'email'", "audiences.x.kind: expected 'json' or 'chat', not 'email'"),
        (
            "[audiences.x]\nkind = 'json'\nteams.a.url = 'https://…'",
            "audiences.x.teams.a.url: unknown key, expected url_",
        ),
    ],
)
def test_what_is_wrong_elsewhere_is_told_by_its_key(text: str, fault: str) -> None:
    [found] = told(text)
    assert found.startswith(fault)


def test_all_faults_are_told_at_once() -> None:
    spoilt = HEAD.replace("Berlin", "Berln").replace("chat", "mail") + policy(target='"1 day"', objective="2")
    assert [fault.partition(":")[0] for fault in told(spoilt)] == [
        "calendars.office.timezone",
        "audiences.reps.kind",
        "policies[first@1].target",
        "policies[first@1].objective",
    ]


def test_a_policy_without_a_name_is_told_by_its_number() -> None:
    assert told(HEAD + policy() + policy("x", 2).replace('name = "x"\n', "")) == [
        "policies[number 2].name: missing, expected a name"
    ]


def test_one_value_and_a_list_of_one_mean_the_same() -> None:
    one, several = (read(HEAD + policy(when__team=value))[0] for value in ('"emea"', '["emea"]'))
    assert one == several
