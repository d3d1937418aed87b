from __future__ import annotations

import pytest
from msgspec.structs import replace

from streams.lead import Lead
from streams.now import BASIS, age_band, next_band_change, now_vector, open_leads
from streams.rows import definitions, finals, is_empty, reports, rows
from streams.windows import Cells, encode_cell
from tests.streams.floor import (
    ALL,
    DAY,
    HOUR,
    MINUTE,
    RULES,
    SECOND,
    START,
    about,
    assigned,
    call,
    closed,
    engaged,
    event,
    lead_of,
    mail,
    row_of,
    table_of,
)  # fmt: skip

EVERYTHING = encode_cell("events", "all", (), "all", 0)
NOW = encode_cell("now", "all", (), "all", 0)


def answered_after(*seconds: int) -> list[Lead]:
    return [lead_of(engaged(), call(one * SECOND)) for one in seconds]


def test_open_leads_rank_after_every_answered_one() -> None:
    row = row_of("lead_response_time", *answered_after(10, 20, 30), lead_of(engaged()))
    assert (row.count, row.statistics["censored"], row.statistics["mean"]) == (3, 1, 20)
    assert row.value == row.statistics["p50"] == pytest.approx(25, rel=0.01)
    assert row.statistics["p90"] == pytest.approx(30, rel=0.01)
    assert row.statistics["lower_bounds"] == ["p90", "p95", "p99"]
    assert row.statistics["p50_answered"] == pytest.approx(20, rel=0.01)


def test_while_nobody_is_answered_there_is_no_value() -> None:
    row = row_of("lead_response_time", lead_of(engaged()))
    assert (row.value, row.count, row.statistics["mean"]) == (None, 0, None)
    assert row.statistics["lower_bounds"] == ["p50", "p90", "p95", "p99"]


def test_within_is_inclusive_and_cumulative() -> None:
    row = row_of("lead_response_time", *answered_after(300, 301, 90_000))
    assert row.statistics["within"] == {"300": 1, "900": 2, "3600": 2, "14400": 2, "86400": 2}


def test_a_row_says_where_it_belongs() -> None:
    lead = lead_of(engaged(temperature="hot", team="a"))
    cell = encode_cell("events", "team,temperature", ("a", "hot"), "1h", START)
    row = rows(cell, table_of(lead)[cell], ALL, RULES)[0]
    assert row.dimensions == {"team": "a", "temperature": "hot"}
    assert (row.start, row.end, row.basis) == ("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z", "engaged")


def test_where_vendors_differ_the_row_says_which_definition_was_used() -> None:
    shorter = replace(RULES, follow_up_horizon=2 * HOUR, reply_horizon=7 * DAY, contact_seconds=45)
    lead = lead_of(engaged(), call(HOUR, talk_seconds=50))
    for kpi, used in {
        "follow_up_rate": "touched within 2h of engaging",
        "reply_rate": "over leads contacted, replied within 7d",
        "time_to_contact": "a conversation is talk of 45 s or more",
    }.items():
        assert row_of(kpi, lead, rules=shorter).statistics["definition"] == used
    assert row_of("follow_up_rate", lead).statistics["definition"] == "touched within 24h of engaging"
    assert "definition" not in row_of("lead_response_time", lead).statistics
    assert not [said for said in definitions(RULES).values() if "{" in said]


def test_the_window_all_begins_in_1970_and_never_ends() -> None:
    row = row_of("leads_created", lead_of(engaged()))
    assert (row.start, row.end) == ("1970-01-01T00:00:00Z", None)


def test_no_row_where_nothing_belongs_but_a_zero_one_where_something_did() -> None:
    before = table_of(lead_of(engaged(), call(1)))[EVERYTHING]
    assert rows(EVERYTHING, {}, ALL, RULES) == []
    taken_back = rows(EVERYTHING, {}, ALL, RULES, before=before)
    assert {row.kpi for row in taken_back} == {row.kpi for row in rows(EVERYTHING, before, ALL, RULES)}
    assert all(is_empty(row) for row in taken_back)
    assert not any(is_empty(row) for row in rows(EVERYTHING, before, ALL, RULES))


def test_a_row_is_final_after_window_horizon_and_lateness() -> None:
    cell = encode_cell("events", "all", (), "1h", START)
    assert finals(cell, RULES) == {
        "response": START + HOUR + 30 * DAY + HOUR,
        "follow_up": START + HOUR + DAY + HOUR,
        "reply": START + HOUR + 30 * DAY + HOUR,
        "none": START + HOUR + HOUR,
    }
    assert finals(EVERYTHING, RULES) == {}


def test_silence_is_delivery_only_from_sources_that_never_report_it() -> None:
    cell = encode_cell("events", "all", (), "all", 0)
    silent = table_of(lead_of(mail(0)))[cell]
    reported = table_of(lead_of(mail(0), about("delivered", 1)))[cell]
    delivered = {row.kpi: row.numerator for row in rows(cell, silent, ALL, RULES)}["delivery_rate"]
    known = {row.kpi: row.numerator for row in rows(cell, silent, ALL, RULES, reporting=reports(reported))}
    assert (delivered, known["delivery_rate"]) == (1, 0)
    assert reports(silent) == frozenset()


def test_a_lead_is_open_until_it_is_answered_closed_or_merged_away() -> None:
    warmed = event("lead.stage_changed", 1, stage="mql", temperature="hot")
    [open_lead] = open_leads(lead_of(engaged(temperature="cold"), warmed))
    assert (open_lead.engaged_at, open_lead.dims[2]) == (START, "hot")
    for end in (call(1), closed(1), event("lead.merged", 1, into="b")):
        assert open_leads(lead_of(engaged(), end)) == []
    assert open_leads(lead_of(engaged(qualified=False))) == []
    [again] = open_leads(lead_of(engaged(), call(1), closed(2), engaged(DAY), assigned(DAY + 1, "r-1", team="t")))
    assert (again.engaged_at, again.dims[:2]) == (START + DAY, ("t", "r-1"))


def test_a_lead_that_engages_again_is_as_warm_as_it_says_then() -> None:
    [again] = open_leads(lead_of(engaged(temperature="hot"), closed(2), engaged(DAY)))
    assert again.dims[2] == "unknown"


def test_age_bands_change_exactly_when_a_limit_is_reached() -> None:
    clock, bands = START, [age_band(0)]
    while (change := next_band_change(START, bands[-1])) is not None:
        assert age_band(change - 1 - START) == bands[-1]
        clock = change
        bands.append(age_band(clock - START))
    assert (bands, clock - START) == ([0, 1, 2, 3, 4, 5], DAY)


def test_open_leads_are_counted_by_age_and_the_oldest_is_timed() -> None:
    [waiting] = open_leads(lead_of(engaged()))
    assert NOW in Cells(ALL, RULES)((BASIS, 0, waiting.dims))
    count, oldest = rows(NOW, now_vector(age_band(6 * MINUTE)), ALL, RULES, oldest=START, clock=START + 6 * MINUTE)
    assert (count.value, count.statistics["bands"]["900"], count.statistics["bands"]["300"]) == (1, 1, 0)
    assert (oldest.value, oldest.statistics["oldest_engaged_at"]) == (360, "2026-03-02T09:00:00Z")


def test_of_no_open_lead_there_is_none_that_waits() -> None:
    count, oldest = rows(NOW, {}, ALL, RULES, clock=START)
    assert (count.value, oldest.value) == (0, None)
