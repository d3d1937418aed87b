"""Recorded KPIs as the command shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
import pytest
import structlog
from typer.testing import CliRunner

from deploy.cli import app
from deploy.recorded_kpis import between, show, worded
from deploy.signals import show as show_signals
from deploy.simulator.reading import millis
from schemas.recorded_kpis import by_name
from schemas.settings import Settings
from sinks.clickhouse.recorded_kpis.views import create
from sinks.clickhouse.schema import connect, migrate
from tests.conftest import at
from tests.sinks.recorded_kpis.test_by_hand import Teller, book, survey
from tests.sinks.test_reconciliation import record

BERLIN = Settings(timezone="Europe/Berlin", _env_file=None)


def test_days_are_those_of_the_time_zone() -> None:
    now = millis("2025-03-15T09:00:00Z")
    span = between(BERLIN, now, date(2025, 3, 1), date(2025, 4, 1))
    assert span == (millis("2025-02-28T23:00:00Z"), millis("2025-03-31T22:00:00Z"))
    assert between(BERLIN, now, None, None) == (now, now)
    assert between(BERLIN, now, None, None, weeks=1) == (millis("2025-03-08T09:00:00Z"), now)


@pytest.mark.parametrize(
    ("kpi", "value", "currency", "words"),
    [
        ("churn_rate", 0.25, "", "25.0 %"),
        ("mrr", "1350.5", "EUR", "1,350.50 EUR"),
        ("customer_lifecycle_length", 90_000.0, "", "1 d 1 h"),
        ("nps", -20.0, "", "-20"),
        ("loss_reasons", 3.0, "", "3"),
        ("leaderboard", 3.0, "", "3"),
        ("leaderboard", 1200.0, "USD", "1,200.00 USD"),
        ("revenue_retention", 0.875, "EUR", "87.5 %"),
        ("churn_rate", None, "", "–"),
    ],
)
def test_values_are_said_in_their_unit(kpi: str, value: Any, currency: str, words: str) -> None:
    assert worded(by_name[kpi], value, currency) == words


@pytest.fixture(scope="module")
def book_and_survey(clickhouse: str) -> str:
    """DSN of a database with a book of customers and a survey in it."""
    dsn, tell, settings = f"{clickhouse}/shown", Teller(), Settings(_env_file=None)
    client = connect(at(dsn))
    migrate(client, settings)
    create(client, settings)
    book(tell)
    survey(tell)
    record(client, map(orjson.dumps, tell.events))
    client.close()
    return dsn


@pytest.fixture
def recorded(book_and_survey: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command finds them. What it does to the log, which it is given for its own, ends with the test."""
    monkeypatch.setenv("SALESPULSE_CLICKHOUSE", book_and_survey)
    yield
    structlog.reset_defaults()


def salespulse(*words: str) -> Any:
    return CliRunner().invoke(app, words)


def test_a_kpi_is_shown_beside_the_period_before_and_small_samples_are_marked(recorded: None) -> None:
    asked = ("recorded", "churn_rate", "nps", "mrr", "--scope", "team", "--from", "2025-03-01", "--to", "2025-04-01")
    shown = salespulse(*asked).stdout
    assert "book" in shown and "25.0 %" in shown and "4*" in shown
    assert "350.00 EUR" in shown and "400.00 EUR" in shown
    assert "+20" in shown and "detractors 3, passives 2, promoters 5" in shown
    assert "it may be chance" in shown


def test_a_machine_gets_every_row_as_json(recorded: None) -> None:
    found = salespulse("recorded", "mrr", "--from", "2025-03-01", "--to", "2025-04-01", "--json").stdout.splitlines()
    [row] = [json.loads(line) for line in found if line.startswith("{")]
    assert (row["value"], row["currency"], row["start"], row["n"]) == ("350", "EUR", "2025-03-01T00:00:00Z", 3)


def test_what_is_wrong_with_the_question_is_said(recorded: None) -> None:
    for words, said in (
        (("recorded", "churn"), "none of the recorded KPIs"),
        (("recorded", "nps", "--scope", "stage"), "none of these is shown by"),
        (("recorded", "--period", "fortnight"), "--period is one of"),
        (("signals", "--scope", "region"), "--scope is one of"),
    ):
        result = salespulse(*words)
        assert result.exit_code == 2 and said in result.output, words


def test_signals_are_printed_with_what_is_to_be_borne_in_mind(
    recorded: None, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("signals", "--from", "2025-01-01", "--to", "2025-06-01", "--json")
    found = json.loads(salespulse(*asked).stdout.splitlines()[-1])
    assert set(found) == {"leading_lagging", "quality_quantity", "training_signals"}
    show_signals(found)
    shown = capsys.readouterr().out
    assert "Far from their peers: nobody is" in shown and "none of them says why" in shown


def test_nothing_recorded_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    show([], "UTC")
    assert "nothing was recorded" in capsys.readouterr().out
