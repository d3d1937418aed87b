"""What a worker tells Prometheus, read from the text that is scraped."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from schemas.envelope import Reason
from schemas.results import KpiRow, timestamp
from schemas.settings import Settings
from sinks.prometheus import Metrics
from tests import promtool

HOUR = 3_600_000
NINE = 1_772_442_000_000
"""2026-03-02T09:00:00Z."""
SIZES = {"1m": 60_000, "5m": 300_000, "1h": HOUR, "1d": 24 * HOUR}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(Settings(_env_file=None))


def row(kpi: str = "reply_rate", window: str = "1h", start: int = NINE, at: int = NINE + HOUR, **change: Any) -> KpiRow:
    """A row of the whole floor, published when the watermark is ``at``."""
    team = change.pop("team", None)
    size = SIZES.get(window)
    fields: dict[str, Any] = {
        "kpi": kpi,
        "grouping": "team" if team else "all",
        "dimensions": {"team": team} if team else {},
        "window": window,
        "start": timestamp(start),
        "end": timestamp(start + size) if size else None,
        "basis": "first_touch",
        "value": 0.4,
        "count": 10,
        "numerator": 4,
        "denominator": 10,
        "statistics": {},
        "revision": 1,
        "watermark": timestamp(at),
    }
    return KpiRow(**(fields | change))


def now_row(kpi: str, value: float | None, at: int = NINE, team: str = "emea-1", temperature: str = "hot") -> KpiRow:
    dimensions = {"team": team, "temperature": temperature}
    return row(kpi, "all", 0, at, value=value, grouping="team,temperature", dimensions=dimensions)


def scraped(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """Values of a name by the values of its labels, these in alphabetic order of their names."""
    text = metrics.exposition()[0].decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for sample in samples
        if sample.name == name
    }


def filled(metrics: Metrics) -> Metrics:
    """Every family has a series."""
    metrics.rows.update(0, row())
    metrics.rows.update(0, row("lead_response_time", team="emea-1", statistics={"p50": 4.0}))
    metrics.rows.update(0, now_row("open_leads", 3))
    metrics.rows.update(0, now_row("oldest_open_lead", 60))
    metrics.events("sales.leads", "lead.engaged", 3)
    metrics.dead_letters("future", 1)
    metrics.late("sales.leads", 2)
    metrics.responses([44.0])
    metrics.cycle(0.03)
    metrics.watermark(2, NINE)
    metrics.lag({("sales.leads", 0): 4})
    metrics.heard("leads", NINE)
    metrics.calendars({"berlin": True})
    metrics.overdue.update(2, "hot", "emea-1", NINE)
    return metrics


def test_every_reason_for_a_dead_letter_is_there_from_zero(metrics: Metrics) -> None:
    """Else the first letter of a kind would be no increase."""
    metrics.dead_letters("future", 2)
    found = scraped(metrics, "sales_dead_letters_total")
    assert {(reason,) for reason in get_args(Reason)} == set(found)
    assert {reason: n for (reason,), n in found.items() if n} == {"future": 2}


def test_what_was_heard_last_of_a_topic_and_which_calendars_are_open(metrics: Metrics) -> None:
    metrics.heard("leads", NINE)
    metrics.calendars({"berlin": True, "new-york": False})
    assert scraped(metrics, "sales_last_event_time_seconds") == {("leads",): NINE / 1000}
    assert scraped(metrics, "sales_calendar_open") == {("berlin",): 1, ("new-york",): 0}


def test_the_last_complete_window_of_each_size_is_shown(metrics: Metrics) -> None:
    at = NINE + HOUR + 7 * 60_000
    for window, start in (("1m", at - 60_000), ("5m", at - 7 * 60_000), ("1h", NINE), ("1d", NINE - 33 * HOUR)):
        metrics.rows.update(0, row(window=window, start=start, at=at, value=0.5))
    metrics.rows.update(0, row(start=NINE - HOUR, at=at, value=0.1))
    assert scraped(metrics, "sales_kpi_ratio") == {
        ("reply_rate", "all", window): 0.5 for window in ("1m", "5m", "1h", "1d")
    }


def test_the_running_hour_is_current_until_it_is_complete(metrics: Metrics) -> None:
    metrics.rows.update(0, row(at=NINE + HOUR - 1))
    assert scraped(metrics, "sales_kpi_ratio") == {("reply_rate", "all", "current"): 0.4}
    metrics.rows.advance(0, NINE + HOUR)
    assert scraped(metrics, "sales_kpi_ratio") == {("reply_rate", "all", "1h"): 0.4}
    metrics.rows.advance(0, NINE + 2 * HOUR - 1)
    assert scraped(metrics, "sales_kpi_ratio") == {("reply_rate", "all", "1h"): 0.4}


def test_an_hour_in_which_nothing_happened_does_not_show_the_one_before(metrics: Metrics) -> None:
    metrics.rows.update(0, row())
    metrics.rows.advance(0, NINE + 2 * HOUR)
    assert scraped(metrics, "sales_kpi_ratio") == {}


def test_the_greatest_watermark_of_the_partitions_counts(metrics: Metrics) -> None:
    metrics.rows.update(0, row(at=NINE))
    metrics.rows.update(1, row("delivery_rate", at=NINE + HOUR))
    assert set(scraped(metrics, "sales_kpi_ratio")) == {("reply_rate", "all", "1h"), ("delivery_rate", "all", "1h")}


def test_a_later_row_takes_the_place_of_the_first(metrics: Metrics) -> None:
    metrics.rows.update(0, row(value=0.4))
    metrics.rows.update(0, row(value=0.6))
    assert scraped(metrics, "sales_kpi_ratio") == {("reply_rate", "all", "1h"): 0.6}


def test_days_end_at_midnight_of_the_set_time_zone() -> None:
    """On the day the clocks change, too: 2026-03-29 has 23 hours in Berlin."""
    metrics = Metrics(Settings(timezone="Europe/Berlin", _env_file=None))
    start, end = "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"
    day = row(window="1d", at=1_774_821_600_000 - 1)
    changed = {name: getattr(day, name) for name in day.__struct_fields__} | {"start": start, "end": end}
    metrics.rows.update(0, KpiRow(**changed))
    assert scraped(metrics, "sales_kpi_ratio") == {}
    metrics.rows.advance(0, 1_774_821_600_000)
    assert scraped(metrics, "sales_kpi_ratio") == {("reply_rate", "all", "1d"): 0.4}


def test_null_is_absent_while_its_count_stands(metrics: Metrics) -> None:
    metrics.rows.update(0, row(value=None, count=0))
    assert scraped(metrics, "sales_kpi_ratio") == {}
    assert scraped(metrics, "sales_kpi_count") == {("reply_rate", "all", "1h"): 0}


def test_durations_are_shown_by_quantile_in_seconds(metrics: Metrics) -> None:
    statistics = {"mean": 1, "p50": 4.5, "p90": 9, "p95": None, "p99": 11.0}
    metrics.rows.update(0, row("lead_response_time", team="emea-1", value=4.5, count=7, statistics=statistics))
    assert scraped(metrics, "sales_kpi_seconds") == {
        ("lead_response_time", quantile, "emea-1", "1h"): value
        for quantile, value in (("0.5", 4.5), ("0.9", 9), ("0.99", 11))
    }
    assert scraped(metrics, "sales_kpi_count") == {("lead_response_time", "emea-1", "1h"): 7}


def test_means_are_ratios_and_counts_are_counts(metrics: Metrics) -> None:
    metrics.rows.update(0, row("follow_ups_per_lead", value=2.5, count=4))
    metrics.rows.update(0, row("leads_created", value=9, count=9))
    assert scraped(metrics, "sales_kpi_ratio") == {("follow_ups_per_lead", "all", "1h"): 2.5}
    assert scraped(metrics, "sales_kpi_count") == {
        ("follow_ups_per_lead", "all", "1h"): 4,
        ("leads_created", "all", "1h"): 9,
    }


def test_kinds_of_activities_are_told_apart(metrics: Metrics) -> None:
    for kind, n in (("call", 3), ("email", 5)):
        metrics.rows.update(0, row("activities", value=n, count=n, dimensions={"kind": kind}))
    assert scraped(metrics, "sales_kpi_count") == {
        ("activities:call", "all", "1h"): 3,
        ("activities:email", "all", "1h"): 5,
    }


def test_a_row_without_its_extra_dimension_goes_by_its_plain_name(metrics: Metrics) -> None:
    metrics.rows.update(0, row("activities", value=8, count=8))
    assert scraped(metrics, "sales_kpi_count") == {("activities", "all", "1h"): 8}


@pytest.mark.parametrize("grouping", ["rep", "source", "region", "channel"])
def test_only_the_whole_and_teams_have_series(metrics: Metrics, grouping: str) -> None:
    metrics.rows.update(0, row(grouping=grouping, dimensions={grouping: "x"}))
    assert scraped(metrics, "sales_kpi_ratio") == {}


def test_a_lost_partition_is_gone_at_the_next_scrape(metrics: Metrics) -> None:
    filled(metrics).rows.update(1, row("delivery_rate"))
    metrics.rows.drop(0)
    metrics.lost(2)
    assert scraped(metrics, "sales_kpi_ratio") == {("delivery_rate", "all", "1h"): 0.4}
    for name in ("sales_kpi_seconds", "sales_open_leads", "sales_oldest_open_lead_seconds", "sales_watermark_seconds"):
        assert scraped(metrics, name) == {}
    metrics.rows.drop(0)
    metrics.lost(2)


def test_the_open_leads_of_a_team_are_zero_from_when_it_is_first_seen(metrics: Metrics) -> None:
    metrics.rows.update(0, row("leads_created", "all", 0, value=1, team="emea-1"))
    zeros = {("emea-1", temperature): 0.0 for temperature in ("hot", "warm", "cold", "unknown")}
    assert scraped(metrics, "sales_open_leads") == zeros
    assert scraped(metrics, "sales_oldest_open_lead_seconds") == zeros
    metrics.rows.update(0, now_row("open_leads", 3))
    assert scraped(metrics, "sales_open_leads") == zeros | {("emea-1", "hot"): 3}
    metrics.rows.update(0, now_row("open_leads", 0))
    assert scraped(metrics, "sales_open_leads") == zeros


def test_the_open_leads_of_all_stand_under_all(metrics: Metrics) -> None:
    metrics.rows.update(0, row("open_leads", "all", 0, value=5))
    assert scraped(metrics, "sales_open_leads") == {("all", "all"): 5}


def test_the_oldest_open_lead_ages_from_scrape_to_scrape(metrics: Metrics) -> None:
    metrics.rows.update(0, now_row("oldest_open_lead", 90.5))
    metrics.rows.advance(0, NINE + 10_000)
    assert scraped(metrics, "sales_oldest_open_lead_seconds")["emea-1", "hot"] == 100.5
    metrics.rows.update(0, now_row("oldest_open_lead", None, NINE + 10_000))
    assert scraped(metrics, "sales_oldest_open_lead_seconds")["emea-1", "hot"] == 0


def test_only_windows_that_can_still_be_shown_are_kept(metrics: Metrics) -> None:
    """A month of minutes, oldest first as they come, and a far future that never comes."""
    for minute in range(30 * 24 * 60):
        start = NINE + minute * 60_000
        metrics.rows.update(0, row(window="1m", start=start, at=start))
        metrics.rows.update(0, row(window="1m", start=start + 30 * 24 * HOUR, at=start))
    [readings] = metrics.rows._owned[0].readings.values()
    assert len(readings) <= 64
    metrics.exposition()
    assert len(readings) <= 64
    metrics.rows.advance(0, NINE + 90 * 24 * HOUR)
    metrics.exposition()
    assert not metrics.rows._owned[0].readings


def test_corrections_of_old_windows_are_not_kept_while_nobody_scrapes(metrics: Metrics) -> None:
    metrics.rows.update(0, row(start=NINE - 5 * HOUR, at=NINE))
    assert not metrics.rows._owned[0].readings


@pytest.fixture
def few() -> Metrics:
    """Two teams have series of their own; the others share one, that which is really called so too."""
    metrics = Metrics(Settings(_env_file=None, label_teams=2))
    sizes = {"a": 5, "b": 70, "c": 5, "d": 60, "other": 900}
    for n, (team, leads) in enumerate(sizes.items()):
        counted: dict[str, Any] = {"team": team, "count": leads, "numerator": 1, "denominator": leads}
        metrics.rows.update(0, row("leads_created", "all", 0, **counted))
        metrics.rows.update(0, row("leads_created", **counted))
        metrics.rows.update(0, row(value=1 / leads, **counted))
        metrics.rows.update(0, row("lead_response_time", **counted, statistics={"p50": 4.0}))
        metrics.rows.update(1, now_row("open_leads", leads, NINE, team))
        metrics.rows.update(1, now_row("oldest_open_lead", 60 * n, NINE, team))
    metrics.rows.advance(1, NINE + HOUR)
    return metrics


def test_of_very_many_teams_those_with_most_leads_are_shown_and_the_others_as_one(few: Metrics) -> None:
    """Counts are summed, ratios taken anew; no quantile can be told of them together."""
    shares = scraped(few, "sales_kpi_ratio")
    assert shares == {
        ("reply_rate", "b", "1h"): 1 / 70, ("reply_rate", "d", "1h"): 1 / 60, ("reply_rate", "other", "1h"): 3 / 910
    }  # fmt: skip
    counts = scraped(few, "sales_kpi_count")
    assert {counts[kpi, "other", "1h"] for kpi in ("leads_created", "reply_rate", "lead_response_time")} == {910}
    assert {team for _, _, team, _ in scraped(few, "sales_kpi_seconds")} == {"b", "d"}
    assert scraped(few, "sales_folded_teams") == {(): 3}


def test_open_leads_of_the_teams_shown_as_one_are_summed_and_the_oldest_of_them_is_the_oldest(few: Metrics) -> None:
    assert scraped(few, "sales_open_leads")["other", "hot"] == 910
    assert scraped(few, "sales_open_leads")["b", "hot"] == 70
    assert scraped(few, "sales_oldest_open_lead_seconds")["other", "hot"] == 3600 + 240
    assert {team for team, _ in scraped(few, "sales_open_leads")} == {"b", "d", "other"}


def test_which_teams_are_shown_follows_from_their_rows_alone(few: Metrics) -> None:
    """Not from who came first: the least known of equal size are told apart by their names."""
    again = Metrics(Settings(_env_file=None, label_teams=3))
    for team in ("d", "c", "other", "b", "a"):
        size = {"a": 5, "b": 70, "c": 5, "d": 60, "other": 900}[team]
        again.rows.update(0, row("leads_created", "all", 0, team=team, count=size))
        again.rows.update(0, row("leads_created", team=team, count=size))
        again.rows.update(7, now_row("open_leads", 1, NINE, team))
    assert {team for _, team, _ in scraped(again, "sales_kpi_count")} == {"a", "b", "d", "other"}


def test_as_many_teams_as_have_series_of_their_own_are_all_shown() -> None:
    with structlog.testing.capture_logs() as told:
        metrics = Metrics(Settings(_env_file=None, label_teams=2))
        for team in ("other", "a"):
            metrics.rows.update(0, row("leads_created", team=team))
        assert {team for _, team, _ in scraped(metrics, "sales_kpi_count")} == {"a", "other"}
        assert scraped(metrics, "sales_folded_teams") == {(): 0}
        assert told == []
        metrics.rows.update(0, row("leads_created", team="b"))
        metrics.exposition()
        metrics.exposition()
    assert [(entry["log_level"], entry["teams"], entry["shown"]) for entry in told] == [("warning", 3, 2)]


def test_there_is_nothing_but_the_families_meant(metrics: Metrics) -> None:
    text = filled(metrics).exposition()[0].decode()
    assert {family.name for family in text_string_to_metric_families(text)} == {
        "sales_kpi_ratio",
        "sales_kpi_seconds",
        "sales_kpi_count",
        "sales_open_leads",
        "sales_oldest_open_lead_seconds",
        "sales_events",
        "sales_dead_letters",
        "sales_forgotten_records",
        "sales_truncated_leads",
        "sales_last_event_time_seconds",
        "sales_calendar_open",
        "sales_sla_oldest_overdue_seconds",
        "sales_folded_teams",
        "sales_partitions_stopped",
        "sales_late_events",
        "sales_lead_response_seconds",
        "sales_sla_fired",
        "sales_sla_firing_delay_seconds",
        "sales_cycle_seconds",
        "sales_watermark_seconds",
        "sales_consumer_lag_records",
    }


def test_counters_gauges_and_histograms_have_the_contracts_names(metrics: Metrics) -> None:
    filled(metrics)
    assert scraped(metrics, "sales_events_total") == {("sales.leads", "lead.engaged"): 3}
    assert scraped(metrics, "sales_dead_letters_total")[("future",)] == 1
    assert scraped(metrics, "sales_late_events_total") == {("sales.leads",): 2}
    assert scraped(metrics, "sales_lead_response_seconds_sum") == {(): 44}
    assert scraped(metrics, "sales_lead_response_seconds_bucket")[("60.0",)] == 1
    assert scraped(metrics, "sales_lead_response_seconds_bucket")[("30.0",)] == 0
    assert scraped(metrics, "sales_cycle_seconds_count") == {(): 1}
    assert scraped(metrics, "sales_watermark_seconds") == {("2",): NINE / 1000}


def test_lag_is_told_once_so_that_a_lost_partition_has_none(metrics: Metrics) -> None:
    metrics.lag({("sales.leads", 0): 4, ("sales.leads", 1): 0})
    assert scraped(metrics, "sales_consumer_lag_records") == {("0", "sales.leads"): 4, ("1", "sales.leads"): 0}
    metrics.lag({("sales.leads", 1): 7})
    assert scraped(metrics, "sales_consumer_lag_records") == {("1", "sales.leads"): 7}


def test_two_workers_in_one_process_share_nothing(metrics: Metrics) -> None:
    filled(metrics)
    assert scraped(Metrics(Settings(_env_file=None)), "sales_events_total") == {}


def test_promtool_finds_no_fault(metrics: Metrics) -> None:
    text, content_type = filled(metrics).exposition()
    assert content_type.startswith("text/plain; version=0.0.4")
    assert promtool.faults(text) == []
