"""KPIs as tables that a sales manager can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any, get_args

from clickhouse_connect import get_client
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich import box
from rich.table import Table

from deploy.failures import Failure
from deploy.listings import console
from deploy.wording import duration, share
from schemas import connection
from schemas.catalogue import Family, by_name
from schemas.settings import Settings
from sinks.clickhouse import queries

Row = dict[str, Any]
"""A KPI row as the contract shapes it."""


def latest(
    settings: Settings, family: str | None, kpi: str | None, window: str, grouping: str | None, team: str | None
) -> list[Row]:
    """The latest rows from ClickHouse; those of *now* come with any window. ``team`` implies its grouping."""
    grouping = grouping or ("team" if team else "all")
    with expecting_tables(), closing(client_of(settings)) as client:
        rows: list[Row] = queries.latest(client, family, window, grouping, team, kpi)
        if window != "all":
            current = queries.latest(client, family, "all", grouping, team, kpi)
            rows += [row for row in current if _kind(row) == "now"]
    return rows


def client_of(settings: Settings) -> Client:
    """A client of ``settings.clickhouse`` whose queries may run side by side."""
    return get_client(**connection.clickhouse(settings), autogenerate_session_id=False)


@contextmanager
def expecting_tables() -> Iterator[None]:
    """``Failure`` where the sink has not yet made the tables that are asked for."""
    try:
        yield
    except ClickHouseError as error:
        if any(code in str(error) for code in ("UNKNOWN_TABLE", "UNKNOWN_DATABASE", "UNKNOWN_FUNCTION")):
            raise Failure("ClickHouse has no KPIs yet: `salespulse sink clickhouse` brings them, or the demo") from None
        raise


def show(rows: Sequence[Row], window: str) -> None:
    """Print one table per family."""
    out = console()
    if not rows:
        out.print(f"no KPIs yet for the window {window}: is the sink running, and has anything happened?")
    for family in get_args(Family):
        inside = [row for row in rows if by_name[row["kpi"]].family == family]
        if inside:
            out.print(_family(family, sorted(inside, key=_place)))


def show_replay(result: dict[str, Any]) -> None:
    """Print what a replay found: its events, and the KPIs of the whole log."""
    events = result["events"]
    letters = ", ".join(f"{reason} {n:,}" for reason, n in events["dead_letters"].items()) or "none"
    show([row for row in result["kpis"] if row["window"] == "all" and row["grouping"] == "all"], "all")
    console().print(f"{events['read']:,} events read, {events['distinct']:,} of them distinct; dead letters: {letters}")


def measured(row: Row) -> tuple[str, str, str]:
    """Value, n and the rest of a KPI row, in words."""
    return _WORDS[_kind(row)](row)


def quantile(row: Row, name: str) -> str:
    """A quantile of a duration row in words; ``≥`` where it falls among leads that nobody has answered yet."""
    statistics = row.get("statistics") or {}
    bound = "≥ " if name in statistics.get("lower_bounds", ()) and statistics.get(name) is not None else ""
    return bound + duration(statistics.get(name))


def _duration(row: Row) -> tuple[str, str, str]:
    statistics = row["statistics"]
    rest = []
    if statistics.get("p90") is not None:
        rest.append(f"9 of 10 in {quantile(row, 'p90')}")
    if "within" in statistics:
        rest.append(f"{statistics['within']['300']:,} within 5 min")
    if statistics.get("censored"):
        rest.append(f"{statistics['censored']:,} still open")
    return quantile(row, "p50"), f"{row['count']:,}", ", ".join(rest)


def _ratio(row: Row) -> tuple[str, str, str]:
    steps = row["statistics"].get("at_least") or {}
    shown = [f"{touches}+ touches {steps[touches]:,}" for touches in _STEPS if steps.get(touches)]
    return share(row["value"]), _fraction(row), ", ".join(shown)


def _mean(row: Row) -> tuple[str, str, str]:
    return "–" if row["value"] is None else f"{row['value']:.2f}", _fraction(row), ""


def _tally(row: Row) -> tuple[str, str, str]:
    return f"{row['count']:,}", "", ""


def _sum(row: Row) -> tuple[str, str, str]:
    return _money(row["value"]), f"{row['count']:,}", ""


def _money(value: str | None) -> str:
    return "–" if value is None else f"{round(Decimal(value), 2):,f}"


def _now(row: Row) -> tuple[str, str, str]:
    unit = by_name[row["kpi"]].unit
    if unit == "seconds":
        return duration(row["value"]), "" if row["kpi"] == "oldest_open_lead" else f"{row['count']:,}", ""
    if unit == "ratio":
        return share(row["value"]), f"{row['count']:,}", ""
    if unit.startswith("currency"):
        return _money(row["value"]), f"{row['count']:,}", "a day" if unit.endswith("day") else ""
    if row["kpi"] == "stagnant_deals":
        return "–" if row["value"] is None else f"{row['value']:,}", f"{row['count']:,}", _too_long(row["statistics"])
    bands = row["statistics"].get("bands") or {}
    ages = [f"{bands[band]:,} {age}" for band, age in _AGES.items() if bands.get(band)]
    return f"{row['count']:,}", "", ", ".join(ages)


def _too_long(statistics: dict[str, Any]) -> str:
    limit, by_policy = statistics.get("limit"), statistics.get("by_policy")
    if limit is None:
        return "for longer than their policy allows" if by_policy else "too few have left the stage to tell"
    return f"for longer than {duration(limit)}" + (f"; {by_policy:,} by their policy" if by_policy else "")


def _fraction(row: Row) -> str:
    return f"{_amount(row['numerator'])} / {_amount(row['denominator'])}"


def _amount(part: float | None) -> str:
    """A whole number, or hours and the like to the hundredth."""
    amount = part or 0
    return f"{amount:,.0f}" if amount == round(amount) else f"{amount:,.2f}"


_WORDS = {"duration": _duration, "ratio": _ratio, "mean": _mean, "count": _tally, "sum": _sum, "now": _now}
_AGES = {
    "300": "under 5 min",
    "900": "under 15 min",
    "3600": "under 1 h",
    "14400": "under 4 h",
    "86400": "under 24 h",
    "older": "older than 24 h",
}
_STEPS = ("2", "3", "5", "8")


def _family(family: str, rows: Sequence[Row]) -> Table:
    table = Table(title=family, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1))
    dated = any(_since(row) for row in rows)
    for heading in ("KPI", "of", "since")[: 3 if dated else 2]:
        table.add_column(heading, no_wrap=True)
    for heading in ("value", "n"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    before = None
    for row in rows:
        name = row["kpi"].replace("_", " ")
        of = ", ".join(row["dimensions"].values()) or "all"
        since = [_since(row)] if dated else []
        table.add_row("" if name == before else name, of, *since, *measured(row))
        before = name
    return table


def _place(row: Row) -> tuple[int, list[str], str]:
    return list(by_name).index(row["kpi"]), list(row["dimensions"].values()), row["start"]


def _since(row: Row) -> str:
    """When its window began; windows ``all`` have always been open."""
    return "" if row["window"] == "all" else row["start"].removesuffix(":00Z").replace("T", " ")


def _kind(row: Row) -> str:
    return by_name[row["kpi"]].kind
