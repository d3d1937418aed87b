from __future__ import annotations

from tests.streams.floor import DAY, about, call, called_in, closed, engaged, event, lead_of, mail, row_of, rows_of


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
