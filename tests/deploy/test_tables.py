"""What a sales manager reads: each kind of KPI in words."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.tables import measured, show

RESPONSE = {
    "kpi": "lead_response_time", "grouping": "team", "dimensions": {"team": "emea-1"}, "window": "1h",
    "start": "2026-03-02T09:00:00Z", "value": 412.5, "count": 109, "numerator": None, "denominator": None,
    "statistics": {
        "p50": 412.5, "p90": 1900.0, "lower_bounds": [], "censored": 9,
        "within": {"300": 44, "900": 88, "3600": 109, "14400": 109, "86400": 109},
    },
}  # fmt: skip


def row(kpi: str, **fields: Any) -> dict[str, Any]:
    plain = {"dimensions": {}, "window": "1d", "start": "2026-03-02T00:00:00Z", "statistics": {}, "count": 0}
    return plain | {"kpi": kpi, "numerator": None, "denominator": None, "value": None} | fields


def test_a_duration_says_its_median_and_who_is_still_waiting() -> None:
    assert measured(RESPONSE) == ("6 m 52 s", "109", "9 of 10 in 31 m 40 s, 44 within 5 min, 9 still open")


def test_a_quantile_among_the_open_leads_is_said_to_be_a_lower_bound() -> None:
    statistics = RESPONSE["statistics"] | {"lower_bounds": ["p50", "p90"]}  # type: ignore[operator]
    value, _, rest = measured(RESPONSE | {"statistics": statistics})
    assert value == "≥ 6 m 52 s"
    assert rest.startswith("9 of 10 in ≥ 31 m 40 s")


def test_a_duration_without_an_answer_has_a_dash() -> None:
    nobody = row("lead_response_time", statistics={"p90": None, "censored": 3, "within": {"300": 0}})
    assert measured(nobody) == ("–", "0", "0 within 5 min, 3 still open")


def test_a_ratio_says_what_it_is_made_of() -> None:
    reply = row("positive_reply_rate", value=0.4, numerator=40, denominator=100)
    assert measured(reply) == ("40.0 %", "40 / 100", "")


def test_follow_up_says_how_many_leads_got_several_touches() -> None:
    followed = row("follow_up_rate", value=0.5, numerator=5, denominator=10, statistics={"at_least": {"2": 3, "3": 0}})
    assert measured(followed) == ("50.0 %", "5 / 10", "2+ touches 3")


def test_a_mean_a_count_and_what_is_now() -> None:
    assert measured(row("follow_ups_per_lead", value=1.25, numerator=5, denominator=4)) == ("1.25", "5 / 4", "")
    assert measured(row("calls_per_hour_talked", value=75.79, numerator=2, denominator=0.0264))[1] == "2 / 0.03"
    assert measured(row("leads_created", value=1200, count=1200)) == ("1,200", "", "")
    assert measured(row("oldest_open_lead", value=7_300.0, count=1)) == ("2 h 1 m", "", "")
    bands = {"300": 4, "900": 0, "older": 2}
    assert (
        measured(row("open_leads", value=6, count=6, statistics={"bands": bands}))[2]
        == "4 under 5 min, 2 older than 24 h"
    )


def test_rows_stand_in_the_table_of_their_family(capsys: pytest.CaptureFixture[str]) -> None:
    show([row("reply_rate", value=0.4, numerator=40, denominator=100), RESPONSE], "1h")
    shown = capsys.readouterr().out.split("\n")
    positions = [next(i for i, line in enumerate(shown) if word in line) for word in ("response", "6 m 52 s", "40.0 %")]
    assert positions == sorted(positions)
    assert any(line.strip() == "reply" for line in shown)


def test_no_rows_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    show([], "1m")
    assert "no KPIs yet for the window 1m" in capsys.readouterr().out


def test_money_is_told_to_the_cent_and_by_its_currency(capsys: pytest.CaptureFixture[str]) -> None:
    assert measured(row("won_amount", value="1234567.891", count=3)) == ("1,234,567.89", "3", "")
    assert measured(row("pipeline_velocity", value="17.5", count=4)) == ("17.50", "4", "a day")
    assert measured(row("weighted_pipeline", count=4)) == ("–", "4", "")


def test_stagnant_deals_say_what_is_long() -> None:
    told = row("stagnant_deals", value=2, count=9, statistics={"limit": 864000.0})
    assert measured(told) == ("2", "9", "for longer than 10 d")
    assert measured(row("stagnant_deals", count=9))[0] == "–"
    both = row("stagnant_deals", value=2, count=9, statistics={"limit": 864000.0, "by_policy": 4})
    assert measured(both)[2] == "for longer than 10 d; 4 by their policy"
    judged = row("stagnant_deals", value=2, count=9, statistics={"limit": None, "by_policy": 9})
    assert measured(judged) == ("2", "9", "for longer than their policy allows")
