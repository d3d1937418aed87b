"""``salespulse explain`` on the real engine: rows and leads as recorded there, merged leads and kept texts too."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from deploy.explaining.asking import of_lead, of_row, question
from deploy.failures import Failure
from schemas.decoding import encode
from schemas.policy import NOTHING
from schemas.settings import Settings
from sinks.clickhouse.writer import Writer
from tests.deploy.explaining.floor import AFTERNOON, LEVELS, disputed
from tests.deploy.test_cli import run
from tests.policy_files import HEAD, policy
from tests.sinks.test_clickhouse_forgetting import batch, forget
from tests.sinks.test_clickhouse_tables import Written, write
from tests.sinks.test_reconciliation import SETTINGS, publish, record, row_of, true_rows, wrong_floor
from tests.streams.floor import HOUR, MINUTE, call, engaged, reply

__all__ = ["run"]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def settings(dsn: str) -> Settings:
    return SETTINGS.model_copy(update={"clickhouse": dsn})


def test_a_lead_is_explained_from_what_is_recorded_of_it_and_of_those_merged_into_it(
    client: Client, settings: Settings
) -> None:
    record(client, [encode(each) for each in disputed()])
    found = of_lead(settings, LEVELS, "lead-1")
    assert [said.type for said in found.events][:3] == ["lead.engaged", "email.sent", "email.sent"]
    assert (found.merged_from, len(found.events), len(found.engagements)) == (["lead-0"], len(disputed()), 2)
    assert found.clocks[0].outcome == "breached"
    merged = of_lead(settings, LEVELS, "lead-0")
    assert (merged.merged_into, merged.counted) == ("lead-1", [])


def test_what_a_text_meant_is_known_after_the_text_is_gone(client: Client, settings: Settings) -> None:
    lines = [encode(engaged()), encode(call(MINUTE))]
    yes = orjson.loads(encode(reply(HOUR)))
    yes["data"]["text"] = "Sounds great, let us book a demo for Tuesday!"
    record(client, [*lines, orjson.dumps(yes)])
    assert (
        "text"
        not in orjson.loads(client.query("SELECT body FROM events WHERE type = 'email.replied'").first_row[0])["data"]
    )
    last = of_lead(settings, NOTHING, "lead-1").events[-1]
    assert last.counts_as.startswith("a positive reply (its text when it came)")


def test_who_asked_to_be_left_alone_has_no_clock_after_it_here_either(client: Client, settings: Settings) -> None:
    leave = orjson.loads(encode(reply(2 * HOUR)))
    leave["data"]["text"] = "Please unsubscribe me from your mailing list."
    record(client, [encode(engaged()), encode(call(MINUTE)), encode(reply(HOUR, "positive")), orjson.dumps(leave)])
    [_, unanswered] = of_lead(settings, LEVELS, "lead-1").clocks
    assert "unsubscribed" in unanswered.sentence


def test_of_nothing_recorded_the_command_says_so_and_of_a_forgotten_lead_when(
    client: Client, settings: Settings
) -> None:
    with pytest.raises(Failure, match="nothing is recorded of lead-1: neither a lead nor a KPI"):
        of_lead(settings, NOTHING, "lead-1")
    Writer(client).write(batch(forget("lead-1", AFTERNOON)))
    with pytest.raises(Failure, match="lead-1 was forgotten on request on 1970-01-01"):
        of_lead(settings, NOTHING, "lead-1")


@pytest.fixture
def rows(client: Client) -> list[dict[str, Any]]:
    lines = wrong_floor(206, 60)
    record(client, lines)
    rows = true_rows(lines)
    publish(client, rows)
    return rows


@pytest.mark.parametrize("kpi", ["lead_response_time", "follow_up_rate", "rep_response_time", "personalization"])
def test_the_leads_behind_a_published_row_make_its_numbers(
    client: Client, settings: Settings, rows: list[dict[str, Any]], kpi: str
) -> None:
    published = next(
        row for row in rows if (row["kpi"], row["grouping"], row["window"]) == (kpi, "team", "1d") and row["count"] > 1
    )
    asked, is_named = question(settings, kpi, published["dimensions"], "1d", published["start"], None)
    found = of_row(settings, NOTHING, asked, is_named, 500)
    assert found.published is not None
    assert found.made is not None
    numbers = ("count", "numerator", "denominator")
    assert {name: found.made[name] for name in numbers} == {name: found.published[name] for name in numbers}
    assert found.made["value"] == pytest.approx(found.published["value"], rel=0.01)
    assert len(found.revisions) == 1


def test_without_a_time_it_is_the_newest_window_that_is_explained(
    client: Client, settings: Settings, rows: list[dict[str, Any]]
) -> None:
    newest = max(
        row["start"] for row in rows if (row["kpi"], row["window"], row["grouping"]) == ("leads_created", "1d", "all")
    )
    asked, is_named = question(settings, "leads_created", {}, "1d", None, None)
    assert of_row(settings, NOTHING, asked, is_named, 5).start == newest
    nobody, is_named = question(settings, "leads_created", {"team": "nobody"}, "1d", None, None)
    with pytest.raises(Failure, match="no row of leads_created"):
        of_row(settings, NOTHING, nobody, is_named, 5)


def test_the_command_tells_people_and_machines(
    client: Client, dsn: str, rows: list[dict[str, Any]], run: Run, tmp_path: Path
) -> None:
    publish(client, [row_of(rows, "leads_created") | {"count": 1, "value": 1}], revision=2)
    ended = run("explain", "leads_created", "--window", "all", "--limit", "3", clickhouse=dsn)
    assert ended.returncode == 0, ended.stderr
    assert "the row says        1 (n 1)" in ended.stdout
    assert "leads in all: --limit shows more" in ended.stdout
    assert "Leads that engaged in the window" in ended.stdout
    told = json.loads(
        run("explain", "leads_created", "--window", "all", "--limit", "500", "--json", clickhouse=dsn).stdout
    )
    assert [revision["revision"] for revision in told["revisions"]] == [1, 2]
    assert told["made"]["count"] == len(told["parts"]) >= told["leads"] > 3
    lead = told["parts"][0]["lead"]
    (tmp_path / "levels.toml").write_text(HEAD + policy("first", 1, target='"4 business hours"'))
    ended = run("explain", lead, clickhouse=dsn, policies=str(tmp_path / "levels.toml"))
    assert ended.returncode == 0, ended.stderr
    assert "engages the lead: the response clock starts" in ended.stdout
    assert json.loads(run("explain", lead, "--json", clickhouse=dsn).stdout)["lead"] == lead
    assert run("explain", "reply_rate", "--channel", "email", "--team", "t", clickhouse=dsn).returncode == 2
    assert (
        run("explain", "nobody-1", clickhouse=dsn).stderr.splitlines()[-1].startswith("salespulse: nothing is recorded")
    )


def test_announcements_are_told_with_their_clock(client: Client, settings: Settings) -> None:
    record(client, [encode(engaged())])
    [clock] = of_lead(settings, LEVELS, "lead-1").clocks
    names = {"lead": "lead-1", "name": "sla.breached", "clock": clock.id, "policy": clock.policy, "step": ""}
    told = names | {"identity": f"{clock.id}/breached", "at": "2026-03-02T13:00:00Z", "revision": 1}

    write(client, "sla", Written(b"lead-1", orjson.dumps(told)))
    assert of_lead(settings, LEVELS, "lead-1").clocks[0].announced == ["sla.breached at 2026-03-02T13:00:00Z"]
