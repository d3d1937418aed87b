from __future__ import annotations

from tests.streams.floor import DAY, HOUR, MINUTE, call, called_in, engaged, lead_of, mail, ratio_of, row_of, rows_of


def test_a_lead_touched_within_a_day_was_followed_up() -> None:
    assert ratio_of("follow_up_rate", engaged(), call(DAY)) == (1, 1)
    assert ratio_of("follow_up_rate", engaged(), call(DAY + 1)) == (0, 1)
    assert ratio_of("follow_up_rate", engaged()) == (0, 1)


def test_touches_within_the_day_are_counted_up_to_eight() -> None:
    touches = [call(n * MINUTE) for n in range(1, 12)]
    row = row_of("follow_up_rate", lead_of(engaged(), *touches[:3]), lead_of(engaged(), *touches))
    assert row.statistics["at_least"] == {"2": 2, "3": 2, "4": 1, "5": 1, "6": 1, "7": 1, "8": 1}
    assert (row.numerator, row.denominator, row.value, row.count) == (2, 2, 1.0, 2)


def test_a_follow_up_is_a_touch_after_the_first() -> None:
    lead = lead_of(engaged(), called_in(0, answered=True), mail(HOUR), call(DAY), called_in(2 * DAY, answered=True))
    row = row_of("follow_ups_per_lead", lead, lead_of(engaged(), call(1)))
    assert (row.numerator, row.denominator, row.value) == (2, 2, 1.0)
    assert row.statistics["distribution"] == {"0": 1, "2": 1}


def test_a_lead_without_a_touch_is_no_contacted_lead() -> None:
    assert not rows_of("follow_ups_per_lead", lead_of(engaged()))
