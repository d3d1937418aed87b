"""Published KPI rows against the recorded events, by SQL that shares no code with what streams them.

The queries are ``reconcile/*.sql``, run in the order of their names on one session, whose temporary tables
they fill: leads, what was said to them, what each adds to the KPIs, rows, differences.

Rows and events come to ClickHouse separately, seconds apart, so that what differs at one look may only be on
its way. Everything is therefore read again, a few times within ``PATIENCE``, until nothing differs. What then
still differs, by the same numbers and under the same revision as at every look before, is a difference; what
was published meanwhile or differs by other numbers is ``moving`` and is not judged.

Compared are rows whose window lies in the period, and those of the window ``all``. KPIs of *now* are those of the row's
own watermark, their bands of age to a minute, ages of deals to two and a half; a row of deals out of whose 90 days
something goes within a minute of it is ``moving`` where it differs. What retention has removed is not missed: of 1m and
5m only windows are compared that ``keep_fine_windows`` cannot have removed; where ``keep_events`` may have removed
events of a lead, none in which something happened to it, nor the window ``all``. Of leads that were forgotten on
request the numbers stay and the events do not: rows of windows in which something happened to one, and ``all``, are
``unverifiable`` where they differ. So are rows of clocks of which the announcements do not tell enough: those of *now*
by team or rep, those by policy and team, those of windows where clocks stood still.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from msgspec import Struct

from schemas import connection
from schemas.events import Millis
from schemas.results import timestamp
from schemas.settings import Settings

PATIENCE: Final = (0.0, 4.0, 8.0, 8.0)
"""Seconds before each look. Together more than what is normal between an event and its rows."""
_BEHIND_MS: Final = 15_000
"""Rows of *now* are published every ten seconds."""
_SETTLE_MS: Final = 60_000
_SHOWN: Final = 20
_SHOWN_OF_EACH: Final = 2
_ASIDE: Final = "('equal', 'moving', 'unverifiable')"
"""Verdicts of rows that are no differences."""
_SCRIPTS: Final = files("sinks.clickhouse") / "reconcile"


class Scope(Struct, frozen=True):
    """What is compared: names as the catalogue has them, and the period ``[start, end)``."""

    kpis: tuple[str, ...]
    groupings: tuple[str, ...]
    windows: tuple[str, ...]
    start: Millis
    end: Millis


class Tally(Struct, frozen=True):
    """Rows of one KPI and window: missing ones were not published, surplus ones should not be.

    Of those ``unverifiable`` the events of leads are missing that were forgotten on request, or announcements do not
    tell enough.
    """

    kpi: str
    window: str
    equal: int
    different: int
    missing: int
    surplus: int
    moving: int
    unverifiable: int = 0

    @property
    def compared(self) -> int:
        """All of them but those that are on the move or cannot be told."""
        return self.equal + self.differences

    @property
    def differences(self) -> int:
        """Rows that are not as they should be."""
        return self.different + self.missing + self.surplus


class Difference(Struct, frozen=True):
    """One row that is not as it should be; ``numbers`` are name, published and recomputed, None where there is none."""

    kpi: str
    window: str
    grouping: str
    dimensions: dict[str, str]
    start: str
    verdict: str
    numbers: list[tuple[str, float | None, float | None]]


class Reconciliation(Struct, frozen=True):
    """What a comparison found; ``examples`` are the first of its differences."""

    tallies: list[Tally]
    examples: list[Difference]

    @property
    def compared(self) -> int:
        """Rows that were compared."""
        return sum(tally.compared for tally in self.tallies)

    @property
    def differences(self) -> int:
        """Rows that are not as they should be."""
        return sum(tally.differences for tally in self.tallies)

    @property
    def moving(self) -> int:
        """Rows that changed while they were looked at."""
        return sum(tally.moving for tally in self.tallies)

    @property
    def unverifiable(self) -> int:
        """Rows that hold what forgotten leads added, and differ from what is left of the events."""
        return sum(tally.unverifiable for tally in self.tallies)


class Behind(Exception):
    """The published rows are so far behind the events that a comparison would say nothing."""


def session(settings: Settings) -> Client:
    """A client with a session of its own, which temporary tables need; its queries may take an hour."""
    return clickhouse_connect.get_client(
        **connection.clickhouse(settings), autogenerate_session_id=True, connect_timeout=5, send_receive_timeout=3600
    )


def reconcile(
    client: Client, settings: Settings, scope: Scope, now: Millis, sleep: Callable[[float], None]
) -> Reconciliation:
    """Compare on a client made by ``session``; ``now`` is the present, ``sleep`` waits between two looks.

    Raises ``Behind`` where rows differ that the worker may not have come to yet.
    """
    try:
        for look, pause in enumerate(PATIENCE):
            sleep(pause)
            if not _differs(client, _parameters(settings, scope, now) | {"is_first": not look}):
                break
        found = Reconciliation(_tallies(client), _examples(client))
        if found.differences:
            _insist_on_progress(client)
        return found
    finally:
        for (name,) in client.query("SELECT name FROM system.tables WHERE is_temporary").result_rows:
            client.command(f"DROP TEMPORARY TABLE IF EXISTS {name}")


def _parameters(settings: Settings, scope: Scope, now: Millis) -> dict[str, Any]:
    return {
        "clock_skew": settings.clock_skew,
        "follow_up_horizon": settings.follow_up_horizon,
        "reply_horizon": settings.reply_horizon,
        "contact_seconds": settings.contact_seconds,
        "zone": settings.timezone,
        "currency": settings.currency,
        "kpis": list(scope.kpis),
        "groupings": list(scope.groupings),
        "windows": list(scope.windows),
        "start": scope.start,
        "end": scope.end,
        # No row was written before its window began, but for events that were ahead of the broker's clock.
        "fine_start": now - settings.keep_fine_windows + settings.future_skew,
        "kept_since": (now - settings.keep_events) // 1000,
        "sla_kept_since": now - settings.keep_sla_events,
        "future_skew": settings.future_skew,
        "settle": _SETTLE_MS,
        "now": now,
    }


def _differs(client: Client, parameters: dict[str, Any]) -> bool:
    """Look once; what differs now and did at every look before stays in the table ``standing``."""
    client.command("CREATE TEMPORARY TABLE IF NOT EXISTS standing (difference UInt64)")
    for script in sorted(_SCRIPTS.iterdir(), key=lambda script: script.name):
        for statement in script.read_text().split(";\n"):
            if statement.strip():
                client.command(statement, parameters=parameters)
    client.command(
        f"CREATE OR REPLACE TEMPORARY TABLE standing AS SELECT difference FROM compared WHERE verdict NOT IN {_ASIDE}"
    )
    return bool(
        client.query("SELECT count() FROM compared WHERE verdict NOT IN ('equal', 'unverifiable')").first_row[0]
    )


def _tallies(client: Client) -> list[Tally]:
    counted = ", ".join(f"countIf(verdict = '{verdict}')" for verdict in Tally.__struct_fields__[2:])
    query = f"SELECT kpi, window, {counted} FROM compared GROUP BY kpi, window ORDER BY kpi, window"
    return [Tally(*row) for row in client.query(query).result_rows]


def _examples(client: Client) -> list[Difference]:
    found = client.query(
        "SELECT kpi, window, grouping, dimensions, start, verdict, differences FROM compared"
        f" WHERE verdict NOT IN {_ASIDE}"
        " ORDER BY kpi, window, start, grouping, dimensions"
        f" LIMIT {_SHOWN_OF_EACH} BY kpi, window LIMIT {_SHOWN}"
    )
    return [
        Difference(kpi, window, grouping, dict(dimensions), timestamp(start), verdict, numbers)
        for kpi, window, grouping, dimensions, start, verdict, numbers in found.result_rows
    ]


def _insist_on_progress(client: Client) -> None:
    """``Behind`` where even the rows of *now* are older than the events are."""
    reached, recorded = client.query(
        "SELECT (SELECT toUnixTimestamp64Milli(min(watermark)) FROM kpis_latest"
        " WHERE kpi IN ('open_leads', 'oldest_open_lead') AND count > 0),"
        " (SELECT toUnixTimestamp64Milli(max(received_at)) FROM events)"
    ).first_row
    if reached is not None and recorded - reached > _BEHIND_MS:
        raise Behind(
            f"the published rows reach to {timestamp(reached)}, the events to {timestamp(recorded)}:"
            " is the worker running? Compare again once it has caught up"
        )
