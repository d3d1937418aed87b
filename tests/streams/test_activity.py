from __future__ import annotations

from typing import Any

import pytest

from schemas.event import Event
from tests.streams.floor import (
    DAY,
    about,
    call,
    called_in,
    closed,
    duration_of,
    engaged,
    event,
    has_rows,
    lead_of,
    mail,
    ratio_of,
    row_of,
    rows_of,
)


def test_activities_are_outbound_and_human_by_kind() -> None:
    lead = lead_of(
        call(0, customer="new"),
        call(1, kind="demo"),
        call(2, customer="existing"),
        call(3),
        called_in(4, answered=True),
        call(5, automatic=True),
        mail(6),
        about("bounced", 7),
        mail(8, "auto", automatic=True),
        mail(9, "s", channel="sms"),
        event("deal.stage_changed", 10, deal_id="d", stage="proposal"),
        event("deal.stage_changed", 11, deal_id="d", stage="proposal"),
    )
    counts = {row.dimensions["kind"]: row.value for row in rows_of("activities", lead)}
    assert counts == {"call": 3, "demo": 1, "email": 1, "follow_up_call": 2, "quote": 1, "sms": 1}
    customers = {row.dimensions["kind"]: row.statistics["customer"] for row in rows_of("activities", lead)}
    assert customers["call"] == {"unknown": 1, "new": 1, "existing": 1}
    assert customers["follow_up_call"] == {"unknown": 1, "new": 0, "existing": 1}


def test_a_deal_that_comes_back_to_proposal_is_quoted_again() -> None:
    stages = ["proposal", "contract", "proposal", "contract"]
    moves = [event("deal.stage_changed", at, deal_id="d", stage=stage) for at, stage in enumerate(stages)]
    assert [row.value for row in rows_of("activities", lead_of(*moves))] == [2]


def test_each_engagement_after_closing_creates_a_lead() -> None:
    assert row_of("leads_created", lead_of(engaged(), engaged(1), closed(2), engaged(DAY))).value == 2
    assert not rows_of("leads_created", lead_of(engaged(qualified=False), call(1)))


def stage_changed(at: int, stage: str) -> Event:
    return event("lead.stage_changed", at, stage=stage)


def scheduled(at: int, call_id: str = "c", **data: Any) -> Event:
    return event("call.scheduled", at, call_id=call_id, **data)


def missed(at: int, call_id: str = "c") -> Event:
    return event("call.missed", at, call_id=call_id)


def test_an_engaged_lead_qualifies_each_time_that_it_comes_to_mql_or_sql() -> None:
    story = [stage_changed(-9, "mql"), engaged(owner="r-1"), stage_changed(1, "lead"), stage_changed(2, "mql")]
    story += [stage_changed(3, "mql"), stage_changed(4, "sql"), stage_changed(5, "lead"), stage_changed(6, "sql")]
    rows = rows_of("leads_qualified", lead_of(*story), grouping="rep")
    assert {(row.dimensions["stage"], row.dimensions["rep"]): row.value for row in rows} == {
        ("mql", "r-1"): 1, ("sql", "r-1"): 2
    }  # fmt: skip
    assert row_of("leads_qualified", lead_of(engaged(stage="sql"))).value == 1


def test_what_was_put_off_is_due_at_its_latest_date_and_once() -> None:
    story = [scheduled(0, due_at="2026-03-05T10:00:00Z"), scheduled(1, due_at="2026-03-09T10:00:00+01:00")]
    [day] = rows_of("planned_activities", lead_of(*story), window="1d")
    assert (day.start, day.value) == ("2026-03-09T00:00:00Z", 1)


@pytest.mark.parametrize("due", [None, "soon", "1969-12-31T00:00:00Z", "9999-12-31T23:59:00Z"])
def test_what_is_due_at_no_sensible_date_is_due_when_it_was_scheduled(due: str | None) -> None:
    [day] = rows_of("planned_activities", lead_of(scheduled(0, due_at=due)), window="1d")
    assert day.start == "2026-03-02T00:00:00Z"


def test_of_what_was_due_some_was_missed() -> None:
    assert ratio_of("no_show_rate", scheduled(0, "a"), missed(9, "a"), scheduled(1, "b"), missed(9, "z")) == (1, 2)


def test_calls_placed_are_outbound_and_human() -> None:
    placed = [call(1, answered=True), call(2), call(3, automatic=True, answered=True), called_in(4, answered=True)]
    assert ratio_of("connect_rate", *placed) == (1, 2)


def test_talk_is_as_stated_else_as_long_as_an_answered_call_lasted() -> None:
    assert duration_of("talk_time", call(1, talk_seconds=90, duration_seconds=100)) == 90
    assert duration_of("talk_time", call(1, answered=True, duration_seconds=100)) == 100
    assert not has_rows("talk_time", call(1, duration_seconds=20))
    assert not has_rows("talk_time", call(1, talk_seconds=0, answered=True, duration_seconds=20))


def test_talk_of_the_rep_is_set_against_all_talk_where_both_are_known() -> None:
    calls = [call(1, talk_seconds=100, rep_talk_seconds=40), call(2, talk_seconds=50.5, rep_talk_seconds=60)]
    assert ratio_of("talk_listen_ratio", *calls, call(3, talk_seconds=500)) == (90.5, 150.5)


def test_calls_placed_are_set_against_the_hours_talked_in_them() -> None:
    row = row_of("calls_per_hour_talked", lead_of(call(1, talk_seconds=1800), call(2), call(3)))
    assert (row.value, row.count, row.numerator, row.denominator) == (6, 3, 3, 0.5)
    assert row_of("calls_per_hour_talked", lead_of(call(1))).value is None
