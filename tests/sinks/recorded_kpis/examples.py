"""A row of each recorded KPI for its page; ``python -m tests.sinks.recorded_kpis.examples`` makes them anew."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from deploy.local.clickhouse import LocalClickHouse
from deploy.render.recorded_kpis import ROWS
from schemas.recorded_kpis import RECORDED

Row = dict[str, Any]
ANEW: Final = f"{ROWS.name} is stale: run `python -m {__name__}` and `salespulse render`"


def example(found: Sequence[Row]) -> Row:
    """Of the rows of a KPI the one that says most: with a value, with one before it, of most cases; else the first."""
    return max(found, key=lambda row: (bool(row["value"]), bool(row["before"]), row["n"]))


def assert_shown(found: Sequence[Row]) -> None:
    """The row that the page has of the KPI is the one that these rows give."""
    made = example(found)
    [shown] = [row for line in ROWS.read_bytes().splitlines() if (row := orjson.loads(line))["kpi"] == made["kpi"]]
    for name, value in made.items():
        is_exact = not isinstance(value, (float, dict))
        assert shown[name] == (value if is_exact else pytest.approx(value, rel=1e-9)), f"{made['kpi']}.{name}: {ANEW}"


def main() -> None:
    """Record what the tests record, ask for every KPI, write the rows."""
    from tests.sinks.recorded_kpis.test_against_oracle import firm, looked_at

    with tempfile.TemporaryDirectory() as directory, LocalClickHouse(Path(directory)) as server:
        client = firm(server.start().rsplit("/", 1)[0])
        made = [example(looked_at(client, kpi)) for kpi in RECORDED]
        client.close()
    ROWS.write_bytes(
        b"".join(orjson.dumps(row, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE) for row in made)
    )


if __name__ == "__main__":
    main()
