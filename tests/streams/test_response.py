from __future__ import annotations

import pytest

from schemas.event import Event
from schemas.events import Judgement
from tests.streams.floor import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    about,
    assigned,
    call,
    called_in,
    closed,
    duration_of,
    engaged,
    event,
    has_rows,
    lead_of,
    mail,
    reply,
    row_of,
    rows_of,
)


def response(*events: Event) -> float | None:
    return duration_of("lead_response_time", *events)


def test_a_lead_waits_from_engagement_to_the_first_touch() -> None:
    assert response(engaged(), call(5 * MINUTE), call(9 * MINUTE)) == 300


@pytest.mark.parametrize(
    ("before", "seconds"), [(60 * SECOND, 0), (60 * SECOND + 1, None), (1, 0)], ids=["60 s", "over 60 s", "1 ms"]
)
def test_a_touch_just_before_engagement_answers_at_once(before: int, seconds: float | None) -> None:
    assert response(engaged(), call(-before)) == seconds


def test_automatic_mail_bounced_mail_and_openings_answer_nothing() -> None:
    silent = [mail(MINUTE, "a", automatic=True), mail(2 * MINUTE, "b"), about("bounced", DAY, "b")]
    assert response(engaged(), *silent, about("opened", 3 * MINUTE, "a"), call(4 * MINUTE, automatic=True)) is None


def test_an_answered_inbound_call_within_a_minute_is_what_engaged_the_lead() -> None:
    assert response(engaged(), called_in(0, answered=True)) == 0
    assert response(engaged(), called_in(60 * SECOND, answered=True)) == 0
    assert response(engaged(), called_in(61 * SECOND, answered=True)) == 61


def test_a_missed_inbound_call_answers_nothing() -> None:
    assert response(engaged(), called_in(MINUTE), call(2 * MINUTE)) == 120


def test_engaging_again_while_open_changes_nothing() -> None:
    assert response(engaged(), engaged(MINUTE), call(2 * MINUTE)) == 120
    lead = lead_of(engaged(team="a"), engaged(MINUTE, qualified=False, team="b"))
    assert [row.dimensions["team"] for row in rows_of("lead_response_time", lead, grouping="team")] == ["a"]


def test_a_contact_engages_when_it_qualifies() -> None:
    assert response(engaged(qualified=False), engaged(MINUTE), call(3 * MINUTE)) == 120
    assert not has_rows("lead_response_time", engaged(qualified=False), call(MINUTE))


def test_a_lead_closed_unanswered_stays_censored() -> None:
    assert response(engaged(), closed(MINUTE)) is None
    assert response(engaged(), closed(MINUTE), call(HOUR)) is None


def test_engaging_after_closing_is_one_more_lead_with_a_clock_of_its_own() -> None:
    row = row_of("lead_response_time", lead_of(engaged(), call(MINUTE), closed(HOUR), engaged(DAY), call(DAY + HOUR)))
    assert (row.count, row.statistics["mean"]) == (2, (60 + 3600) / 2)


def test_a_touch_before_closing_does_not_answer_the_engagement_that_follows_at_once() -> None:
    events = [engaged(), call(HOUR), closed(HOUR + 1), engaged(HOUR + 2)]
    row = row_of("lead_response_time", lead_of(*events))
    assert (row.count, row.statistics["censored"]) == (1, 1)


@pytest.mark.parametrize("reason", ["duplicate"])
def test_a_lead_closed_as_a_duplicate_leaves_every_count(reason: str) -> None:
    events = [engaged(), assigned(1, "r-1"), call(MINUTE, rep="r-1"), mail(HOUR), reply(2 * HOUR), closed(DAY, reason)]
    kpis = ("lead_response_time", "rep_response_time", "leads_created", "reply_rate", "reply_latency", "activities")
    assert not any(has_rows(kpi, *events) for kpi in (*kpis, "delivery_rate", "message_reply_rate"))
    outreach = [mail(-2 * DAY), reply(-DAY)]
    assert not any(has_rows(kpi, *outreach, *events) for kpi in kpis)


def test_a_merged_lead_leaves_every_count() -> None:
    assert not has_rows("lead_response_time", engaged(), call(1), event("lead.merged", DAY, into="lead-2"))


def test_the_team_is_the_owners_at_the_first_touch() -> None:
    lead = lead_of(engaged(), assigned(1, "r-1", team="a"), call(2, rep="r-9", team="z"), assigned(3, "r-2", team="b"))
    assert [row.dimensions["team"] for row in rows_of("lead_response_time", lead, grouping="team")] == ["a"]


def test_without_an_owner_the_team_is_the_senders() -> None:
    lead = lead_of(engaged(), call(2, rep="r-9", team="z"), assigned(3, "r-2", team="b"))
    assert [row.dimensions["rep"] for row in rows_of("lead_response_time", lead, grouping="rep")] == ["r-9"]


def test_a_lead_closed_unanswered_stays_with_who_had_it_before_it_engaged_again() -> None:
    lead = lead_of(engaged(team="a"), closed(1), engaged(DAY, team="b"))
    assert [row.dimensions["team"] for row in rows_of("lead_response_time", lead, grouping="team")] == ["a", "b"]


def test_while_open_the_team_is_the_present_one() -> None:
    lead = lead_of(engaged(owner="r-1", team="a"), assigned(3, "r-2", team="b"))
    assert [row.dimensions["team"] for row in rows_of("lead_response_time", lead, grouping="team")] == ["b"]
    [row] = rows_of("lead_response_time", lead_of(engaged()), grouping="team,temperature")
    assert row.dimensions == {"team": "unassigned", "temperature": "unknown"}


