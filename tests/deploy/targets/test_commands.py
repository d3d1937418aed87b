"""``salespulse targets`` on a real broker and the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
from clickhouse_connect.driver.client import Client
from typer.testing import CliRunner

from agents.engine.clock import now
from deploy.cli import app
from schemas.settings import Settings
from sinks.reading import records
from tests.sinks.test_reconciliation import record

Told = Callable[..., str]
QUARTER = ("won_amount", "300000", "--team", "emea-1", "--period", "2026-Q1")


@pytest.fixture
def told(settings: Settings, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """What ``salespulse targets`` says, whose exit status is 0 unless another is expected."""
    named = {"kafka": settings.kafka, "topic_prefix": settings.topic_prefix, "clickhouse": dsn}
    for name, value in named.items():
        monkeypatch.setenv(f"SALESPULSE_{name.upper()}", str(value))

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ("targets", *words))
        said = result.output if result.exception is None or code == 2 else str(result.exception) + result.output
        assert (result.exit_code, result.exit_code) == (code, code), said
        return said

    yield run
    structlog.reset_defaults()


def events(settings: Settings) -> list[dict[str, Any]]:
    found = [json.loads(each.value) for each in records(settings, settings.topic("targets"))]
    return sorted(found, key=lambda event: event["time"])


def test_a_target_is_set_replaced_set_back_and_revoked_each_by_an_event_of_its_own(
    told: Told, settings: Settings
) -> None:
    assert told("set", *QUARTER, "--by", "ann") == "new: won_amount of emea-1, 2026-Q1: 300,000 EUR\n"
    assert told("set", *QUARTER, "--by", "bob").startswith("unchanged: ")
    more = ("won_amount", "350000", *QUARTER[2:])
    assert told("set", *more, "--by", "bob").endswith("350,000 EUR, in place of 300,000 EUR (ann)\n")
    assert told("set", *QUARTER, "--by", "ann").endswith("300,000 EUR, in place of 350,000 EUR (bob)\n")
    revoked = ("revoke", "won_amount", *QUARTER[2:], "--by", "cid")
    assert told(*revoked) == "revoked: won_amount of emea-1, 2026-Q1, which was 300,000 EUR (ann)\n"
    assert "there is no target to revoke: won_amount of emea-1, 2026-Q1" in told(*revoked, code=1)
    found = events(settings)
    assert [(event["type"], event["data"].get("value"), event["data"]["by"]) for event in found] == [
        ("target.set", "300000", "ann"), ("target.set", "350000", "bob"), ("target.set", "300000", "ann"),
        ("target.revoked", None, "cid"),
    ]  # fmt: skip
    assert {event["subject"] for event in found} == {
        '["won_amount",{"team":"emea-1"},"2026-01-01T00:00:00Z","2026-04-01T00:00:00Z"]'
    }
    assert len({event["id"] for event in found}) == 4, "to set back is not to say again"


def test_a_file_that_is_imported_twice_is_imported_once(told: Told, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "quotas.csv"
    file.write_text("kpi,value,period,rep\n" + "".join(f"deals_won,{n + 1},2026-03,r-{n}\n" for n in range(9)))
    assert told("import", str(file), "--dry-run").endswith("would be: 9 new, 0 replaced, 0 unchanged\n")
    assert events(settings) == [], "a dry run sends nothing"
    assert told("import", str(file)) == "done: 9 new, 0 replaced, 0 unchanged\n"
    assert told("import", str(file)) == "done: 0 new, 0 replaced, 9 unchanged\n"
    file.write_text(file.read_text().replace(",9,", ",90,"))
    said = told("import", str(file), "--dry-run")
    assert "replaced: deals_won of r-8, 2026-03: 90, in place of 9" in said
    assert len(events(settings)) == 9


def test_where_one_line_is_wrong_nothing_is_set(told: Told, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "quotas.csv"
    file.write_text("kpi,value,period\ndeals_won,1,2026\ndeals_won,many,2026-Q1\n")
    said = told("import", str(file), code=1)
    assert f"{file}:3: value: expected a number above 0" in said and "no target was set" in said


def test_what_is_wrong_with_the_words_is_said(told: Told) -> None:
    assert "expected a period such as" in " ".join(told("set", "deals_won", "3", "--period", "soon", code=2).split())


def test_the_list_says_what_stands_who_set_it_and_what_is_in_the_place_of_the_rest(
    told: Told, settings: Settings, client: Client
) -> None:
    told("set", *QUARTER, "--by", "ann")
    told("set", "won_amount", "90000", "--team", "emea-1", "--period", "2026-02", "--by", "bob")
    told("set", "deals_won", "5", "--rep", "r-1", "--period", "2026-03", "--by", "ann")
    told("set", "deals_won", "6", "--rep", "r-1", "--period", "2026-03", "--by", "bob")
    told("set", "reply_rate", "0.3", "--period", "2026")
    told("revoke", "reply_rate", "--period", "2026", "--by", "cid")
    record(client, (each.value for each in records(settings, settings.topic("targets"))), at=now())
    rows = [json.loads(line) for line in told("list", "--history", "--json").splitlines()]
    assert [(row["kpi"], row["value"], row["by"], row["state"]) for row in rows if row["kpi"] != "reply_rate"] == [
        ("deals_won", "5", "ann", "replaced"), ("deals_won", "6", "bob", "stands"),
        ("won_amount", "300000", "ann", "stands in part"), ("won_amount", "90000", "bob", "stands"),
    ]  # fmt: skip
    [revoked] = [row for row in rows if row["kpi"] == "reply_rate"]
    assert revoked["state"] == "revoked" and revoked["why"].endswith(", cid")
    assert rows[0]["why"].endswith(" by 6, bob")
    [quarter] = [row for row in rows if row["value"] == "300000"]
    assert quarter["why"] == "2026-01, 2026-03; else 90,000 EUR of 2026-02 is of a shorter period"
    assert quarter["standing"][0] == ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]
    shown = told("list", "--team", "emea-1")
    assert "300,000 EUR" in shown and "deals_won" not in shown and "reply_rate" not in told("list")
    aims = [json.loads(line) for line in told("list", "--breakdown", "--json", "--kpi", "won_amount").splitlines()]
    assert [aim["value"] for aim in aims if aim["level"] == "period"] == ["103333.34", "90000.00", "103333.33"]
    assert sum(Decimal(aim["value"]) for aim in aims if aim["level"] == "week") == Decimal("296666.67")
    assert "2026-W06" in told("list", "--breakdown")
