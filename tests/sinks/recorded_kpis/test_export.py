"""What Prometheus is told of recorded KPIs: current and last period, their age, and nothing that holds up the sink."""

from __future__ import annotations

import time
from collections.abc import Iterator

import orjson
import pytest
from clickhouse_connect.driver.client import Client
from prometheus_client import CollectorRegistry

from schemas.settings import Settings
from sinks.clickhouse.recorded_kpis.export import Export, exporting
from sinks.clickhouse.recorded_kpis.views import create
from tests.sinks.recorded_kpis.test_by_hand import Teller
from tests.sinks.test_reconciliation import record

HOUR = 3_600_000
NOWHERE = "http://127.0.0.1:9/nowhere"


@pytest.fixture
def settings(dsn: str, client: Client) -> Iterator[Settings]:
    """Two customers at 100 a month each, one of them since last year."""
    found = Settings(clickhouse=dsn, recorded_export="mrr:year,churn_rate:year:team", _env_file=None)
    create(client, found)
    now, tell = round(time.time() * 1000), Teller()
    for name, won in (("old", now - 367 * 24 * HOUR), ("young", now - 60_000)):
        sold = {"amount": "10", "currency": "EUR", "monthly_recurring": "100", "team": "t-1"}
        tell.deal(name, "won", won - HOUR, won, **sold)
    record(client, map(orjson.dumps, tell.events), at=now)
    yield found


def mrr(registry: CollectorRegistry, when: str) -> float | None:
    labels = {"kpi": "mrr", "period": "year", "when": when, "scope": "all", "who": "all", "of": "", "currency": "EUR"}
    return registry.get_sample_value("sales_recorded_amount", labels)


def age(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("sales_recorded_age_seconds", {"kpi": "mrr", "period": "year", "scope": "all"})


def test_the_running_period_and_the_last_are_told_and_their_age(settings: Settings) -> None:
    registry, now = CollectorRegistry(), [1000.0]
    export = Export(settings, registry, lambda: now[0])
    assert mrr(registry, "current") is None, "nothing is said before it is known"
    export.compute()
    now[0] += 60
    assert (mrr(registry, "current"), mrr(registry, "last"), age(registry)) == (200, 100, 60)
    labels = {"kpi": "churn_rate", "period": "year", "scope": "team", "who": "t-1", "of": "", "currency": ""}
    assert registry.get_sample_value("sales_recorded_ratio", labels | {"when": "current"}) == 0


def test_what_cannot_be_computed_keeps_its_value_and_grows_old(settings: Settings, client: Client) -> None:
    registry, now = CollectorRegistry(), [1000.0]
    export = Export(settings, registry, lambda: now[0])
    export.compute()
    client.command("DROP VIEW mrr")
    now[0] += 900
    export.compute()
    assert (mrr(registry, "current"), age(registry)) == (200, 900)
    assert registry.get_sample_value("sales_recorded_failures_total") == 1


def test_a_clickhouse_that_is_away_is_waited_for_by_nobody() -> None:
    registry = CollectorRegistry()
    began = time.thread_time()
    with exporting(Settings(clickhouse=NOWHERE, recorded_interval="1s", _env_file=None), registry):
        assert age(registry) is None
    assert time.thread_time() - began < 1


def test_only_as_many_series_as_teams_may_have(settings: Settings) -> None:
    registry = CollectorRegistry()
    Export(
        settings.model_copy(update={"recorded_export": "leaderboard:year:team", "label_teams": 1}), registry
    ).compute()
    series = [one for family in registry.collect() for one in family.samples if one.labels.get("kpi") == "leaderboard"]
    assert len([one for one in series if one.labels.get("when") == "current"]) == 1
