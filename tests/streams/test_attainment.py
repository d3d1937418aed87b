"""What policies make of a lead in numbers, as rows say it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.event import Event
from schemas.events import Millis
from schemas.policy import PolicyFile
from schemas.results import KpiRow
from streams.accumulators import add_into
from streams.attainment import Terms, numbers
from streams.clocks import clocks
from streams.policies import Policies
from streams.rows import rows
from streams.selection import Selection
from streams.spreading import spread
from streams.windows import Cells, decode_cell
from tests.policy_files import parsed, policy
from tests.streams.floor import (
    ALL,
    DAY,
    HOUR,
    MINUTE,
    RULES,
    START,
    assigned,
    call,
    closed,
    engaged,
    event,
    lead_of,
    reply,
    table_of,
)
from tests.streams.service_floor import office

LATER: Millis = START + 365 * DAY
CELLS = Cells(ALL, RULES)


def told(file: PolicyFile, *events: Event, now: Millis = LATER, selection: Selection = ALL) -> list[KpiRow]:
    """Every row that a lead makes, with what policies add to it."""
    lead, terms = lead_of(*events), Terms(Policies(file), RULES, selection)
    table = table_of(lead, selection=selection)
    found = numbers(lead, clocks(lead, terms.policies, RULES, now), terms, now)
    added: dict[bytes, dict[int, int]] = {}
    spread(list(found.items()), CELLS, added)
    for cell, vector in added.items():
        add_into(table.setdefault(cell, {}), vector)
    made = [rows(cell, vector, selection, RULES, clock=now) for cell, vector in table.items() if vector]
    return [row for of_cell in made for row in of_cell]


def row_of(kpi: str, found: list[KpiRow], window: str = "all", **dimensions: str) -> KpiRow:
    [row] = [row for row in found if (row.kpi, row.window, row.dimensions) == (kpi, window, dimensions)]
    return row


def business(kpi: str, file: PolicyFile, *events: Event) -> Any:
    """The mean of the only answer in business time and in calendar time."""
    row = row_of(kpi, told(file, *events))
    return row.statistics["business"]["mean"], row.statistics["mean"]


OFFICE = office()
"""Open from 9 to 17 in Berlin: at START it is 10 o'clock on a Monday."""


def test_business_statistics_repeat_those_of_calendar_time_in_the_time_of_the_policys_calendar() -> None:
    found = row_of("lead_response_time", told(OFFICE, engaged(), call(DAY + HOUR))).statistics
    assert found["business"].keys() == found.keys() - {"business"}
    assert (found["mean"], found["business"]["mean"]) == (25 * 3600, 9 * 3600)
    assert found["business"]["p50"] == pytest.approx(9 * 3600, rel=0.01)
    assert found["business"]["within"] == {"300": 0, "900": 0, "3600": 0, "14400": 0, "86400": 1}
    assert (found["censored"], found["business"]["censored"]) == (0, 0)


def test_answered_outside_hours_took_no_business_time_and_its_calendar_time_is_kept() -> None:
    evening = engaged(8 * HOUR)
    assert business("lead_response_time", OFFICE, evening, call(10 * HOUR)) == (0, 2 * 3600)


def test_who_still_waits_is_open_in_both_times_and_what_was_taken_away_is_cancelled_in_both() -> None:
    found = told(OFFICE, engaged(owner="r-1"), assigned(HOUR, "r-2"))
    waiting = row_of("lead_response_time", found)
    assert (waiting.count, waiting.statistics["business"]["censored"]) == (0, 1)
    taken = row_of("rep_response_time", found).statistics
    assert (taken["cancelled"], taken["business"]["cancelled"], taken["business"]["censored"]) == (1, 1, 1)


