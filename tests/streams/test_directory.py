"""Who is responsible at an instant: the rep, a cover, the cover's cover; nobody for a queue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.directory import Absence, Rep, read
from streams.directory import Directory
from streams.directory_faults import faults
from tests.directories import directory, told
from tests.streams.opening_hours import at

AWAY = """
[reps.r-1]
team = "emea"
timezone = "Europe/Berlin"
cover = "r-2"
absences = [
    { from = 2026-07-06, to = 2026-07-17 },
    { from = 2026-09-10T10:00:00Z, to = 2026-09-10T16:00:00Z, cover = "r-3" },
]

[reps.r-2]
team = "amer"
timezone = "America/New_York"
cover = "r-3"
absences = [{ from = 2026-07-10, to = 2026-07-10 }]

[reps.r-3]

[reps.r-9]
timezone = "Asia/Singapore"
left_on = 2026-03-31
cover = "r-1"

[reps.queue]
queue = true
"""
REPS = Directory(directory(AWAY))


# Before and after each change, in the time zone of whoever goes.
@pytest.mark.parametrize(
    ("rep", "instant", "there"),
    [
        ("r-1", "2026-07-05T21:59:59", "r-1"),
        ("r-1", "2026-07-05T22:00:00", "r-2"),
        ("r-1", "2026-07-17T21:59:59", "r-2"),
        ("r-1", "2026-07-17T22:00:00", "r-1"),
        ("r-1", "2026-09-10T09:59:59", "r-1"),
        ("r-1", "2026-09-10T10:00:00", "r-3"),
        ("r-1", "2026-09-10T16:00:00", "r-1"),
        ("r-9", "2026-03-31T15:59:59", "r-9"),
        ("r-9", "2026-03-31T16:00:00", "r-1"),
    ],
)
def test_whoever_is_away_is_covered_from_the_first_day_to_the_end_of_the_last(
    rep: str, instant: str, there: str
) -> None:
    assert REPS.responsible(rep, at(instant)) == there


def test_a_cover_who_is_away_as_well_is_covered_by_their_own() -> None:
    """In New York the 10th of July begins at four in the morning of Greenwich."""
    assert REPS.responsible("r-1", at("2026-07-10T03:59:59")) == "r-2"
    assert REPS.responsible("r-1", at("2026-07-10T04:00:00")) == "r-3"
    assert REPS.responsible("r-9", at("2026-07-10T04:00:00")) == "r-3"


def test_a_queue_is_nobody_and_a_stranger_is_taken_to_be_there() -> None:
    assert (REPS.is_queue("queue"), REPS.responsible("queue", 0)) == (True, "unassigned")
    assert (REPS.is_queue("r-77"), REPS.responsible("r-77", 0)) == (False, "r-77")
    assert REPS.timezone("r-77", 0) is None


def test_where_nobody_in_the_chain_is_there_it_stays_with_the_rep() -> None:
    week = "absences = [{ from = 2026-07-06, to = 2026-07-12 }]"
    circle = Directory(read(f'[reps.a]\ncover = "b"\n{week}\n[reps.b]\ncover = "a"\n{week}\n')[0])
    assert [circle.responsible(rep, at("2026-07-08T00:00")) for rep in ("a", "b")] == ["a", "b"]
    alone = Directory(read(f"[reps.a]\n{week}\n")[0])
    assert alone.responsible("a", at("2026-07-08T00:00")) == "a"
    queued = Directory(read(f'[reps.a]\ncover = "q"\n{week}\n[reps.q]\nqueue = true\n')[0])
    assert queued.responsible("a", at("2026-07-08T00:00")) == "a"


def test_the_team_on_whose_hours_a_lead_is_worked_is_that_of_whoever_stands_in() -> None:
    there, away = at("2026-07-01T00:00"), at("2026-07-08T00:00")
    assert [REPS.team("emea-2", "r-1", when) for when in (there, away)] == ["emea-2", "amer"]
    # Nobody knows the team of r-3, so the lead's stays; nobody knows the lead's, so it is the rep's.
    assert REPS.team("emea-2", "r-1", at("2026-07-10T12:00")) == "emea-2"
    assert [REPS.team("unknown", rep, there) for rep in ("r-1", "r-77")] == ["emea", "unknown"]


names = st.sampled_from("abcd")
absences = st.builds(
    lambda start, length, cover: Absence.model_construct(first=start, last=start + length, cover=cover),
    st.integers(0, 20), st.integers(1, 10), st.none() | names,
)  # fmt: skip
reps = st.builds(
    lambda cover, away, left: Rep(cover=cover).model_copy(update={"absences": tuple(away), "left_on": left}),
    st.none() | names, st.lists(absences, max_size=2), st.none(),
)  # fmt: skip


@given(st.dictionaries(names, reps), names, st.integers(0, 30))
def test_whoever_is_responsible_is_there_or_it_is_the_rep(some: dict[str, Rep], rep: str, instant: int) -> None:
    found = Directory(some).responsible(rep, instant)
    known = some.get(found)
    is_there = known is None or not any(away.first <= instant < away.last for away in known.absences)  # type: ignore[operator]
    assert is_there or found == rep


@given(st.dictionaries(names, reps), names, st.integers(0, 30))
def test_in_a_directory_without_faults_somebody_is_always_there(some: dict[str, Rep], rep: str, instant: int) -> None:
    if not faults(some):
        known = some.get(Directory(some).responsible(rep, instant))
        assert known is None or not any(away.first <= instant < away.last for away in known.absences)  # type: ignore[operator]


# What is at fault

REST = '[reps.r-2]\n[reps.q]\nqueue = true\n[reps.r-1]\ncover = "r-2"\n'


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('[reps.x]\ncover = "r-7"', "reps.x.cover: no such rep, expected one of the directory, not 'r-7'"),
        ('[reps.x]\ncover = "x"', "reps.x.cover: expected somebody else"),
        ('[reps.x]\ncover = "q"', "reps.x.cover: expected a rep, not the queue 'q': a queue is nobody"),
        (
            "[reps.x]\nleft_on = 2026-01-01",
            "reps.x.cover: missing, expected who has the leads of this rep since left_on",
        ),
        (
            "[reps.x]\nabsences = [{ from = 2026-01-01, to = 2026-01-02 }]",
            "reps.x.absences[1].cover: missing, expected who stands in, here or for the rep",
        ),
        (
            'absences = [{ from = 2026-01-01, to = 2026-01-02, cover = "r-3" }]',
            "reps.r-1.absences[1].cover: no such rep, expected one of the directory, not 'r-3'",
        ),
        (
            "absences = [{ from = 2026-01-03, to = 2026-01-02 }]",
            "reps.r-1.absences[1].to: expected no earlier than from",
        ),
        (
            "absences = [{ from = 2026-01-03, to = 2026-01-05 }, { from = 2026-01-01, to = 2026-01-03 }]",
            "reps.r-1.absences[1].from: expected after the end of the absence before",
        ),
        ('[reps.x]\nqueue = true\ncover = "r-1"', "reps.x: expected no cover, absences or left_on: a queue is nobody"),
        ("[reps.unassigned]", "reps.unassigned: expected another name: unassigned is what leads without an owner are"),
        (
            'absences = [{ from = 2026-01-02, to = 2026-01-09 }]\n[reps.x]\ncover = "r-1"\n'
            'absences = [{ from = 2026-01-01, to = 2026-01-05, cover = "y" }]\n[reps.y]\ncover = "x"\n'
            "absences = [{ from = 2026-01-04, to = 2026-01-05 }]\n",
            "reps.x: nobody stands in from 2026-01-04T00:00Z on: the covers are away as well",
        ),
    ],
)
def test_what_would_leave_a_lead_to_nobody_is_told_by_its_key(lines: str, fault: str) -> None:
    assert told(REST + lines)[0].startswith(fault)
    assert told(REST) == []


def test_days_may_follow_each_other_without_a_gap() -> None:
    days = "absences = [{ from = 2026-01-03, to = 2026-01-05 }, { from = 2026-01-06, to = 2026-01-07 }]"
    assert told(REST + days) == []
