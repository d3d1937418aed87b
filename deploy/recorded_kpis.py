"""Recorded KPIs for the command: asked of ClickHouse, shown as tables that a sales manager can read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich import box
from rich.table import Table

from deploy.listings import console
from deploy.tables import client_of, expecting_tables
from deploy.wording import duration, share
from schemas.events import Millis
from schemas.recorded_kpis import RecordedKpi, by_name
from schemas.settings import Settings
from sinks.clickhouse.recorded_kpis import queries

Row = dict[str, Any]
Span = tuple[Millis, Millis]


def between(settings: Settings, now: Millis, since: date | None, until: date | None, weeks: int = 0) -> Span:
    """From the beginning of the one day to that of the other, in the zone of the settings; else up to now."""
    zone = ZoneInfo(settings.timezone)
    end = now if until is None else _midnight(until, zone)
    if since is not None:
        return _midnight(since, zone), end
    begun = datetime.fromtimestamp(end / 1000, UTC) - timedelta(weeks=weeks)
    return round(begun.timestamp() * 1000), end


def measured(
    settings: Settings,
    kpis: Sequence[RecordedKpi],
    span: Span,
    period: str,
    scope: str | None,
    report: Callable[[str], None],
) -> Iterator[Row]:
    """The rows of each KPI in turn, by its first scope unless another is asked for."""
    with expecting_tables(), closing(client_of(settings)) as client:
        for kpi in kpis:
            report(f"computing {kpi.name}")
            yield from queries.rows(client, kpi, *span, period, scope or _first_scope(kpi, settings))


def show(rows: Sequence[Row], timezone: str) -> None:
    """Print one table per subject of the catalogue; days are those of the time zone."""
    out = console()
    if not rows:
        out.print("nothing was recorded in this period")
    for subject in dict.fromkeys(by_name[row["kpi"]].subject for row in rows):
        out.print(_table(subject, [row for row in rows if by_name[row["kpi"]].subject == subject], ZoneInfo(timezone)))
    if any(row["small"] for row in rows):
        out.print("* of few cases only: it may be chance")


def worded(kpi: RecordedKpi, value: float | str | None, currency: str) -> str:
    """A value as a person reads it; a dash where there is none."""
    if value is None:
        return "–"
    if (currency and kpi.kind in ("sum", "estimate", "rank", "folded")) or kpi.unit == "money":
        return f"{float(value):,.2f} {currency}".rstrip()
    match kpi.unit:
        case "ratio":
            return share(float(value))
        case "seconds":
            return duration(float(value))
        case "points":
            return f"{float(value):+.0f}"
        case _:
            number = float(value)
            return f"{number:,.0f}" if number == round(number) else f"{number:,.2f}"


def _first_scope(kpi: RecordedKpi, settings: Settings) -> str:
    return next(scope for scope in kpi.scopes if scope != "rep" or settings.rep_level != "off")


def _midnight(day: date, zone: ZoneInfo) -> Millis:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def _table(subject: str, rows: Sequence[Row], zone: ZoneInfo) -> Table:
    table = Table(title=subject, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in ("KPI", "of", "since"):
        table.add_column(heading, no_wrap=True)
    for heading in ("value", "n", "before"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    last = None
    for row in rows:
        kpi = by_name[row["kpi"]]
        table.add_row("" if kpi.name == last else kpi.name.replace("_", " "), *_cells(kpi, row, zone))
        last = kpi.name
    return table


def _cells(kpi: RecordedKpi, row: Row, zone: ZoneInfo) -> tuple[str, ...]:
    # A share has no currency of its own, but may be of amounts in one.
    money = row["currency"] if kpi.unit == "ratio" else ""
    of = ", ".join(text for text in (row["who"], row["of"], money) if text)
    since = datetime.fromisoformat(row["start"]).astimezone(zone).date().isoformat()
    rest = ", ".join(f"{name} {number:,.6g}" for name, number in row["statistics"].items())
    said = "; ".join(text for text in (rest, row["definition"]) if text)
    small = "*" if row["small"] else ""
    value, before = (worded(kpi, row[name], row["currency"]) for name in ("value", "before"))
    return of, since, value, f"{row['n']:,}{small}", before, said