def test_every_duration_has_its_business_time() -> None:
    events = [engaged(owner="r-1"), call(DAY, rep="r-1", talk_seconds=60), reply(2 * DAY), call(3 * DAY, rep="r-1")]
    found = told(OFFICE, *events)
    for kpi, hours in {
        "lead_response_time": 8,
        "system_delay": 0,
        "rep_response_time": 8,
        "time_to_contact": 8,
        "next_response_time": 8,
        "reply_latency": 8,
    }.items():
        row = row_of(kpi, found)
        assert (row.statistics["business"]["mean"], row.count) == (hours * 3600, 1), kpi
        assert row_of(kpi, found, rep="r-1").statistics["business"] == row.statistics["business"]


def test_the_calendar_is_that_of_the_policy_that_judges_else_the_teams_else_the_first_of_the_file() -> None:
    calendars = """
    [calendars.first]
    timezone = "UTC"
    hours.mon-sun = ["00:00-12:00"]
    [calendars.emea]
    timezone = "UTC"
    hours.mon-sun = ["00:00-10:00"]
    [calendars.hot]
    timezone = "UTC"
    hours.mon-sun = ["00:00-09:30"]
    [teams]
    emea.calendar = "emea"
    """
    hot = policy("hot", 1, when__temperature='"hot"', calendar='"hot"')
    file = parsed(
        calendars + hot + policy("warm", 1, when__temperature='"warm"', target='"1 calendar hour"', calendar="")
    )
    touched = call(8 * HOUR)
    cases: dict[int, dict[str, Any]] = {
        30: {"temperature": "hot", "team": "emea"},
        60: {"temperature": "warm", "team": "emea"},
        61: {"temperature": "cold", "team": "emea", "imported": True},
        180: {"temperature": "cold", "team": "amer"},
    }
    for minutes, data in cases.items():
        expected = minutes - minutes % 30
        assert business("lead_response_time", file, engaged(**data), touched)[0] == expected * 60, data


def test_a_lead_that_is_imported_has_business_time_and_no_clocks() -> None:
    found = told(OFFICE, engaged(imported=True), call(DAY))
    assert "business" in row_of("lead_response_time", found).statistics
    assert not [row for row in found if row.kpi in ("response_within_sla", "sla_at_risk")]


def test_without_calendars_there_is_no_business_time() -> None:
    file = parsed(policy("p", 1, target='"1 calendar hour"', calendar=""))
    assert "business" not in row_of("lead_response_time", told(file, engaged(), call(DAY))).statistics


def test_a_duration_counts_in_the_same_windows_in_both_times() -> None:
    found = told(OFFICE, engaged(), call(HOUR), reply(2 * DAY))
    days = {
        (row.kpi, row.start): row.statistics["business"]["mean"]
        for row in found
        if row.window == "1d" and row.grouping == "all" and "business" in row.statistics
    }
    assert days["lead_response_time", "2026-03-02T00:00:00Z"] == 3600
    assert days["reply_latency", "2026-03-04T00:00:00Z"] == 15 * 3600


def test_a_clock_counts_in_the_window_of_its_deadline() -> None:
    found = told(OFFICE, engaged(5 * HOUR, team="emea"), call(DAY))
    rows_of = [
        row for row in found if row.kpi == "response_within_sla" and row.window == "1h" and row.grouping == "all"
    ]
    # Two hours are left of Monday; the third and fourth are those of Tuesday.
    assert [(row.start, row.numerator, row.denominator, row.basis) for row in rows_of] == [
        ("2026-03-03T10:00:00Z", 1, 1, "deadline")
    ]
    windows = {(row.grouping, row.window) for row in found if row.kpi == "response_within_sla"}
    assert {("policy", "5m"), ("policy,team", "5m"), ("policy", "1d"), ("rep", "1h"), ("team", "1m")} <= windows
    assert not {("policy", "1m"), ("rep", "5m")} & windows


@pytest.mark.parametrize("clock", ["contact", "rep_response", "next_response", "follow_up", "stage"])
def test_only_first_responses_count_for_leads_and_every_clock_for_its_policy(clock: Any) -> None:
    file = office(clock, touches="6" if clock == "follow_up" else "")
    deal = event("deal.opened", HOUR, deal_id="d", stage="proposal")
    calls = [call(at, rep="r-1") for at in (HOUR, DAY, 9 * DAY)]
    found = told(file, engaged(owner="r-1"), *calls, reply(2 * HOUR), deal, closed(90 * DAY))
    by = {row.grouping for row in found if row.kpi == "response_within_sla"}
    assert by == {"policy", "policy,team"}