def test_the_system_delays_until_somebody_is_assigned() -> None:
    assert duration_of("system_delay", engaged(), assigned(MINUTE, "r-1"), assigned(HOUR, "r-2")) == 60
    assert duration_of("system_delay", engaged(owner="r-1")) == 0
    assert duration_of("system_delay", engaged(team="a")) is None


def test_each_owner_answers_for_the_time_the_lead_was_theirs() -> None:
    events = [assigned(MINUTE, "r-1"), assigned(HOUR, "r-2"), call(HOUR + MINUTE, rep="r-2")]
    row = row_of("rep_response_time", lead_of(engaged(), *events))
    assert (row.count, row.statistics["mean"], row.statistics["cancelled"], row.statistics["censored"]) == (1, 60, 1, 0)


def test_another_reps_touch_is_not_the_owners() -> None:
    assert duration_of("rep_response_time", engaged(), assigned(0, "r-1"), call(1, rep="r-2")) is None


def test_assigning_the_owner_again_is_no_new_ownership() -> None:
    assert duration_of("rep_response_time", engaged(), assigned(0, "r-1"), assigned(1, "r-1"), call(MINUTE)) == 60


@pytest.mark.parametrize(
    ("spoken", "made"),
    [
        ({"talk_seconds": 30, "duration_seconds": 1}, True),
        ({"talk_seconds": 29, "duration_seconds": 99, "answered": True}, False),
        ({"duration_seconds": 30}, True),
        ({"answered": True}, True),
        ({}, False),
    ],
)
def test_an_attempt_is_not_contact(spoken: dict[str, object], made: bool) -> None:
    assert duration_of("time_to_contact", engaged(), call(MINUTE, **spoken)) == (60 if made else None)


def test_a_human_reply_is_contact() -> None:
    assert duration_of("time_to_contact", engaged(), mail(MINUTE), reply(HOUR), call(DAY, answered=True)) == 3600
    assert duration_of("time_to_contact", engaged(), mail(MINUTE), reply(HOUR, "auto")) is None
    assert duration_of("time_to_contact", engaged(), mail(MINUTE), called_in(HOUR)) is None


def next_response(*events: Event) -> float | None:
    return duration_of("next_response_time", engaged(), *events)


def test_of_several_messages_in_a_row_the_first_one_waits_for_the_next_touch() -> None:
    assert next_response(reply(HOUR), reply(2 * HOUR), called_in(3 * HOUR), call(4 * HOUR), call(5 * HOUR)) == 3 * 3600


def test_each_row_of_messages_waits_for_an_answer_of_its_own() -> None:
    row = row_of("next_response_time", lead_of(engaged(), reply(HOUR), call(2 * HOUR), reply(DAY), call(DAY + HOUR)))
    assert (row.count, row.statistics["mean"], row.statistics["censored"]) == (2, 3600, 0)
    days = rows_of("next_response_time", lead_of(engaged(), reply(HOUR), reply(DAY)), window="1d")
    assert [(row.start, row.basis) for row in days] == [("2026-03-02T00:00:00Z", "inbound")]


def test_a_call_of_theirs_that_is_taken_answers_a_message_and_a_missed_one_is_a_message() -> None:
    assert next_response(reply(HOUR), called_in(2 * HOUR, answered=True)) == 3600
    assert next_response(called_in(HOUR), called_in(2 * HOUR, talk_seconds=40)) == 3600
    assert next_response(called_in(HOUR, talk_seconds=3), call(3 * HOUR)) == 2 * 3600


def test_automatic_mail_on_either_side_neither_waits_nor_answers() -> None:
    assert not has_rows("next_response_time", engaged(), reply(HOUR, "auto"), reply(2 * HOUR, "bounce"))
    assert next_response(reply(HOUR), mail(2 * HOUR, "a", automatic=True), mail(3 * HOUR, "b")) == 2 * 3600
    assert next_response(reply(HOUR), mail(2 * HOUR, "a"), about("bounced", 3 * HOUR, "a"), call(5 * HOUR)) == 4 * 3600


def test_a_message_that_comes_with_the_engagement_waits_for_the_first_response() -> None:
    assert not has_rows("next_response_time", engaged(), reply(60 * SECOND))
    assert next_response(reply(61 * SECOND), call(121 * SECOND)) == 60


def test_a_message_to_a_closed_lead_waits_for_nothing_and_one_before_stays_open() -> None:
    assert not has_rows("next_response_time", engaged(), closed(HOUR), reply(2 * HOUR))
    assert next_response(reply(HOUR), closed(2 * HOUR), call(3 * HOUR)) is None
    assert not has_rows("next_response_time", engaged(), closed(HOUR, "duplicate"), reply(MINUTE * 30))
    assert not has_rows("next_response_time", reply(HOUR), call(2 * HOUR))


def test_who_asks_to_be_left_alone_waits_for_no_answer() -> None:
    alone = Judgement("unsubscribe", "phrases", 1)
    assert not has_rows("next_response_time", engaged(), reply(HOUR, judged=alone), reply(2 * HOUR))
    assert next_response(reply(HOUR), reply(2 * HOUR, judged=alone), call(3 * HOUR)) is None


def test_a_message_counts_for_whoever_had_the_lead_when_it_came() -> None:
    owned = [engaged(owner="r-1", team="a"), reply(HOUR), assigned(2 * HOUR, "r-2", team="b"), call(3 * HOUR)]
    [row] = rows_of("next_response_time", lead_of(*owned), grouping="rep")
    assert (row.dimensions, row.count) == ({"rep": "r-1"}, 1)
