from __future__ import annotations

from typing import Any

import pytest

from tests.streams.floor import (
    DAY,
    HOUR,
    MINUTE,
    about,
    assigned,
    call,
    called_in,
    closed,
    duration_of,
    engaged,
    has_rows,
    lead_of,
    mail,
    ratio_of,
    reply,
    row_of,
    rows_of,
)


def test_cold_outreach_counts_among_the_contacted() -> None:
    assert ratio_of("reply_rate", mail(0), reply(HOUR)) == (1, 1)
    assert ratio_of("reply_rate", mail(0)) == (0, 1)
    assert not has_rows("reply_rate", reply(HOUR))


def test_outreach_and_the_engagement_it_led_to_are_one_contacted_subject() -> None:
    assert ratio_of("reply_rate", mail(0), engaged(DAY), call(2 * DAY)) == (0, 1)


def test_a_lead_that_engages_again_counts_once_more() -> None:
    assert ratio_of("reply_rate", engaged(), mail(1), reply(2), closed(HOUR), engaged(DAY), mail(DAY, "n")) == (1, 2)


@pytest.mark.parametrize(("after", "hits"), [(30 * DAY, 1), (30 * DAY + 1, 0), (0, 1), (-1, 0)])
def test_a_reply_counts_within_thirty_days_of_a_touch_before_it(after: int, hits: int) -> None:
    assert ratio_of("reply_rate", mail(DAY), reply(DAY + after)) == (hits, 1)


@pytest.mark.parametrize(
    ("class_", "headers", "hits"),
    [
        ("auto", None, 0),
        ("bounce", None, 0),
        ("neutral", {"Auto-Submitted": "auto-replied"}, 1),
        (None, None, 1),
        (None, {"Auto-Submitted": "auto-replied"}, 0),
        (None, {"auto-submitted": "No"}, 1),
        (None, {"X-Autoreply": "yes"}, 0),
        (None, {"Precedence": "Bulk"}, 0),
        (None, {"Precedence": "list", "Subject": "Re"}, 1),
    ],
)
def test_machines_do_not_reply(class_: str | None, headers: dict[str, str] | None, hits: int) -> None:
    assert ratio_of("reply_rate", mail(0), reply(HOUR, class_, headers=headers)) == (hits, 1)


def test_an_answered_call_back_and_an_outcome_are_replies() -> None:
    assert ratio_of("reply_rate", mail(0), called_in(HOUR, answered=True)) == (1, 1)
    assert ratio_of("reply_rate", call(0, answered=True, outcome="neutral")) == (1, 1)
    assert ratio_of("reply_rate", call(0, outcome="neutral")) == (0, 1)
    assert ratio_of("reply_rate", called_in(0, answered=True)) == (0, 1)


def test_the_first_class_decides_whatever_follows() -> None:
    events = [mail(0), reply(1), reply(2, "negative"), reply(3, "positive")]
    assert ratio_of("positive_reply_rate", *events) == (0, 1)
    assert ratio_of("negative_reply_rate", *events) == (1, 1)


def test_forty_yes_of_a_hundred_contacted_is_forty_percent_whatever_the_touches() -> None:
    yes = [lead_of(engaged(), mail(1), call(2), call(3), reply(4, "positive")) for _ in range(40)]
    assert row_of("positive_reply_rate", *yes, *(lead_of(mail(0)) for _ in range(60))).value == 0.4


def test_by_channel_those_touched_on_it_that_replied_on_it() -> None:
    lead = lead_of(call(0), mail(1), reply(HOUR, in_reply_to="m"), mail(2, "s", channel="sms"))
    shares = {row.dimensions["channel"]: row.value for row in rows_of("reply_rate", lead, grouping="channel")}
    assert shares == {"call": 0.0, "email": 1.0, "sms": 0.0}


def test_a_reply_has_its_own_channel_else_that_of_the_message_it_answers() -> None:
    def channel(**data: Any) -> list[str]:
        lead = lead_of(mail(0, "s", channel="sms"), mail(0, "e"), mail(0, "l", channel="social"), reply(1, **data))
        return [row.dimensions["channel"] for row in rows_of("reply_rate", lead, grouping="channel") if row.numerator]

    assert channel(in_reply_to="s") == ["sms"]
    assert channel(in_reply_to="s", channel="social") == ["social"]
    assert channel() == ["email"]