def test_a_clock_cancelled_before_its_deadline_counts_nowhere_and_one_after_it_is_breached() -> None:
    assert not [row for row in told(OFFICE, engaged(), closed(HOUR)) if row.kpi == "response_within_sla"]
    late = row_of("response_within_sla", told(OFFICE, engaged(), closed(DAY)))
    assert (late.numerator, late.denominator) == (0, 1)


def test_a_clock_that_stands_still_has_no_deadline_and_runs_all_the_same() -> None:
    file = office("stage", target='"1 calendar hour"', calendar="", pause__stages='["proposal"]')
    found = told(file, event("deal.opened", 0, deal_id="d", stage="proposal"), now=START + DAY)
    assert not [row for row in found if row.kpi == "response_within_sla"]
    assert row_of("paused_share", found).value == 1
    assert row_of("sla_at_risk", found).statistics == {"running": 1}


def test_levels_of_a_running_clock_follow_its_instants() -> None:
    def levels(now: Millis) -> tuple[Any, Any]:
        found = told(OFFICE, engaged(), now=START + now)
        return row_of("sla_at_risk", found).value, row_of("sla_breached", found).value

    warning, due = 4 * HOUR * 8 // 10, 4 * HOUR
    assert [levels(at) for at in (0, warning, warning + 1, due, due + 1)] == [(0, 0), (0, 0), (1, 0), (1, 0), (0, 1)]


def test_overlapping_pauses_are_not_counted_twice_and_those_of_before_not_at_all() -> None:
    file = office("stage", target='"10 calendar days"', calendar="", pause__stages='["legal", "security"]')
    deals = [
        event("deal.opened", -HOUR, deal_id="a", stage="legal"),
        event("deal.opened", 0, "start", deal_id="b", stage="proposal"),
        event("deal.opened", HOUR, deal_id="c", stage="security"),
        event("deal.stage_changed", 2 * HOUR, deal_id="a", stage="contract"),
        event("deal.stage_changed", 3 * HOUR, deal_id="c", stage="contract"),
    ]
    found = told(file, *deals, now=START + 4 * HOUR)
    by = row_of("paused_share", found)
    started = {"legal": -1, "proposal": 0, "security": 1, "contract of a": 2, "contract of c": 3}
    running = [at for name, at in started.items() if name in ("proposal", "contract of a", "contract of c")]
    assert by.denominator == sum(4 - at for at in running) * 3600
    assert by.numerator == (3 + 1 + 0) * 3600


def test_what_is_not_selected_is_not_measured() -> None:
    few = Selection(("leads_created",), ("all",), ("all",))
    lead, terms = lead_of(engaged(), call(MINUTE)), Terms(Policies(OFFICE), RULES, few)
    assert numbers(lead, clocks(lead, terms.policies, RULES, LATER), terms, LATER) == {}
    by_policy = Selection(("response_within_sla",), ("policy",), ("5m", "all"))
    found = numbers(lead, clocks(lead, terms.policies, RULES, LATER), terms._replace(selection=by_policy), LATER)
    assert len(found) == 1
    cells = Cells(by_policy, RULES)
    assert {(decode_cell(cell).grouping, decode_cell(cell).window) for key in found for cell in cells(key)} == {
        ("policy", "5m"),
        ("policy", "all"),
    }


def test_a_lead_that_was_merged_away_adds_nothing() -> None:
    lead = lead_of(engaged(), event("lead.merged", HOUR, into="lead-2"))
    terms = Terms(Policies(OFFICE), RULES, ALL)
    assert numbers(lead, clocks(lead, terms.policies, RULES, LATER), terms, LATER) == {}
