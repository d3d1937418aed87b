"""The command ``reconcile`` on the real engine, and what it says of the period and of what it found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from clickhouse_connect.driver.client import Client
from prometheus_client import generate_latest

from deploy.reconciling import scope, tell, verdict
from deploy.simulator.reading import millis
from schemas.settings import Settings
from sinks.clickhouse.metrics import Differences
from sinks.clickhouse.reconciliation import Reconciliation, Tally
from tests.deploy.test_cli import environment, run
from tests.sinks.test_clickhouse_sink import free_port, until
from tests.sinks.test_reconciliation import publish, record, row_of, true_rows, wrong_floor

__all__ = ["run"]

Run = Callable[..., subprocess.CompletedProcess[str]]
SETTINGS: Final = Settings(_env_file=None)
CLOCK: Final = millis("2026-03-12T15:42:10Z")
WHOLE: Final = ("--from", "2026-02-01")


def test_without_dates_the_last_seven_days_up_to_the_last_complete_hour_are_compared() -> None:
    berlin = SETTINGS.model_copy(update={"timezone": "Europe/Berlin"})
    period = scope(berlin, CLOCK)
    assert (period.start, period.end) == (millis("2026-03-04T23:00:00Z"), millis("2026-03-12T15:00:00Z"))


def test_a_period_ends_before_its_last_day_and_never_in_a_running_hour() -> None:
    period = scope(SETTINGS, CLOCK, date(2026, 3, 2), date(2026, 3, 4))
    assert (period.start, period.end) == (millis("2026-03-02T00:00:00Z"), millis("2026-03-04T00:00:00Z"))
    assert scope(SETTINGS, CLOCK, until=date(2027, 1, 1)).end == millis("2026-03-12T15:00:00Z")


def test_only_what_the_settings_have_computed_is_compared() -> None:
    few = SETTINGS.model_copy(update={"kpis": "reply_rate,open_leads", "groupings": "all;team", "windows": "1d,all"})
    period = scope(few, CLOCK)
    assert (set(period.kpis), period.groupings) == ({"reply_rate", "open_leads"}, ("all", "team"))
    assert period.windows == ("1d", "all")
    assert scope(few, CLOCK, kpis=["reply_rate"]).kpis == ("reply_rate",)
    with pytest.raises(ValueError, match="leads_created"):
        scope(few, CLOCK, kpis=["leads_created"])


def test_an_empty_period_is_refused() -> None:
    with pytest.raises(ValueError, match="2026-03-05 to 2026-03-05 is empty"):
        scope(SETTINGS, CLOCK, date(2026, 3, 5), date(2026, 3, 5))


def tally(window: str, different: int, moving: int = 0, unverifiable: int = 0) -> Tally:
    return Tally("reply_rate", window, 1000, different, 0, 0, moving, unverifiable)


def test_the_verdict_is_one_line() -> None:
    assert verdict(Reconciliation([tally("1d", 0)], [])) == "reconciled: 1,000 rows, 0 differences"
    assert verdict(Reconciliation([tally("1d", 1, 2)], [])) == (
        "reconciled: 1,001 rows, 1 difference, 2 rows changed meanwhile and were not compared"
    )
    assert verdict(Reconciliation([tally("1d", 0, unverifiable=3)], [])) == (
        "reconciled: 1,000 rows, 0 differences, 3 rows cannot be told"
    )


def test_the_gauge_says_how_many_rows_differ_now() -> None:
    metrics = Differences()
    tell(metrics, Reconciliation([tally("1d", 3), tally("1h", 1)], []))
    tell(metrics, Reconciliation([tally("1d", 0)], []))
    text = generate_latest(metrics.registry).decode()
    assert re.findall(r"^sales_reconcile_difference.*", text, re.MULTILINE) == [
        'sales_reconcile_difference{kpi="reply_rate",window="1d"} 0.0'
    ]


@pytest.fixture
def rows(client: Client) -> list[dict[str, Any]]:
    """Rows of a floor that is recorded, and published as it should be."""
    lines = wrong_floor(205, 60)
    record(client, lines)
    rows = true_rows(lines)
    publish(client, rows)
    return rows


def test_the_command_ends_with_1_and_one_line_where_a_row_differs(
    client: Client, dsn: str, rows: list[dict[str, Any]], run: Run
) -> None:
    settings = {"clickhouse": dsn, "windows": "1d,all"}
    ended = run("reconcile", *WHOLE, **settings)
    assert (ended.returncode, ended.stderr) == (0, "comparing\n")
    assert ended.stdout.splitlines()[-1] == f"reconciled: {len(rows):,} rows, 0 differences"
    publish(client, [row_of(rows, "leads_created") | {"count": 1}], revision=2)
    ended = run("reconcile", *WHOLE, "--kpi", "leads_created", **settings)
    assert ended.returncode == 1
    assert "different: leads_created of all by all, all 1970-01-01T00:00:00Z" in ended.stdout
    assert "count: published 1, recomputed " in ended.stdout
    assert ended.stderr.splitlines()[-1].endswith(" rows, 1 difference")
    ended = run("reconcile", *WHOLE, "--json", "--kpi", "reply_rate", **settings)
    assert ended.returncode == 0
    assert {found["different"] for found in json.loads(ended.stdout)["tallies"]} == {0}


def test_before_the_sink_has_made_its_tables_the_command_says_so(dsn: str, run: Run) -> None:
    ended = run("reconcile", clickhouse=dsn)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("salespulse: ClickHouse has no KPIs yet")


@pytest.fixture
def repeating(dsn: str, rows: list[dict[str, Any]], tmp_path: Path) -> Iterator[int]:
    """The port of a command that compares twice a second."""
    port = free_port()
    words = ["reconcile", "--every", "500ms", "--port", str(port)]
    kept = environment(tmp_path, clickhouse=dsn, windows="all")
    with subprocess.Popen([sys.executable, "-m", "deploy", *words], cwd=tmp_path, env=kept) as running:
        yield port
        running.terminate()


def test_the_command_goes_on_and_tells_prometheus(client: Client, rows: list[dict[str, Any]], repeating: int) -> None:
    def measured() -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{repeating}/metrics") as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    until(lambda: 'sales_reconcile_difference{kpi="leads_created",window="all"} 0.0' in measured())
    publish(client, [row_of(rows, "leads_created") | {"count": 1}], revision=2)
    until(lambda: 'sales_reconcile_difference{kpi="leads_created",window="all"} 1.0' in measured())
    assert "sales_reconcile_last_time_seconds 1." in measured()
