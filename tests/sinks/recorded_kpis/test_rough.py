"""Recorded KPIs of leads without rhyme or reason against plain Python: duplicates, merges in circles, and worse."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from schemas.recorded_kpis import RECORDED
from schemas.results import timestamp
from sinks.clickhouse.recorded_kpis.views import create
from sinks.clickhouse.schema import connect, migrate
from tests.conftest import at
from tests.sinks.recorded_kpis.oracle import ORACLE
from tests.sinks.recorded_kpis.test_against_oracle import SETTINGS, compared
from tests.sinks.recorded_kpis.world import World
from tests.sinks.rough import START, rough
from tests.sinks.test_reconciliation import record

SEED: Final = 11
LEADS: Final = 150
ASKED: Final = ("week", "2026-03-09", "2026-03-30")
_HOUR: Final = 3_600_000


def aftermath(seed: int) -> Iterator[bytes]:
    """Accounts, and how deals go on, whether they were won before or not."""
    random = Random(seed)
    for number in range(2 * LEADS):
        lead = f"lead-{random.randrange(LEADS)}"
        kind = random.choice(("deal.renewed", "deal.expanded", "deal.churned", "lead.engaged"))
        data: dict[str, Any] = {
            "deal_id": random.choice(("d", "e")), "amount": random.choice((None, "5.5", 7)),
            "currency": random.choice((None, "USD")), "monthly_recurring": random.choice((None, "3", "0.1")),
            "kind": random.choice((None, "cross_sell")), "product": random.choice((None, "atlas")),
        }  # fmt: skip
        if kind == "lead.engaged":
            data = {"account": f"acme-{random.randrange(20)}", "segment": random.choice((None, "smb"))}
        yield orjson.dumps({
            "specversion": "1.0", "id": f"after-{number}", "source": "crm", "type": kind, "subject": lead,
            "time": timestamp(START + random.randrange(40 * 24) * _HOUR),
            "data": {name: value for name, value in data.items() if value is not None},
        })  # fmt: skip


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    found = [*rough(SEED, LEADS), *aftermath(SEED)]
    Random(SEED).shuffle(found)
    return found


@pytest.fixture(scope="module")
def client(clickhouse: str, lines: list[bytes]) -> Iterator[Client]:
    found = connect(at(f"{clickhouse}/rough"))
    migrate(found, SETTINGS)
    create(found, SETTINGS)
    record(found, lines)
    yield found
    found.close()


@pytest.fixture(scope="module")
def world(lines: list[bytes]) -> World:
    return World(lines, SETTINGS)


OF_EVENTS: Final = [kpi for kpi in RECORDED if kpi.name in ORACLE and kpi.subject != "What people say"]


@pytest.mark.parametrize("kpi", OF_EVENTS, ids=lambda kpi: kpi.name)
def test_leads_without_rhyme_or_reason_have_their_kpis(client: Client, world: World, kpi: Any) -> None:
    compared(client, world, kpi, ASKED, kpi.scopes[len(kpi.name) % len(kpi.scopes)])
