from __future__ import annotations

from typing import Any

import pytest

from schemas.event import Event
from streams.contributions import contributions
from streams.stubs import restored, stub
from tests.streams.floor import (
    ALL,
    DAY,
    HOUR,
    RULES,
    call,
    closed,
    duration_of,
    engaged,
    event,
    has_rows,
    lead_of,
    mail,
    ratio_of,
    rows_of,
)


def opened(at: int, deal: str = "d", **data: Any) -> Event:
    return event("deal.opened", at, f"opened-{deal}-{at}", deal_id=deal, **data)


def moved(at: int, stage: str, deal: str = "d", **data: Any) -> Event:
    return event("deal.stage_changed", at, f"moved-{deal}-{at}", deal_id=deal, stage=stage, **data)


def won(at: int, deal: str = "d", **data: Any) -> Event:
    return event("deal.won", at, f"won-{deal}-{at}", deal_id=deal, **data)


def lost(at: int, deal: str = "d", **data: Any) -> Event:
    return event("deal.lost", at, f"lost-{deal}-{at}", deal_id=deal, **data)


def told(kpi: str, *events: Event, grouping: str = "all") -> dict[str, Any]:
    """What the rows say, by their dimensions."""
    found = rows_of(kpi, lead_of(*events), grouping=grouping)
    return {",".join(row.dimensions.values()): row.value for row in found}


def test_of_several_outcomes_of_a_deal_the_latest_stands() -> None:
    story = [opened(0), lost(1, reason="price"), won(2, amount="10")]
    assert told("deals_won", *story) == {"": 1}
    assert not has_rows("deals_lost", *story)
    assert ratio_of("win_rate", *story) == (1, 1)
    assert told("deals_lost", *story, lost(3)) == {"": 1, "unknown": 1}


def test_deals_lost_are_told_by_reason_as_well() -> None:
    story = [lost(1, "a", reason="price"), lost(2, "b", reason="price"), lost(3, "c")]
    assert told("deals_lost", *story) == {"": 3, "price": 2, "unknown": 1}


def test_money_is_told_by_currency_and_never_mixed() -> None:
    story = [
        won(1, "a", amount="0.1", currency="USD"),
        won(2, "b", amount="0.2", currency="USD"),
        won(3, "c", amount=5),
    ]
    assert told("won_amount", *story) == {"EUR": "5", "USD": "0.3"}


def test_what_an_outcome_does_not_state_is_as_the_opening_says() -> None:
    story = [opened(0, amount="9.50", currency="USD", units=3, rep="r-1", team="t-1", region="apac")]
    assert told("lost_amount", *story, lost(1)) == {"USD": "9.5"}
    assert told("won_amount", *story, won(1, amount="7")) == {"USD": "7"}
    assert told("won_units", *story, won(1)) == {"USD": "3"}
    assert told("deals_won", *story, won(1), grouping="rep") == {"r-1": 1}
    assert told("deals_won", *story, won(1, rep="r-2"), grouping="rep") == {"r-2": 1}
    assert told("deals_won", *story, won(1), grouping="region") == {"apac": 1}
    assert told("deals_won", *story, won(1, region="emea"), grouping="region") == {"emea": 1}


def test_an_amount_is_in_the_currency_of_the_event_that_states_it() -> None:
    assert told("won_amount", opened(0, amount="9", currency="USD"), won(1, currency="CHF")) == {"USD": "9"}
    assert told("won_amount", opened(0, currency="USD"), won(1, amount="9", currency="CHF")) == {"CHF": "9"}
    assert told("won_units", won(1, units=2, currency="CHF")) == {"CHF": "2"}


def test_a_deal_without_amount_is_in_no_sum() -> None:
    assert not has_rows("won_amount", opened(0), won(1))
    assert told("won_amount", won(1, amount="0")) == {"EUR": "0"}


def test_a_deal_belongs_to_the_window_of_its_opening_and_of_its_end() -> None:
    lead = lead_of(opened(0), won(40 * DAY, amount="1"))
    days = {kpi: rows_of(kpi, lead, window="1d")[0].start[:10] for kpi in ("closing_ratio", "opportunities_created")}
    assert days == {"closing_ratio": "2026-03-02", "opportunities_created": "2026-03-02"}
    days = {kpi: rows_of(kpi, lead, window="1d")[0].start[:10] for kpi in ("win_rate", "won_amount", "deals_won")}
    assert days == dict.fromkeys(days, "2026-04-11")


