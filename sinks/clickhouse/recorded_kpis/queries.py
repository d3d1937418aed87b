"""The recorded KPIs read back: rows of one KPI, period and scope, as the command shows them and Prometheus is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from schemas.events import Millis
from schemas.recorded_kpis import RecordedKpi
from schemas.results import timestamp

_MILLIS: Final = {name: f"toUnixTimestamp64Milli({name})" for name in ("start", "end")}
_COLUMNS: Final = (
    *("kpi", "scope", "who", "of", "currency", "start", "end", "value", "n", "numerator", "denominator", "statistics"),
    *("before", "before_n", "small", "definition"),
)


def rows(
    client: Client, kpi: RecordedKpi, since: Millis, until: Millis, period: str, scope: str, **settings: Any
) -> list[dict[str, Any]]:
    """A KPI in each period that ``[since, until)`` touches, by start, who, currency and of.

    ``period`` and ``scope`` are of the catalogue, ``settings`` are the engine's. Times are RFC 3339;
    money that was added up is a decimal string, exact as everywhere.
    """
    asked = f"from = '{timestamp(since)}', to = '{timestamp(until)}', period = '{period}', scope = '{scope}'"
    query = f"SELECT {', '.join(_MILLIS.get(name, name) for name in _COLUMNS)} FROM {kpi.name}({asked})"
    found = client.query(query, settings=settings).result_rows
    return [_row(kpi, dict(zip(_COLUMNS, row, strict=True))) for row in found]


def signals(client: Client, view: str, since: Millis, until: Millis, **scope: str) -> list[dict[str, Any]]:
    """The rows of ``leading_lagging``, ``training_signals`` or ``quality_quantity`` over ``[since, until)``."""
    asked = {"from": timestamp(since), "to": timestamp(until)} | scope
    listed = ", ".join(f"{name} = '{value}'" for name, value in asked.items())
    found = client.query(f"SELECT * FROM {view}({listed})")
    # What is divided by nothing is not a number, and no JSON.
    rows_said = [[None if value != value else value for value in row] for row in found.result_rows]
    return [dict(zip(found.column_names, row, strict=True)) for row in rows_said]


def _row(kpi: RecordedKpi, found: dict[str, Any]) -> dict[str, Any]:
    numerator = _exact(found["numerator"])
    is_sum = kpi.unit == "money" and kpi.kind in ("sum", "estimate")
    return found | {
        "start": timestamp(found["start"]),
        "end": timestamp(found["end"]),
        "value": f"{found['numerator'].normalize():f}" if is_sum else found["value"],
        "numerator": numerator,
        "denominator": _exact(found["denominator"]),
        "small": bool(found["small"]),
    }


def _exact(number: Decimal) -> int | str:
    """A whole number as one, anything else as text: no digit is lost."""
    return int(number) if number == number.to_integral_value() else f"{number.normalize():f}"
