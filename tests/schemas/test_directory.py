"""Rep directories read: every fault of their form is named, and nothing is guessed."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.directory import Absence, read


def test_a_directory_says_who_is_away_from_when_until_when() -> None:
    reps, faults = read(
        '[reps.r-1]\nteam = "emea"\ntimezone = "Europe/Berlin"\ncover = "r-2"\nleft_on = 2026-09-30\n'
        'absences = [{ from = 2026-07-06, to = 2026-07-06T12:00:00+02:00, cover = "r-3" }]\n'
    )
    assert faults == []
    rep = reps["r-1"]
    assert (rep.team, rep.timezone, rep.cover, rep.left_on) == ("emea", "Europe/Berlin", "r-2", date(2026, 9, 30))
    [absence] = rep.absences
    assert (absence.first, absence.last, absence.cover) == (date(2026, 7, 6), 1_783_332_000_000, "r-3")
    assert isinstance(absence, Absence)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('timezone = "Berlin"', "reps.r-1.timezone: expected an IANA time zone such as Europe/Berlin, not 'Berlin'"),
        ("team = 1", "reps.r-1.team: expected text in quotes, not 1"),
        ('queue = "yes"', "reps.r-1.queue: expected true or false, not 'yes'"),
        ('coverr = "r-2"', "reps.r-1.coverr: unknown key, expected cover?"),
        ("absences = [{ to = 2026-07-06 }]", "reps.r-1.absences[1].from: missing, expected the first day away, such"),
        ("absences = [{ from = 2026-07-06 }]", "reps.r-1.absences[1].to: missing, expected the last day away, such"),
        ("absences = [{ fron = 1 }]", "reps.r-1.absences[1].fron: unknown key, expected from?"),
        ('left_on = "2026-09-30"', "reps.r-1.left_on: expected a date such as 2026-07-06, or a date and time with an"),
        ("left_on = 2026-09-30T12:00:00", "reps.r-1.left_on: expected a date such as 2026-07-06, or a date and time"),
    ],
)
def test_what_is_wrong_with_a_rep_is_told_by_its_key(line: str, fault: str) -> None:
    assert any(str(found).startswith(fault) for found in read(f"[reps.r-1]\n{line}\n")[1])


def test_what_is_no_directory_is_told_in_one_line() -> None:
    assert [str(fault) for fault in read("reps = 1\nrepss = 2")[1]] == [
        "repss: unknown key, expected reps?",
        "reps: expected tables such as [reps.NAME]",
    ]
    [fault] = read("[reps")[1]
    assert str(fault).startswith("expected TOML: ")