def test_a_deal_that_is_proposed_again_is_another_proposal_and_the_same_quote() -> None:
    story = [opened(0), moved(1, "proposal"), moved(2, "contract"), moved(3, "proposal"), won(4)]
    assert told("proposals_sent", *story) == {"": 2}
    assert ratio_of("quote_to_close", *story) == (1, 1)
    assert ratio_of("quote_to_close", opened(0), moved(1, "proposal")) == (0, 1)


def test_a_deal_that_hangs_was_opened_and_is_not_won() -> None:
    assert ratio_of("closing_ratio", opened(0)) == (0, 1)
    assert ratio_of("closing_ratio", opened(0), won(1)) == (1, 1)
    assert not has_rows("win_rate", opened(0))


def test_a_cycle_is_as_long_as_from_the_first_opening_to_the_win() -> None:
    assert duration_of("sales_cycle_length", opened(0), opened(HOUR, rep="x"), won(DAY)) == 86400
    assert not has_rows("sales_cycle_length", moved(0, "contract"), won(DAY))
    assert not has_rows("sales_cycle_length", opened(0), lost(DAY))
    assert duration_of("sales_cycle_length", opened(HOUR), won(0)) == 0


def test_a_conversion_takes_from_the_engagement_that_the_deal_belongs_to() -> None:
    assert duration_of("conversion_time", engaged(), opened(HOUR), won(DAY)) == 86400
    again = [engaged(), closed(1), engaged(HOUR, temperature="hot"), opened(2 * HOUR), won(DAY)]
    assert duration_of("conversion_time", *again) == 82800
    assert told("deals_won", *again, grouping="team,temperature") == {"unassigned,hot": 1}
    assert not has_rows("conversion_time", opened(HOUR), won(DAY))


def test_deals_of_subjects_that_never_engaged_count_and_those_of_duplicates_do_not() -> None:
    assert told("deals_won", won(1)) == {"": 1}
    assert not has_rows("deals_won", engaged(), won(1), closed(2, "duplicate"))


@pytest.mark.parametrize("amount", ["999999999999999.999999999999", "-0.01", 3])
def test_what_a_forgotten_lead_sold_is_kept_to_the_last_digit(amount: str | int) -> None:
    lead = lead_of(engaged(), opened(1), won(2, amount=amount))
    assert restored(stub(lead, RULES), ALL) == contributions(lead, ALL, RULES)


def by_stage(kpi: str, *events: Event) -> dict[str, Any]:
    rows = rows_of(kpi, lead_of(*events))
    return {row.dimensions["stage"]: (row.numerator, row.denominator) for row in rows}


def test_each_visit_of_a_stage_lasts_from_entering_to_leaving_it() -> None:
    story = [
        opened(0, stage="qualification"),
        moved(HOUR, "proposal"),
        moved(3 * HOUR, "qualification"),
        lost(9 * HOUR),
    ]
    found = {row.dimensions["stage"]: row for row in rows_of("stage_duration", lead_of(*story))}
    assert {stage: row.count for stage, row in found.items()} == {"qualification": 2, "proposal": 1}
    assert found["qualification"].statistics["mean"] == 3.5 * 3600
    assert not has_rows("stage_duration", opened(0, stage="qualification"))


def test_a_visit_that_ends_in_another_stage_or_a_win_moved_on() -> None:
    story = [opened(0, stage="qualification"), moved(1, "proposal"), lost(2)]
    assert by_stage("stage_conversion", *story) == {"qualification": (1, 1), "proposal": (0, 1)}
    assert by_stage("stage_conversion", opened(0, stage="contract"), won(1)) == {"contract": (1, 1)}


def test_touches_count_to_the_stage_that_the_deal_is_in() -> None:
    touches = [call(-1), call(0), call(5), mail(HOUR), call(HOUR + 1, direction="inbound", answered=True)]
    story = [opened(0, stage="qualification"), moved(HOUR, "proposal"), won(2 * HOUR)]
    assert by_stage("touches_per_stage_move", *touches, *story) == {"qualification": (2, 1), "proposal": (1, 1)}
