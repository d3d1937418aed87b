"""How long clocks run on past their deadline, as a worker shows it: exact, and the same whoever takes over."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.settings import Settings
from sinks.prometheus import Metrics
from streams.clocks import clocks
from tests.agents.test_leads import line
from tests.agents.test_service_levels import (
    DAY,
    EXAMPLES,
    HOUR,
    MINUTE,
    NINE,
    SETTINGS,
    called,
    engaged,
    floor,
    pipeline,
)


def overdue(metrics: Metrics) -> dict[tuple[str, str], float]:
    """Seconds by policy and team, as they are scraped."""
    text = metrics.exposition()[0].decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    found = [sample for sample in samples if sample.name == "sales_sla_oldest_overdue_seconds"]
    return {(sample.labels["policy"], sample.labels["team"]): sample.value for sample in found}


def test_it_grows_from_the_deadline_until_somebody_answers(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged(team="t-1", owner="r-1")])
    driven.commit_leads(NINE + HOUR)
    assert overdue(driven.metrics) == {("p", "t-1"): 0}
    driven.commit_leads(NINE + HOUR + 90_000)
    assert overdue(driven.metrics) == {("p", "t-1"): 90}
    driven.leads.made[0].tick(NINE + 2 * HOUR, frozenset())
    assert overdue(driven.metrics) == {("p", "t-1"): 3600}
    driven.feed([called(NINE + 2 * HOUR)])
    driven.commit_leads(NINE + 3 * HOUR)
    assert overdue(driven.metrics) == {("p", "t-1"): 0}


def test_the_longest_waiting_one_counts_and_then_the_next(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged("first", NINE), engaged("second", NINE + 30 * MINUTE)])
    driven.commit_leads(NINE + 2 * HOUR)
    assert overdue(driven.metrics) == {("p", "unassigned"): 3600}
    driven.feed([called(NINE + 2 * HOUR, "first")])
    driven.commit_leads(NINE + 2 * HOUR)
    assert overdue(driven.metrics) == {("p", "unassigned"): 1800}


def test_a_lead_that_is_handed_on_is_another_teams_to_answer(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged(team="t-1", owner="r-1")])
    driven.commit_leads(NINE + 2 * HOUR)
    driven.feed([line("lead.assigned", NINE + 2 * HOUR, owner="r-2", team="t-2")])
    driven.commit_leads(NINE + 2 * HOUR)
    assert overdue(driven.metrics) == {("p", "t-1"): 0, ("p", "t-2"): 3600}


def test_imported_leads_wait_for_nobody(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged(imported=True)])
    driven.commit_leads(NINE + DAY)
    assert overdue(driven.metrics) == {}


def test_forgotten_leads_wait_no_more(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged("lead-1"), engaged("lead-2", NINE + MINUTE)])
    driven.commit_leads(NINE + 2 * HOUR)
    driven.forget("lead-1")
    driven.commit_leads(NINE + 2 * HOUR)
    assert overdue(driven.metrics) == {("p", "unassigned"): 3540}


def test_whoever_takes_over_knows_what_is_overdue(tmp_path: Path) -> None:
    driven = pipeline(tmp_path)
    driven.feed([engaged(team="t-1", owner="r-1")])
    driven.commit_leads(NINE + 2 * HOUR)
    driven.metrics = Metrics(SETTINGS)
    driven.restart()
    driven.leads.made[0].tick(NINE + 2 * HOUR, frozenset())
    assert overdue(driven.metrics) == {("p", "t-1"): 3600}
    driven.leads.made[0].close()
    assert overdue(driven.metrics) == {}


@pytest.mark.parametrize("seed", [31, 32])
def test_it_is_what_all_clocks_together_say(tmp_path: Path, seed: int) -> None:
    """Against every clock of every lead looked at from scratch, with restarts on the way."""
    rng = random.Random(seed)
    driven = pipeline(tmp_path, EXAMPLES)
    lines = list(floor(seed))
    while lines:
        driven.feed(lines[:150])
        lines = lines[150:]
        end = NINE + 20 * DAY - len(lines) * HOUR
        driven.commit_leads(end)
        if rng.random() < 0.3:
            driven.restart()
    processor = driven.leads.made[0]
    leads = {key[1:-5].decode() for key, _ in driven.leads._stores[0].scan(b"t")}
    policies, rules = processor._stage.levels
    wanted: dict[tuple[str, str], float] = {}
    for lead in leads:
        for clock in clocks(processor._view(lead), policies, rules, end):
            if clock.end is None and clock.due < end:
                place = clock.policy.name, clock.team
                wanted[place] = max(wanted.get(place, 0), (end - clock.due) / 1000)
    assert len(wanted) > 5
    assert {place: late for place, late in overdue(driven.metrics).items() if late} == wanted


def test_of_too_many_teams_those_that_come_late_are_one() -> None:
    metrics = Metrics(Settings(_env_file=None, label_teams=1))
    for n, team in enumerate(("t-1", "t-2", "t-3")):
        metrics.overdue.update(0, "p", team, NINE - n * MINUTE)
    metrics.watermark(0, NINE + MINUTE)
    assert overdue(metrics) == {("p", "t-1"): 60, ("p", "other"): 180}


def test_partitions_of_one_worker_tell_the_longest() -> None:
    metrics = Metrics(SETTINGS)
    for partition, due in ((0, NINE), (1, NINE - MINUTE), (2, None)):
        metrics.overdue.update(partition, "p", "t-1", due)
        metrics.watermark(partition, NINE + MINUTE)
    assert overdue(metrics) == {("p", "t-1"): 120}
    metrics.lost(1)
    assert overdue(metrics) == {("p", "t-1"): 60}
