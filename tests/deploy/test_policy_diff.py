"""``policy diff``: what another policy would have made of recorded leads, from a log and from ClickHouse."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from deploy.commands.floor import lines as lines_of
from deploy.policy_diff import Comparison, Period, compare, from_log
from deploy.recorded import Log, from_clickhouse
from deploy.simulator.floor import START
from schemas.policy import PolicyFile
from schemas.settings import Settings
from streams.rules import Rules
from tests.deploy.test_cli import run
from tests.directories import directory
from tests.policy_files import HEAD, parsed, policy
from tests.sinks.test_reconciliation import record
from tests.streams.floor import DAY, HOUR, MINUTE, call, closed, engaged, timeline_of

__all__ = ["run"]

Run = Callable[..., subprocess.CompletedProcess[str]]
DATA = Path(__file__).parents[3] / "shared" / "data"
SETTINGS = Settings(_env_file=None)
RULES = Rules()


def within(target: str, **changed: str) -> PolicyFile:
    always = {"effective_from": "2010-01-01T00:00:00Z"}
    return parsed(HEAD + policy("first", 1, target=f'"{target}"', **(always | changed)))


def totals(found: Comparison, side: str) -> dict[str, int]:
    return {name: sum(getattr(tally, side)[name] for tally in found.tallies) for name in ("due", "met", "breached")}


@pytest.mark.skipif(not DATA.is_dir(), reason="the recorded data sets are not beside this checkout")
def test_incidents_of_two_years_are_judged_as_their_truth_counts_them() -> None:
    truth = json.loads((DATA / "uci_incidents.truth.json").read_text())["all"]["lead_response_time"]
    files = within("1 calendar hour"), within("15 calendar minutes")
    found = from_log([DATA / "uci_incidents.events.jsonl.gz"], files, SETTINGS)
    in_hour, in_quarter = truth["within"]["3600"], truth["within"]["900"]
    assert found.leads == truth["count"]
    assert totals(found, "old") == {"due": truth["count"], "met": in_hour, "breached": truth["count"] - in_hour}
    assert totals(found, "new") == {"due": truth["count"], "met": in_quarter, "breached": truth["count"] - in_quarter}
    assert found.changed == {"met → breached": in_hour - in_quarter}


def judged(old: PolicyFile, new: PolicyFile, start: int = 0, at: int = 10 * DAY) -> Comparison:
    origin = 1_772_442_000_000
    leads = [
        timeline_of(engaged(0, owner="r-1", team="emea"), call(40 * MINUTE), lead="lead-1"),
        timeline_of(engaged(DAY, team="amer"), call(DAY + 5 * HOUR), lead="lead-1"),
        timeline_of(engaged(2 * DAY, team="amer"), closed(2 * DAY + MINUTE), lead="lead-1"),
        timeline_of(engaged(10 * DAY - MINUTE, team="amer"), lead="lead-1"),
    ]
    return compare(leads, (old, new), RULES, Period(origin + start, origin + at))


def test_what_would_have_changed_is_told_by_policy_and_team() -> None:
    found = judged(within("1 calendar hour"), within("30 calendar minutes"))
    assert [(tally.team, tally.old["met"], tally.new["met"], tally.new["due"]) for tally in found.tallies] == [
        ("amer", 0, 0, 1),
        ("emea", 1, 0, 1),
    ]
    assert [tally.differs for tally in found.tallies] == [False, True]
    assert (found.leads, found.changed) == (4, {"met → breached": 1})


def test_between_equal_files_there_is_no_difference() -> None:
    assert not judged(within("1 calendar hour"), within("1 calendar hour")).differs


def test_a_policy_that_is_no_more_leaves_clocks_without() -> None:
    found = judged(within("1 calendar hour"), within("1 calendar hour", when__team='"emea"'))
    assert found.changed == {"breached → no clock": 1, "cancelled → no clock": 1, "running → no clock": 1}


def test_both_files_are_judged_with_the_rep_directory() -> None:
    owners = within("1 calendar hour", clock='"rep_response"')
    assert judged(owners, owners._replace(reps=directory("[reps.r-1]\nqueue = true"))).changed == {"met → no clock": 1}


def test_clocks_that_started_before_the_period_are_not_told() -> None:
    found = judged(within("1 calendar hour"), within("30 calendar minutes"), start=HOUR)
    assert (found.changed, [tally.team for tally in found.tallies]) == ({}, ["amer"])


def test_what_clickhouse_has_recorded_is_judged_as_the_log_is_merged_leads_with_those_they_went_into(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.recorded._AT_ONCE", 7)
    lines = list(lines_of(31, 150, 14))
    assert any(b"lead.merged" in line for line in lines)
    record(client, lines)
    tables = "SELECT name, total_rows FROM system.tables WHERE database = currentDatabase() ORDER BY name"
    before = client.query(tables).result_rows
    files = within("1 calendar hour"), within("2 business hours")
    with closing(Log(lines, tmp_path / "log")) as log:
        period = Period(START, log.latest)
        expected = compare(log.leads(RULES), files, RULES, period)
        found = compare(from_clickhouse(client, RULES), files, RULES, period)
    assert found == expected
    assert found.differs
    assert client.query(tables).result_rows == before


def test_the_command_prints_a_table_or_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(lines_of(32, 40, 14)))
    for name, target in (("old", "4 business hours"), ("new", "5 business minutes")):
        (tmp_path / f"{name}.toml").write_text(HEAD + policy("first", 1, target=f'"{target}"'))
    words = ("policy", "diff", "old.toml", "new.toml", "--events", "events.jsonl")
    ended = run(*words)
    assert ended.returncode == 0, ended.stderr
    assert "met → breached" in ended.stdout
    assert "leads judged; this would have changed" in ended.stdout
    found = json.loads(run(*words, "--json").stdout)
    old, new = (sum(tally[side]["breached"] for tally in found["tallies"]) for side in ("old", "new"))
    assert old < new


def test_a_policy_file_with_a_fault_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_text("[[policies]]\nname = 'first'\n")
    ended = run("policy", "diff", "old.toml", "old.toml", "--events", "none.jsonl")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("salespulse: ")
