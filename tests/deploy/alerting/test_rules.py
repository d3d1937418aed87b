"""Every alert rule, judged by promtool: it is raised, few clocks do not raise it, and silence does not resolve it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.policy_check import EXAMPLE, check
from deploy.promises import in_force
from deploy.render.alerting import pipeline, service_levels
from deploy.render.yaml import dump
from tests.debian import program
from tests.deploy.alerting.cases import Case, Series, behind, burning, of_pipeline, waiting, watermark
from tests.policy_files import HEAD, parsed, policy

EXAMPLES = check(EXAMPLE)[0]
POLICIES = in_force(EXAMPLES)
HOT = POLICIES[0]
CASES = [
    *(case for each in POLICIES for case in burning(each)),
    *map(behind, POLICIES),
    waiting(HOT),
    *of_pipeline(),
]
GROUPS = [*service_levels.groups(EXAMPLES), *pipeline.groups(EXAMPLES)]
AFTERWARDS = 90
"""Minutes for which nothing comes any more: longer than any rule looks back."""
PACE = 3
"""Minutes between two looks; more than five would be a gap to Prometheus."""

Test = dict[str, Any]
Judge = Callable[..., list[str]]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """What promtool finds wrong with what is expected of a case, in whichever order the groups are looked at."""

    def judged(case: Case, *tests: Test) -> list[str]:
        rules, groups = tmp_path / "rules.yml", [group for group in GROUPS if is_for(group, case)]
        rules.write_text(dump({"groups": groups}))
        names = [group["name"] for group in groups]
        files = []
        for order in (names, names[::-1]):
            told = {"rule_files": [str(rules)], "evaluation_interval": f"{PACE}m", "group_eval_order": order}
            files.append(tmp_path / f"{order[0]}-first.yml")
            files[-1].write_text(dump(told | {"tests": tests}))
        words = [program("promtool", "prometheus"), "test", "rules", *map(str, files)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        return [] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()

    return judged


def is_for(group: dict[str, Any], case: Case) -> bool:
    """Whether the group holds the alert, or series that alerts are made of."""
    return all("record" in rule for rule in group["rules"]) or any(is_of(rule, case) for rule in group["rules"])


def is_of(rule: dict[str, Any], case: Case) -> bool:
    """Whether it is the rule of the case, by its name and its fixed labels."""
    return rule.get("alert") == case.name and rule["labels"].items() <= case.labels.items()


def expected(case: Case, series: Series, at: list[int], is_raised: bool, then: str = "") -> Test:
    """Whether the alert is firing in these minutes; ``then`` is what comes when those of the case are over."""
    labels = {**case.labels, "alertname": case.name, "alertstate": "firing"}
    named = "ALERTS{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
    found = {"exp_samples": [{"labels": named, "value": 1}]} if is_raised else {}
    every = watermark("0+60") | series
    return {
        "interval": f"{PACE}m",
        "input_series": [{"series": name, "values": steps(each, case.minutes) + then} for name, each in every.items()],
        "promql_expr_test": [{"expr": named, "eval_time": f"{minute}m", **found} for minute in at],
    }


def steps(values: str, minutes: int) -> str:
    """Values a minute apart as promtool is given them; what is written out already stays as it is."""
    first, plus, slope = values.partition("+")
    return f"{first}+{int(slope) * PACE}x{minutes // PACE}" if plus and "x" not in values else values


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_alert_is_raised_and_does_not_end_because_nothing_is_heard(case: Case, judge: Judge) -> None:
    """All series end at once: what fires goes on firing."""
    at = list(range(case.minutes, case.minutes + AFTERWARDS, PACE))
    assert judge(case, expected(case, case.bad, at, True, then=" stale")) == []


@pytest.mark.parametrize("case", [case for case in CASES if case.quiet], ids=lambda case: case.id)
def test_an_alert_is_not_raised_by_what_is_well_or_too_little(case: Case, judge: Judge) -> None:
    at = list(range(0, case.minutes + 1, max(case.minutes // 20, PACE)))
    assert judge(case, *(expected(case, each, at, False) for each in case.quiet)) == []


def test_every_alert_has_its_case() -> None:
    alerts = [rule for group in GROUPS for rule in group["rules"] if "alert" in rule]
    assert [len([case for case in CASES if is_of(rule, case)]) for rule in alerts] == [1] * len(CASES)


BURN = CASES[0]
"""Of hot leads, 1 h with 5 m: all that is burnt over 8 times, of an objective of 0.9."""


def at(minute: int, test: Test, is_raised: bool) -> Test:
    """Another look at the alert of a test."""
    [look, *_] = test["promql_expr_test"]
    name = look["expr"]
    found = {"exp_samples": [{"labels": name, "value": 1}]} if is_raised else {}
    return test | {"promql_expr_test": [*test["promql_expr_test"], {"expr": name, "eval_time": f"{minute}m", **found}]}


def hot(due: str, breached: str, window: str = "1h", team: str = "emea-1") -> Series:
    """Gauges of hot leads, their values written out."""
    labels = f'{{policy="{HOT.name}", team="{team}", window="{window}"}}'
    return {f"sales_sla_due{labels}": due, f"sales_sla_breached{labels}": breached}


def test_a_burn_rate_alert_stays_while_the_short_window_knows_nothing(judge: Judge) -> None:
    """In five quiet minutes nothing fell due: that is no sign of anything being better."""
    nothing = hot("20+0", "20+0") | hot("0+0", "0+0", "5m")
    assert judge(BURN, expected(BURN, nothing, [30, 60], True)) == []


def test_a_burn_rate_alert_ends_when_there_is_data_that_says_so(judge: Judge) -> None:
    mended = hot("20+0x20", "20+0x10 0+0x9") | hot("20+0x20", "20+0x10 0+0x9", "5m")
    assert judge(BURN, at(45, expected(BURN, mended, [30], True), False)) == []


def test_after_an_absence_the_data_that_is_back_decides(judge: Judge) -> None:
    gap = "20+0x10 stale _x20 20+0x9", "20+0x10 stale _x20 0+0x9"
    back = hot(*gap) | watermark("0+60x10 stale _x20 6000+60x9")
    test = expected(BURN, back, [30, 60, 90], True)
    assert judge(BURN, at(110, test, False)) == []


def test_after_an_absence_workers_have_time_to_find_what_they_know(judge: Judge) -> None:
    """A worker is there, and its gauges are not yet."""
    gap = "20+0x10 stale _x24 20+0x9", "20+0x10 stale _x24 20+0x9"
    back = hot(*gap) | watermark("0+60x10 stale _x20 6000+60x13")
    assert judge(BURN, expected(BURN, back, [30, 90, 96, 99, 102, 105, 108, 111], True)) == []


def test_a_gap_of_one_worker_among_others_ends_nothing(judge: Judge) -> None:
    """Its partitions are nobody's for a while; the other worker's go on."""
    moved = hot("20+0x10 stale _x3 20+0x9", "20+0x10 stale _x3 20+0x9")
    moved |= {'sales_watermark_seconds{partition="1"}': "0+60x10 stale _x3 2000+60x9"}
    assert judge(BURN, expected(BURN, moved, [30, 33, 36, 39, 42, 45, 60], True)) == []


def test_series_that_are_no_more_though_the_workers_are_end_their_alert(judge: Judge) -> None:
    """A policy that was retired."""
    gone = hot("20+0x10 stale", "20+0x10 stale")
    assert judge(BURN, at(36, expected(BURN, gone, [30], True), False)) == []


def test_what_several_workers_know_of_a_team_is_added_up(judge: Judge) -> None:
    """As of the team `other`, which stands for those that have no series of their own."""
    both = {
        name.replace("{", f'{{instance="{n}", '): values
        for n in (1, 2)
        for name, values in (hot("6+0", "6+0") | hot("6+0", "6+0", "5m")).items()
    }
    assert judge(BURN, expected(BURN, both, [30, 60], True)) == []


def test_a_silent_topic_is_still_silent_in_the_evening(judge: Judge) -> None:
    [case] = [case for case in CASES if case.id == "SalesTopicSilent-1h-leads"]
    evening = case.bad | {'sales_calendar_open{calendar="berlin"}': "1+0x30 0+0x20"}
    assert judge(case, expected(case, evening, [90, 120, 150], True)) == []


def test_a_silent_topic_is_none_once_an_event_comes(judge: Judge) -> None:
    [case] = [case for case in CASES if case.id == "SalesTopicSilent-1h-leads"]
    heard = case.bad | {'sales_last_event_time_seconds{topic="leads"}': "1+0x30 5400+0x20"}
    assert judge(case, at(96, expected(case, heard, [90], True), False)) == []


def test_a_partition_that_nobody_has_stands_still(judge: Judge) -> None:
    [case] = [case for case in CASES if case.name == "SalesWatermarkStuck"]
    other = {'sales_watermark_seconds{partition="1"}': "0+60x60"}
    gone = watermark("0+60x10 stale") | other
    assert judge(case, expected(case, gone, [60, 150], True)) == []


def test_without_calendars_every_hour_is_one_in_which_events_are_expected() -> None:
    rules = parsed(HEAD[HEAD.index("[audiences") :] + policy(target='"1 calendar hour"', calendar=""))
    [silent] = [group for group in pipeline.groups(rules) if group["name"] == "sales-topics"]
    assert "sales_calendar_open" not in str(silent)


def test_what_people_read_says_how_bad_it_is_or_that_nothing_is_heard(judge: Judge) -> None:
    def told(minute: int, description: str) -> dict[str, Any]:
        summary = "hot-first-response: too many deadlines missed by emea-1 within 1h"
        link = "docs/runbook.md#salesburnratepage"
        texts = {"summary": summary, "description": description, "runbook_url": link}
        alert = {"exp_labels": BURN.labels, "exp_annotations": texts}
        return {"eval_time": f"{minute}m", "alertname": BURN.name, "exp_alerts": [alert]}

    ended = hot("20+0x20 stale", "18+0x20 stale") | watermark("0+60x20 stale")
    test = expected(BURN, ended, [60], True)
    now = (
        "Of the clocks due in the last 1h so many were breached that the budget of 10% burns 9 times as fast as it may;"
        " told from 8 times on."
    )
    then = "No data comes any more: this is how it stood when there was some."
    assert judge(BURN, test | {"alert_rule_test": [told(30, now), told(90, then)]}) == []


@pytest.mark.parametrize("burn", service_levels.BURNS, ids=lambda burn: burn.long)
def test_no_threshold_is_beyond_what_can_be_reached(burn: service_levels.Burn) -> None:
    """At 0.9 all clocks breached burn 10 times as fast as they may: 14.4 times would never be."""
    textbook = {"1h": 14.4, "6h": 6, "1d": 3, "3d": 1}[burn.long]
    assert burn.threshold(0.9999) == textbook
    for objective in (0.5, 0.7, 0.9, 0.95):
        assert burn.threshold(objective) == pytest.approx(min(textbook, 0.8 / (1 - objective)), rel=1e-4)


def test_a_policy_has_the_alerts_of_its_newest_version_and_a_retired_one_has_none() -> None:
    kept = policy("kept", when__region='"EU"') + policy("kept", 2, when__region='"EU"', objective="0.8")
    versions = kept + policy("gone") + policy("gone", 2, retired="true")
    rules = service_levels.groups(parsed(HEAD + versions))
    assert [group["name"] for group in rules] == ["sales-clocks", "sales-clocks-kept"]
    assert "/ 0.2" in rules[1]["rules"][0]["expr"]


def test_no_label_of_an_alert_may_hold_a_lead_or_a_person() -> None:
    """Neither those of the series that rules ask for, nor those that they add."""
    told = {label for case in CASES for label in case.labels}
    of_pipeline = {"partition", "stage", "topic", "silence", "reason", "kpi", "audience"}
    assert told == {"severity", "team", "policy", "window", *of_pipeline}