def test_latency_runs_from_the_message_answered_else_the_touch_strictly_before() -> None:
    assert duration_of("reply_latency", mail(0), call(MINUTE), reply(HOUR, in_reply_to="m")) == 3600
    assert duration_of("reply_latency", mail(0), call(MINUTE), reply(HOUR)) == 3540
    assert duration_of("reply_latency", mail(0), call(HOUR), reply(HOUR)) == 3600
    assert not has_rows("reply_latency", call(0, answered=True, outcome="positive"))


def test_a_touch_draws_the_positive_reply_that_answers_it() -> None:
    assert ratio_of("message_reply_rate", mail(0), call(1), reply(2, "positive", in_reply_to="m")) == (1, 2)
    lead = lead_of(mail(0), call(1), call(9), reply(5, "positive"))
    found = rows_of("message_reply_rate", lead, grouping="channel")
    assert {row.dimensions["channel"]: row.numerator for row in found} == {"call": 1, "email": 0}


def test_a_positive_reply_to_a_message_of_no_person_is_drawn_by_no_touch() -> None:
    answer = reply(HOUR, "positive", in_reply_to="m")
    assert ratio_of("message_reply_rate", call(0), mail(1, automatic=True), answer) == (0, 1)
    later = mail(2 * HOUR)
    assert ratio_of("message_reply_rate", call(0), answer, later) == (1, 2)
    channels = rows_of("message_reply_rate", lead_of(call(0), answer, later), grouping="channel")
    assert {row.dimensions["channel"]: row.numerator for row in channels} == {"call": 1, "email": 0}


def test_an_answered_call_of_theirs_is_no_outreach_that_could_draw_a_reply() -> None:
    lead = lead_of(engaged(), called_in(0, answered=True), call(HOUR))
    assert row_of("message_reply_rate", lead).denominator == 1


def test_delivered_and_bounced_out_of_sent_automatic_mail_aside() -> None:
    sent = [mail(n, f"m{n}") for n in range(4)]
    reports = [about("delivered", 9, "m0"), about("bounced", 9, "m1"), about("opened", 9, "m2", machine=True)]
    assert ratio_of("delivery_rate", *sent, mail(5, "auto", automatic=True), *reports) == (2, 4)
    assert ratio_of("bounce_rate", *sent, *reports) == (1, 4)


def test_where_a_source_never_reports_delivery_what_did_not_bounce_was_delivered() -> None:
    sent = [mail(n, f"m{n}") for n in range(3)]
    assert ratio_of("delivery_rate", *sent, about("bounced", 9, "m1")) == (2, 3)


def test_opened_by_a_person_out_of_delivered_each_message_once() -> None:
    sent = [mail(n, f"m{n}") for n in range(3)] + [about("bounced", 9, "m2")]
    seen = [about("opened", 10, "m0"), about("opened", 11, "m0"), about("opened", 12, "m1", machine=True)]
    row = row_of("open_rate", lead_of(*sent, *seen))
    assert (row.numerator, row.denominator, row.statistics["machine"]) == (1, 2, 1)
    assert ratio_of("click_rate", *sent, about("clicked", 10, "m1")) == (1, 2)


def test_personalisation_is_that_of_follow_up_messages_that_state_it() -> None:
    events = [mail(0, "a", personalized_elements=9), mail(1, "b", personalized_elements=2), mail(2, "c")]
    row = row_of("personalization", lead_of(engaged(), *events, mail(3, "d", personalized_elements=1)))
    assert (row.numerator, row.denominator, row.value) == (3, 2, 1.5)


def test_messages_belong_to_their_own_rep_else_to_the_owner_then() -> None:
    lead = lead_of(mail(0, "a", rep="r-1"), assigned(1, "r-2", team="t"), mail(2, "b"), assigned(3, "r-3"))
    assert [row.dimensions["rep"] for row in rows_of("delivery_rate", lead, grouping="rep")] == ["r-1", "r-2"]
