"""What the command and the demo's screen ask ClickHouse: the views, read as any user would read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from clickhouse_connect.driver.client import Client

from schemas.catalogue import by_name
from schemas.results import timestamp

_COLUMNS: Final = (
    *("family", "kpi", "grouping", "dimensions", "window", "start", "end", "basis", "value", "exact", "count"),
    *("numerator", "denominator", "statistics", "revision", "final", "watermark"),
)
# As numbers: what a client makes of a time depends on its own time zone.
_MILLIS: Final = {name: f"toUnixTimestamp64Milli({name})" for name in ("start", "end", "watermark")}
_COUNTED: Final = {
    "events": "SELECT count() FROM events",
    "kpis": "SELECT count() FROM kpis FINAL",
    "leads": "SELECT count() FROM lead_facts FINAL",
    "sla_events": "SELECT count() FROM sla_events FINAL",
    "dead_letters": "SELECT count() FROM dead_letters FINAL",
}


def latest(
    client: Client,
    family: str | None = None,
    window: str | None = None,
    grouping: str | None = None,
    team: str | None = None,
    kpi: str | None = None,
    limit: int = 1000,
) -> list[dict[str, Any]]:
    """The rows of the newest window of each KPI, grouping and dimensions, shaped as the contract's KPI row.

    Each names its ``family`` too. What is not asked for is not filtered; newest window first within a KPI.
    """
    asked = {"family": family, "window": window, "grouping": grouping, "team": team, "kpi": kpi}
    filters = {name: value for name, value in asked.items() if value is not None}
    conditions = " AND ".join(f"{name} = %({name})s" for name in filters) or "1"
    query = (
        f"SELECT {', '.join(_MILLIS.get(name, name) for name in _COLUMNS)} FROM kpis_latest WHERE {conditions}"
        " ORDER BY kpi, grouping, window, dimensions, start DESC LIMIT 1 BY kpi, grouping, window, dimensions"
        f" LIMIT {int(limit)}"
    )
    found = client.query(query, parameters=filters)
    return [_row(dict(zip(_COLUMNS, row, strict=True))) for row in found.result_rows]


def counts(client: Client) -> dict[str, int]:
    """Rows by table: events as stored, the others as they stand."""
    query = ", ".join(f"({count}) AS {name}" for name, count in _COUNTED.items())
    row = client.query(f"SELECT {query}").first_row
    return dict(zip(_COUNTED, row, strict=True))


def dead_letters(client: Client) -> dict[str, int]:
    """Dead letters by reason."""
    return dict(
        client.query("SELECT reason, count() FROM dead_letters_once GROUP BY reason ORDER BY reason").result_rows
    )


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    row = dict(found)
    exact = row.pop("exact")
    counted = ("value", "numerator", "denominator") if _is_count(row["kpi"]) else ("numerator", "denominator")
    row |= {name: _whole(row[name]) for name in counted}
    row["value"] = exact or row["value"]
    row["dimensions"] = orjson.loads(row["dimensions"])
    row["statistics"] = orjson.loads(row["statistics"])
    for name in _MILLIS:
        row[name] = None if row[name] is None else timestamp(row[name])
    return row


def _is_count(name: str) -> bool:
    """Whether the headline is a number of things; the column holds every KPI's as a float."""
    kpi = by_name.get(name)
    return kpi is not None and kpi.kind in ("count", "now") and kpi.unit != "seconds"


def _whole(number: float | None) -> float | int | None:
    return int(number) if number is not None and number.is_integer() else number
