"""The query of ``docs/upgrading.md`` that fills a second pipeline, on the real engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import orjson
from clickhouse_connect.driver.client import Client

from deploy.produce import address
from deploy.simulator.floor import simulate
from schemas.publishing import dumps
from tests.agents.driving import Pipeline, bare
from tests.agents.test_leads import FEW, line
from tests.sinks.test_reconciliation import DAY, NOW, record

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "upgrading.md"


def rows(lines: list[bytes], folder: Path) -> object:
    pipeline = Pipeline(FEW, folder)
    pipeline.feed(lines)
    pipeline.commit(NOW)
    return bare(pipeline.rows())


def test_what_clickhouse_keeps_makes_the_same_numbers_as_the_events_made(client: Client, tmp_path: Path) -> None:
    told = [dumps(event) for event in simulate(3, 40, NOW - 60 * DAY)]
    told += [
        line("email.sent", NOW - DAY, "lead-1", "sent", message_id="m", rep="r-1"),
        line("email.replied", NOW - DAY + 60_000, "lead-1", "no", in_reply_to="m", text="We are not interested."),
    ]
    record(client, [*told, *told[:9]])
    [query] = re.findall(r"^```sql\n(.*?)^```", DOCUMENT.read_text(), re.M | re.S)
    kept = client.raw_query(query).splitlines()
    assert len(kept) == len({(orjson.loads(each)["source"], orjson.loads(each)["id"], address(each)) for each in told})
    [reply] = [orjson.loads(each) for each in kept if b'"no"' in each]
    assert (reply["data"]["class"], "text" in reply["data"]) == ("negative", False)
    assert rows(kept, tmp_path / "again") == rows(told, tmp_path / "once")
