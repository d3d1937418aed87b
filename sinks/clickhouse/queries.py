"""What the command and the demo's screen ask ClickHouse: the views, read as any user would read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from clickhouse_connect.driver.client import Client

from schemas.catalogue import by_name
from schemas.events import Millis
from schemas.results import timestamp

_COLUMNS: Final = (
    *("family", "kpi", "grouping", "dimensions", "window", "start", "end", "basis", "value", "exact", "count"),
    *("numerator", "denominator", "statistics", "revision", "final", "watermark"),
)
# As numbers: what a client makes of a time depends on its own time zone.
_MILLIS: Final = {name: f"toUnixTimestamp64Milli({name})" for name in ("start", "end", "watermark")}
_SAME_SERIES: Final = (
    "kpi = %(kpi)s AND grouping = %(grouping)s AND window = %(window)s AND dimensions = %(dimensions)s"
)
_SAME_START: Final = "AND toUnixTimestamp64Milli(start) = %(start)s"
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


def running(
    client: Client, grouping: str, kpis: Sequence[str], windows: Sequence[str], at: Millis
) -> list[dict[str, Any]]:
    """The rows of a grouping whose window holds the instant, of these KPIs; those of now are of the window ``all``."""
    query = (
        f"SELECT {', '.join(_MILLIS.get(name, name) for name in _COLUMNS)} FROM kpis_latest"
        " WHERE grouping = %(grouping)s AND kpi IN %(kpis)s AND window IN %(windows)s"
        " AND (kpis_latest.end IS NULL OR toUnixTimestamp64Milli(kpis_latest.start) <= %(at)s"
        " AND toUnixTimestamp64Milli(kpis_latest.end) > %(at)s)"
    )
    asked = {"grouping": grouping, "kpis": list(kpis), "windows": list(windows), "at": at}
    found = client.query(query, parameters=asked)
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


def row(
    client: Client, kpi: str, grouping: str, window: str, dimensions: Mapping[str, str], start: Millis | None
) -> dict[str, Any] | None:
    """The row of a window that begins at ``start``, or of the newest; None where there is none."""
    asked = {"kpi": kpi, "grouping": grouping, "window": window, "dimensions": _sorted(dimensions), "start": start or 0}
    query = (
        f"SELECT {', '.join(_MILLIS.get(name, name) for name in _COLUMNS)} FROM kpis_latest WHERE {_SAME_SERIES}"
        f" {'' if start is None else _SAME_START} ORDER BY kpis_latest.start DESC LIMIT 1"
    )
    found = client.query(query, parameters=asked).result_rows
    return _row(dict(zip(_COLUMNS, found[0], strict=True))) if found else None


def history(
    client: Client, kpi: str, grouping: str, window: str, dimensions: Mapping[str, str], start: Millis
) -> list[dict[str, Any]]:
    """What a row has said so far, oldest first; ``written_ms`` is when, in milliseconds."""
    asked = {"kpi": kpi, "grouping": grouping, "window": window, "dimensions": _sorted(dimensions), "start": start}
    names = ("revision", "value", "exact", "count", "numerator", "denominator", "statistics", "final", "written_ms")
    query = (
        f"SELECT {', '.join(names[:-1])}, toUnixTimestamp64Milli(written_at) FROM kpi_revisions FINAL"
        f" WHERE {_SAME_SERIES} {_SAME_START} ORDER BY revision"
    )
    found = [dict(zip(names, row, strict=True)) for row in client.query(query, parameters=asked).result_rows]
    return [each | {"value": each["exact"] or each["value"]} for each in found]


def announcements(client: Client, lead: str) -> list[dict[str, Any]]:
    """What was announced of a lead's clocks, as it was published, in the order in which it happened."""
    query = "SELECT body FROM sla_once WHERE lead = %(lead)s ORDER BY at, revision, identity"
    return [orjson.loads(body) for (body,) in client.query(query, parameters={"lead": lead}).result_rows]


def forgotten_at(client: Client, mark: str) -> Millis | None:
    """When it was asked to forget the lead of this mark; None where it was not."""
    query = "SELECT count(), toUnixTimestamp64Milli(min(asked_at)) FROM forgotten WHERE subject = %(mark)s"
    asked, at = client.query(query, parameters={"mark": mark}).first_row
    return int(at) if asked else None


def forgotten(client: Client, marks: Sequence[str], at: Millis) -> dict[str, int] | None:
    """Rows by table that were deleted of the leads of these marks, on requests of ``at``; None before all are."""
    found = client.query(
        "SELECT removed FROM forgotten FINAL"
        " WHERE done AND subject IN %(marks)s AND toUnixTimestamp64Milli(asked_at) = %(at)s",
        parameters={"marks": list(marks), "at": at},
    ).result_rows
    if len(found) < len(marks):
        return None
    total: Counter[str] = Counter()
    for (removed,) in found:
        total.update(removed)
    return dict(total)


def _sorted(dimensions: Mapping[str, str]) -> str:
    return orjson.dumps(dimensions, option=orjson.OPT_SORT_KEYS).decode()


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
    return kpi is not None and kpi.kind in ("count", "now") and kpi.unit not in ("seconds", "ratio")


def _whole(number: float | None) -> float | int | None:
    return int(number) if number is not None and number.is_integer() else number
