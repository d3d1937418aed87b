"""What recorded weeks and deals suggest: leading activities, much against well, reps far from their peers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final

from rich import box
from rich.table import Table

from deploy.listings import console
from deploy.tables import client_of, expecting_tables
from schemas.events import Millis
from schemas.settings import Settings
from sinks.clickhouse.recorded_kpis import queries

_SHOWN: Final = 15

Row = dict[str, Any]


def found(settings: Settings, span: tuple[Millis, Millis], scope: str) -> dict[str, list[Row]]:
    """The rows of the views ``leading_lagging``, ``quality_quantity`` and ``training_signals``."""
    with expecting_tables(), closing(client_of(settings)) as client:
        return {
            "leading_lagging": queries.signals(client, "leading_lagging", *span, scope=scope),
            "quality_quantity": queries.signals(client, "quality_quantity", *span),
            "training_signals": queries.signals(client, "training_signals", *span),
        }


def show(result: dict[str, list[Row]]) -> None:
    """Print the strongest of each kind, and what is to be borne in mind."""
    out = console()
    strongest = [row for row in result["leading_lagging"] if row["is_strongest"]][:_SHOWN]
    out.print(_table("What moved before the results", _LEADING, strongest, "not enough weeks yet"))
    if any(row["small"] for row in strongest):
        out.print("* fewer than twelve weeks side by side: it may well be chance.")
    out.print("These are the strongest of very many that were tried, and none of them says why.")
    out.print(_table("Much or well", _QUALITY, result["quality_quantity"][:_SHOWN], "nothing was done"))
    far = [row for row in result["training_signals"] if row["is_far"]]
    out.print(_table("Far from their peers", _TRAINING, far, "nobody is"))


_LEADING: Final = {
    "result": lambda row: f"{row['result']} {row['currency']} {'' if row['who'] == 'all' else row['who']}".strip(),
    "moved after": lambda row: row["activity"],
    "weeks later": lambda row: str(row["weeks_before"]),
    "correlation": lambda row: f"{row['correlation']:+.2f}",
    "n": lambda row: f"{row['n']}{'*' if row['small'] else ''}",
}
_QUALITY: Final = {
    "rep": lambda row: f"{row['rep']} ({row['team']})",
    "activities": lambda row: f"{row['activities']:,} (median {row['median_activities']:,.0f})",
    "deals won": lambda row: f"{row['deals_won']:,}{'*' if row['small'] else ''}",
    "activities per won deal": lambda row: _number(row["activities_per_won_deal"]),
    "median": lambda row: _number(row["median_per_won_deal"]),
}
_TRAINING: Final = {
    "rep": lambda row: f"{row['rep']} ({row['team']})",
    "signal": lambda row: row["signal"].replace("_", " "),
    "value": lambda row: f"{row['value']:.2f}",
    "team's mean": lambda row: f"{row['peers']:.2f}",
    "deviations": lambda row: f"{row['deviations']:+.1f}",
    "n": lambda row: f"{row['n']:,}",
}


def _number(number: float | None) -> str:
    return "–" if number is None or number != number else f"{number:,.1f}"


def _table(title: str, columns: dict[str, Any], rows: Sequence[Row], nothing: str) -> Table | str:
    if not rows:
        return f"{title}: {nothing}"
    table = Table(*columns, title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1))
    for row in rows:
        table.add_row(*(worded(row) for worded in columns.values()))
    return table
