"""What the command shows is what stands in the views."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.queries import counts, dead_letters, latest
from tests.sinks.test_clickhouse_tables import event, kpi, letter, write


def test_the_newest_window_of_each_row_comes_back_as_it_was_published(client: Client) -> None:
    older, newer = kpi(1, 0, start="2026-03-02T08:00:00Z"), kpi(2, 1, watermark="2026-03-02T11:41:10.250Z")
    write(client, "kpi.response", older, newer)
    published = orjson.loads(newer.value or b"")
    assert latest(client) == [{"family": "response"} | published]


def test_a_sum_comes_back_as_the_decimal_it_was(client: Client) -> None:
    write(client, "kpi.deal", kpi(1, 0, value="10.10"), kpi(1, 1, value=None, window="all"))
    assert [row["value"] for row in latest(client)] == ["10.10", None]


@pytest.mark.parametrize(
    ("name", "value", "numerator", "denominator"),
    [
        ("reply_rate", 1.0, 54, 54),
        ("follow_ups_per_lead", 2.0, 4, 2),
        ("activities", 54, None, None),
        ("open_leads", 7, None, None),
        ("oldest_open_lead", 60.0, None, None),
        ("lead_response_time", 4.0, None, None),
        ("reply_rate", None, 0, 0),
    ],
)
def test_a_count_comes_back_as_the_whole_number_it_was(
    client: Client, name: str, value: float | None, numerator: int | None, denominator: int | None
) -> None:
    """And what is measured in seconds or as a share as a float, whatever its digits."""
    write(client, "kpi.reply", kpi(1, 0, value, kpi=name, numerator=numerator, denominator=denominator))
    [row] = latest(client)
    found = [row["value"], row["numerator"], row["denominator"]]
    assert [repr(number) for number in found] == [repr(number) for number in (value, numerator, denominator)]


def test_each_filter_leaves_only_its_own(client: Client) -> None:
    write(client, "kpi.reply", kpi(1, 0, kpi="reply_rate"))
    write(
        client,
        "kpi.response",
        kpi(1, 1),
        kpi(1, 2, window="1d"),
        kpi(1, 3, grouping="all", dimensions={}),
        kpi(1, 4, dimensions={"team": "o'neill"}),
    )

    def found(**asked: Any) -> int:
        return len(latest(client, **asked))

    assert found() == 5
    assert found(family="reply") == found(kpi="reply_rate") == found(window="1d") == found(grouping="all") == 1
    assert found(team="o'neill") == 1
    assert found(limit=2) == 2


def test_a_row_that_was_never_closed_has_no_end(client: Client) -> None:
    write(client, "kpi.response", kpi(1, 0, window="all", start="1970-01-01T00:00:00Z", end=None))
    [row] = latest(client)
    assert (row["start"], row["end"], row["watermark"]) == ("1970-01-01T00:00:00Z", None, None)


def test_rows_are_counted_by_table_and_dead_letters_by_reason(client: Client) -> None:
    write(client, "leads", event("leads", "lead.engaged", {}))
    write(client, "kpi.response", kpi(1, 0), kpi(2, 1))
    write(client, "dead-letters", letter(1), letter(2))
    assert counts(client) == {"events": 1, "kpis": 1, "leads": 0, "sla_events": 0, "dead_letters": 2}
    assert dead_letters(client) == {"wrong_type": 2}
