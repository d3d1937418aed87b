"""What clocks add to KPIs, driven by hand: whatever comes when, the rows say what the announcements say."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from agents.worker import metrics_of
from deploy.attainment import attainment
from schemas.catalogue import TRAILING
from schemas.policy import NOTHING, PolicyFile
from schemas.settings import Settings
from tests.agents.driving import Pipeline
from tests.agents.test_leads import line
from tests.agents.test_service_levels import (
    DAY,
    EXAMPLES,
    HOUR,
    HOURLY,
    MINUTE,
    NINE,
    called,
    engaged,
    floor,
    told,
)
from tests.policy_files import HEAD, parsed, policy
from tests.sinks.test_prometheus import scraped

SETTINGS = Settings(
    _env_file=None,
    kpis="lead_response_time,rep_response_time,next_response_time,reply_latency,response_within_sla,sla_at_risk,"
    "sla_breached,paused_share",
    windows="5m,1d,all",
    dead_letter_share=1,
)
SLA = ("response_within_sla", "sla_at_risk", "sla_breached", "paused_share")


def pipeline(directory: Path, policies: PolicyFile = HOURLY, settings: Settings = SETTINGS) -> Pipeline:
    return Pipeline(settings, directory, policies=policies)


def share(driven: Pipeline, **dimensions: str) -> tuple[Any, Any]:
    row = driven.row("response_within_sla", **dimensions)
    return row["numerator"], row["denominator"]


def counts(driven: Pipeline, **dimensions: str) -> tuple[Any, Any, Any]:
    """Clocks at risk, breached, and that run at all."""
    at_risk, breached = (driven.row(kpi, **dimensions) for kpi in ("sla_at_risk", "sla_breached"))
    assert at_risk["statistics"] == breached["statistics"]
    return at_risk["value"], breached["value"], at_risk["statistics"]["running"]


def by_policy(driven: Pipeline) -> dict[str, dict[str, int]]:
    rows = [row for row in driven.told() if (row["kpi"], row["grouping"]) == ("response_within_sla", "policy")]
    return {
        row["dimensions"]["policy"]: {
            "due": row["denominator"],
            "met": row["numerator"],
            "breached": row["denominator"] - row["numerator"],
        }
        for row in rows
        if row["window"] == "all"
    }


@pytest.mark.parametrize("seed", [31, 32])
def test_rows_agree_with_announcements_whatever_the_order_the_cuts_and_the_restarts(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    end = NINE + 60 * DAY
    whole = pipeline(tmp_path / "whole", EXAMPLES)
    whole.feed(floor(seed))
    whole.commit(end)
    lines = [*floor(seed), *rng.sample(floor(seed), 100)]
    rng.shuffle(lines)
    cut = pipeline(tmp_path / "cut", EXAMPLES)
    while lines:
        size = rng.choice([7, 60, 150])
        cut.feed(lines[:size])
        lines = lines[size:]
        if rng.random() < 0.8:
            cut.commit(end - len(lines) * HOUR)
            if rng.random() < 0.3:
                cut.restart()
    cut.commit(end)
    assert by_policy(whole) == attainment(told(whole))
    assert len(by_policy(whole)) > 5
    assert {row["kpi"] for row in whole.rows().values()} == set(SETTINGS.kpis.split(","))
    # Cut into batches that share no windows or not: each cell is the same in the end.
    assert {cell: part.vector for cell, part in cut.standing_partials().items()} == {
        cell: part.vector for cell, part in whole.standing_partials().items()
    }


def test_an_open_clock_is_breached_when_its_deadline_passes_and_not_before(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged(owner="r-1", team="t-1")])
    driven.commit(NINE + 10 * MINUTE)
    assert not [row for row in driven.rows().values() if row["kpi"] == "response_within_sla"]
    assert counts(driven) == counts(driven, team="t-1") == counts(driven, policy="p") == (0, 0, 1)
    driven.commit(NINE + 30 * MINUTE + 1)
    assert counts(driven) == (1, 0, 1)
    driven.commit(NINE + HOUR)
    assert counts(driven) == (1, 0, 1)
    driven.commit(NINE + HOUR + 1)
    assert counts(driven) == counts(driven, policy="p", team="t-1") == (0, 1, 1)
    assert share(driven) == share(driven, rep="r-1") == share(driven, policy="p", team="t-1") == (0, 1)
    [window] = [row for row in driven.told() if row["window"] == "5m" and row["grouping"] == "policy,team"]
    assert (window["start"], window["basis"]) == ("2026-03-02T10:00:00Z", "deadline")


def test_a_clock_that_was_met_counts_at_once_in_the_window_of_its_deadline(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged(), called(NINE + 5 * MINUTE)])
    driven.commit(NINE + 6 * MINUTE)
    assert share(driven, policy="p") == (1, 1)
    [window] = [row for row in driven.told() if row["window"] == "5m" and row["grouping"] == "policy"]
    assert (window["start"], window["value"]) == ("2026-03-02T10:00:00Z", 1.0)
    assert not [row for row in driven.told() if row["kpi"] == "paused_share"]


def test_late_evidence_takes_a_breach_back(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged()])
    driven.commit(NINE + 2 * HOUR)
    assert (share(driven), counts(driven)) == ((0, 1), (0, 1, 1))
    driven.feed([called(NINE + 40 * MINUTE)])
    driven.commit(NINE + 2 * HOUR)
    assert (share(driven), counts(driven)) == ((1, 1), (0, 0, 0))


def test_what_was_answered_late_stays_breached_and_runs_no_more(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged(), called(NINE + 2 * HOUR)])
    driven.commit(NINE + 3 * HOUR)
    assert share(driven) == (0, 1)


def test_leads_and_teams_count_first_responses_and_policies_whatever_they_judge(tmp_path: Path) -> None:
    hour = {"target": '"1 calendar hour"', "calendar": ""}
    both = parsed(HEAD + policy("first", 1, **hour) + policy("talk", 1, clock='"contact"', **hour))
    driven = pipeline(tmp_path, both)
    driven.feed([engaged(), called(NINE + 5 * MINUTE)])
    driven.commit(NINE + 2 * HOUR)
    assert share(driven) == share(driven, team="unassigned") == share(driven, policy="first") == (1, 1)
    assert share(driven, policy="talk") == (0, 1)
    assert counts(driven) == (0, 1, 1)


def test_time_that_a_clock_stood_still_is_a_share_of_its_time(tmp_path: Path) -> None:
    pausing = policy(
        "stage", 1, clock='"stage"', target='"10 calendar days"', calendar="", pause='{ stages = ["legal"] }'
    )
    driven = pipeline(tmp_path, parsed(HEAD + pausing))
    deal = {"deal_id": "d-1"}
    driven.feed([line("deal.opened", NINE, stage="proposal", **deal)])
    driven.commit(NINE + HOUR)
    assert driven.row("paused_share")["value"] == 0
    driven.feed([line("deal.opened", NINE + 2 * HOUR, name="second", stage="legal", deal_id="d-2")])
    driven.commit(NINE + 4 * HOUR)
    # Two clocks, of four hours and of two; while one deal is with the lawyers both stand still.
    row = driven.row("paused_share")
    assert (row["numerator"], row["denominator"], row["count"]) == (4 * 3600, 6 * 3600, 2)
    assert row["value"] == pytest.approx(2 / 3)
    driven.feed([line("deal.stage_changed", NINE + 4 * HOUR, stage="contract", deal_id="d-2")])
    driven.commit(NINE + 6 * HOUR)
    row = driven.row("paused_share")
    assert (row["numerator"], row["denominator"], row["count"]) == (2 * 3600, 8 * 3600, 2)


def test_without_policies_nothing_is_kept_or_said(tmp_path: Path) -> None:
    driven = pipeline(tmp_path, NOTHING)
    driven.feed(floor(31))
    driven.commit(NINE + 60 * DAY)
    assert {row["kpi"] for row in driven.rows().values()}.isdisjoint(SLA)
    assert all("business" not in row["statistics"] for row in driven.rows().values())
    store = driven.leads._stores[0]
    assert [list(store.scan(prefix)) for prefix in (b"a", b"b")] == [[], []]


def test_other_policies_count_all_leads_anew_and_none_at_all_count_none(tmp_path: Path) -> None:
    driven = pipeline(tmp_path / "driven", EXAMPLES)
    driven.feed(floor(31))
    driven.commit(NINE + 60 * DAY)
    fresh = pipeline(tmp_path / "fresh", HOURLY)
    fresh.feed(floor(31))
    fresh.commit(NINE + 60 * DAY)
    driven.restart(policies=HOURLY)
    driven.commit(NINE + 60 * DAY)
    assert driven.standing_partials() == fresh.standing_partials()
    driven.restart(policies=NOTHING)
    driven.commit(NINE + 60 * DAY)
    assert {row["kpi"] for row in driven.told()}.isdisjoint(SLA)
    assert list(driven.leads._stores[0].scan(b"a")) == []


def test_a_new_definition_counts_everything_once_more_and_forgotten_leads_too(tmp_path: Path) -> None:
    driven = pipeline(tmp_path, EXAMPLES)
    driven.feed([*floor(31), engaged("gone", team="t-1")])
    driven.commit(NINE + 60 * DAY)
    running = counts(driven)
    driven.forget("gone")
    driven.commit(NINE + 60 * DAY)
    before = driven.standing_partials()
    assert counts(driven)[2] < running[2]
    assert share(driven, team="t-1") == (0, 1)
    driven.restart(SETTINGS.model_copy(update={"allowed_lateness": 2 * HOUR}))
    driven.commit(NINE + 60 * DAY)
    after = driven.standing_partials()
    assert {cell: part.vector for cell, part in after.items()} == {cell: part.vector for cell, part in before.items()}
    assert {part.definition for part in after.values()}.isdisjoint(part.definition for part in before.values())


def test_kpis_of_clocks_that_are_not_asked_for_are_not_kept(tmp_path: Path) -> None:
    driven = pipeline(tmp_path, settings=SETTINGS.model_copy(update={"kpis": "leads_created"}))
    driven.feed([engaged(), called(NINE + 5 * MINUTE)])
    driven.commit(NINE + HOUR)
    assert list(driven.leads._stores[0].scan(b"a")) == []
    assert told(driven)


def test_a_lead_that_was_merged_away_counts_no_more(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged("lead-1"), engaged("lead-2", NINE + MINUTE)])
    driven.commit(NINE + 2 * HOUR)
    assert share(driven) == (0, 2)
    driven.feed([line("lead.merged", NINE + 3 * HOUR, "lead-2", "merged", into="lead-1")])
    driven.commit(NINE + 3 * HOUR)
    assert share(driven) == (0, 1)
    assert counts(driven)[1:] == (1, 1)


def gauges(driven: Pipeline, name: str, team: str = "all", policy: str = "p") -> set[float]:
    """What a gauge says in any of its windows."""
    found = scraped(driven.metrics, f"sales_sla_{name}")
    return {value for (of, whose, _), value in found.items() if (of, whose) == (policy, team)}


def test_gauges_are_zero_before_anything_is_due_then_count_and_take_back(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged(team="t-1")])
    driven.commit(NINE + MINUTE)
    for team in ("all", "t-1"):
        assert gauges(driven, "due", team) == gauges(driven, "breached", team) == {0}
    driven.commit(NINE + HOUR + 1)
    assert gauges(driven, "due", "t-1") == gauges(driven, "breached") == {1}
    driven.feed([called(NINE + 40 * MINUTE)])
    driven.commit(NINE + HOUR + 1)
    assert (gauges(driven, "due"), gauges(driven, "breached", "t-1")) == ({1}, {0})


def test_a_restarted_worker_shows_what_it_showed_before(tmp_path: Path) -> None:
    driven = Pipeline(SETTINGS, tmp_path, partitions=3, policies=HOURLY)
    driven.feed([engaged(f"lead-{n}", NINE + n * MINUTE, team=f"t-{n % 2}") for n in range(20)])
    driven.feed([called(NINE + 30 * MINUTE, "lead-3")])
    driven.commit(NINE + 70 * MINUTE)
    before = {name: scraped(driven.metrics, f"sales_sla_{name}") for name in ("due", "breached")}
    assert len(before["due"]) == 3 * 7
    assert before["due"]["p", "all", "3d"] == 1 + before["breached"]["p", "all", "3d"] > 5
    counted = scraped(driven.metrics, "sales_kpi_count")
    assert counted["sla_at_risk", "all", "now"] == 10
    driven.metrics = metrics_of(SETTINGS, HOURLY)
    driven.restart()
    assert {name: scraped(driven.metrics, f"sales_sla_{name}") for name in ("due", "breached")} == before
    assert scraped(driven.metrics, "sales_kpi_count") == counted
    for processor in driven.windows.made:
        processor.close()
    assert scraped(driven.metrics, "sales_sla_due") == {}


def test_a_policy_without_running_clocks_is_still_there_after_a_restart(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged(team="t-1")])
    driven.commit(NINE + MINUTE)
    driven.feed([line("lead.closed", NINE + 2 * MINUTE, name="closing")])
    driven.commit(NINE + 3 * MINUTE)
    driven.metrics = metrics_of(SETTINGS, HOURLY)
    driven.restart()
    assert gauges(driven, "due", "t-1") == gauges(driven, "breached") == {0}


def test_windows_of_business_time_hold_a_breach_until_business_goes_on(tmp_path: Path) -> None:
    """Due as the office closes on Friday, at five in Berlin; on Monday at nine it has been closed ever since."""
    friday = NINE + 4 * DAY
    driven = pipeline(tmp_path, parsed(HEAD + policy("p", 1)))
    driven.feed([engaged(at=friday + 3 * HOUR)])
    due = friday + 7 * HOUR
    for later, windows in ((1, 7), (2 * DAY, 7), (2 * DAY + 16 * HOUR, 7), (2 * DAY + 16 * HOUR + 6 * MINUTE, 6)):
        driven.commit(due + later)
        found = scraped(driven.metrics, "sales_sla_breached")
        assert sum(found["p", "all", window] for window in TRAILING) == windows, later
