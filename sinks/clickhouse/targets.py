"""Targets in ClickHouse: read as they were set, written as they stand, read back with what was reached of them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from clickhouse_connect.driver.client import Client

from schemas.events import Millis
from schemas.results import row_key, timestamp
from schemas.targets import EVERYBODY, Aim, Target, is_money


class Recorded(NamedTuple):
    """One event of a target: ``target`` as it says, whether that ``revokes`` it, and whether it ``holds``.

    Of the events of a subject the latest holds, by event time.
    """

    target: Target
    revokes: bool
    holds: bool


class Pursued(NamedTuple):
    """What was reached of an aim: ``actual`` and ``attained`` are None where nothing can be measured."""

    subject: str
    level: str
    scope: str
    who: str
    start: Millis
    actual: Decimal | None
    attained: float | None
    n: int


def are_kept(client: Client) -> bool:
    """Whether the tables and views of targets are there."""
    return bool(client.command("EXISTS VIEW recorded_pursuits"))


def recorded(client: Client, currency: str) -> list[Recorded]:
    """Every event of every target whose period can be read, oldest first; ``currency`` is that of those without."""
    query = (
        "SELECT subject, kpi, rep, team, by, exact, JSONExtractString(body, 'data', 'currency') AS currency,"
        " toUnixTimestamp64Milli(assumeNotNull(targets.start)) AS start,"
        " toUnixTimestamp64Milli(assumeNotNull(targets.end)) AS end,"
        " toUnixTimestamp64Milli(targets.time) AS time, source, id, revoked,"
        " (targets.time, source, id) = max((targets.time, source, id)) OVER (PARTITION BY subject) AS holds"
        " FROM (SELECT * FROM targets FINAL ORDER BY subject, source, id, body LIMIT 1 BY subject, source, id)"
        " AS targets"
        " WHERE targets.start IS NOT NULL AND targets.end > targets.start"
        " ORDER BY targets.time, source, id"
    )
    found = client.query(query)
    rows = (dict(zip(found.column_names, row, strict=True)) for row in found.result_rows)
    return [Recorded(_target(row, currency), bool(row["revoked"]), bool(row["holds"])) for row in rows]


def fingerprint(client: Client) -> tuple[Any, ...]:
    """What changes whenever an event of a target has arrived."""
    return tuple(client.query("SELECT count(), max(written_at), sum(digest) FROM targets FINAL").first_row)


def write(client: Client, aims: Iterable[Aim], at: Millis) -> None:
    """Have these stand, as of ``at``, in place of all others."""
    standing = [
        (
            *(aim.subject, aim.kpi, aim.scope, aim.who, aim.team, aim.currency, aim.start, aim.end, aim.value),
            *(aim.whole, aim.origin, aim.level, aim.working_days, aim.present_days),
        )
        for aim in aims
    ]
    client.insert("standing_targets", [(0, standing, at)], ("place", "aims", "computed_at"))


def pursued(client: Client, **settings: Any) -> list[Pursued]:
    """What was reached of every aim; ``settings`` are the engine's."""
    query = (
        "SELECT subject, level, scope, who, toUnixTimestamp64Milli(start), actual, attained, n FROM recorded_pursuits"
    )
    return [Pursued(*row) for row in client.query(query, settings=settings).result_rows]


def published(client: Client) -> set[bytes]:
    """The keys of the rows of targets that stand in the table of KPIs."""
    query = (
        "SELECT kpi, grouping, dimensions, window, toUnixTimestamp64Milli(start) FROM kpis_latest"
        " WHERE family = 'target'"
    )
    return {
        row_key(kpi, grouping, orjson.loads(dimensions), window, timestamp(start))
        for kpi, grouping, dimensions, window, start in client.query(query).result_rows
    }


def _target(row: dict[str, Any], home: str) -> Target:
    rep, team = row["rep"], row["team"]
    stated = row["currency"] or (home if is_money(row["kpi"]) else "")
    return Target(
        subject=row["subject"], kpi=row["kpi"], scope="rep" if rep else "team" if team else "all",
        who=rep or team or EVERYBODY, currency=stated, start=row["start"], end=row["end"],
        value=Decimal(row["exact"] or 0), time=row["time"], source=row["source"], id=row["id"], by=row["by"], team=team,
    )  # fmt: skip
