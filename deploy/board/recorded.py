"""What the board asks ClickHouse: leads, clocks, history, dead letters, and the rows of other workers' partitions."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from clickhouse_connect import get_client
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy.explaining.asking import of_lead
from deploy.explaining.lead import Account
from deploy.stack import running
from schemas import connection
from schemas.events import Millis
from schemas.policy import PolicyFile
from schemas.settings import Settings
from sinks.clickhouse import queries
from sinks.floor import RUNNING, SHOWN

T = TypeVar("T")

AT_ONCE: Final = 2
"""Questions asked side by side: the worker has better things to do."""
MOST_LEADS: Final = 500
MOST_LETTERS: Final = 100
_SHOWN_BYTES: Final = 2_000
_ANSWER_SECONDS: Final = 20

DIMENSIONS: Final = {"team": "team", "rep": "owner", "temperature": "temperature", "source": "source"}
"""Dimensions of KPIs by which leads can be chosen → their columns."""

_AT: Final = "toUnixTimestamp64Milli(assumeNotNull({}))"
_LEAD: Final = f"lead, team, owner, temperature, source, {_AT.format('engaged_at')}"
_LEADS: Final = ("lead", "team", "rep", "temperature", "source", "engaged_at", "answered_after")
_CLOCKS: Final = ("lead", "team", "rep", "temperature", "source", "started_at", "clock", "policy", "due_at", "steps")
_LATEST: Final = {"at_risk": ("sla.at_risk",), "breached": ("sla.breached", "sla.escalated")}
_WAITING: Final = "qualified AND open AND first_touch_at IS NULL AND engaged_at IS NOT NULL"
_ENGAGED: Final = f"qualified AND engaged_at IS NOT NULL AND {_AT.format('engaged_at')} >= %(start)s"
_SPANS: Final = {"1h": 48 * 3_600_000, "1d": 60 * 86_400_000}


class Unavailable(Exception):
    """ClickHouse is not there, or cannot say; the text says why, for whoever looks at the board."""


class Recorded:
    """ClickHouse as it is set, else the local one where it runs."""

    def __init__(self, settings: Settings, policies: PolicyFile) -> None:
        self._settings = settings
        self._policies = policies
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def rows(self, grouping: str, at: Millis) -> list[dict[str, Any]]:
        """The rows of now, and of the hour and day that hold an instant."""
        return await self._ask(lambda client: queries.running(client, grouping, SHOWN, ("all", *RUNNING), at))

    async def leads(self, which: str, of: Mapping[str, str], start: Millis) -> dict[str, Any]:
        """Those who wait, who engaged since ``start``, or whose clock is at risk or breached; longest first."""
        ask = _clocks if which in _LATEST else _leads
        return await self._ask(lambda client: ask(client, which, of, start))

    async def history(self, window: str, team: str | None, at: Millis) -> dict[str, Any]:
        """How fast answers were and how many were followed up and replied, window by window, oldest first."""
        return await self._ask(lambda client: _history(client, window, team, at - _SPANS[window]))

    async def letters(self, reason: str | None) -> dict[str, Any]:
        """How many dead letters there are by reason, and the newest of them."""
        return await self._ask(lambda client: _letters(client, reason))

    async def lead(self, lead: str) -> Account:
        """The account of a lead; ``Failure`` where nothing is recorded of it."""
        return await self._in_turn(lambda dsn: of_lead(self._of(dsn), self._policies, lead))

    async def _ask(self, question: Callable[[Client], T]) -> T:
        def asked(dsn: str) -> T:
            client = get_client(
                **connection.clickhouse(self._of(dsn)),
                autogenerate_session_id=False,
                connect_timeout=3,
                send_receive_timeout=_ANSWER_SECONDS,
                settings={"max_execution_time": _ANSWER_SECONDS},
            )
            try:
                return question(client)
            finally:
                client.close()

        return await self._in_turn(asked)

    async def _in_turn(self, answer: Callable[[str], T]) -> T:
        async with self._turn:
            return await asyncio.to_thread(self._answered, answer)

    def _answered(self, answer: Callable[[str], T]) -> T:
        dsn = self._dsn()
        if dsn is None:
            raise Unavailable("leads and history come from ClickHouse: set SALESPULSE_CLICKHOUSE for the worker too")
        try:
            return answer(dsn)
        except ClickHouseError as error:
            if any(code in str(error) for code in ("UNKNOWN_TABLE", "UNKNOWN_DATABASE")):
                raise Unavailable("ClickHouse has no tables yet: salespulse sink clickhouse makes them") from None
            raise Unavailable(f"ClickHouse gives no answer ({type(error).__name__})") from None
        except OSError as error:
            raise Unavailable(f"ClickHouse cannot be reached ({type(error).__name__})") from None

    def _dsn(self) -> str | None:
        return self._settings.clickhouse or running(self._settings, "clickhouse")

    def _of(self, dsn: str) -> Settings:
        return self._settings.model_copy(update={"clickhouse": dsn})


def _chosen(of: Mapping[str, str]) -> str:
    return "".join(f" AND {DIMENSIONS[name]} = %({name})s" for name in of)


def _leads(client: Client, which: str, of: Mapping[str, str], start: Millis) -> dict[str, Any]:
    filtered = f"{_WAITING if which == 'waiting' else _ENGAGED}{_chosen(of)}"
    query = f"""
        SELECT {_LEAD}, response_seconds, count() OVER () FROM leads_latest WHERE {filtered}
        ORDER BY engaged_at {"ASC" if which == "waiting" else "DESC"}, lead LIMIT {MOST_LEADS}
    """
    return _listed(client, query, {**of, "start": start}, _LEADS)


def _clocks(client: Client, which: str, of: Mapping[str, str], start: Millis) -> dict[str, Any]:
    query = f"""
        WITH found.1 AS latest, found.2 AS team, found.3 AS owner, found.4 AS policy, found.5 AS body,
            found.6 AS step
        SELECT lead, team, owner, JSONExtractString(body, 'temperature') AS temperature,
            JSONExtractString(body, 'source') AS source, JSONExtractString(body, 'started_at'),
            JSONExtractString(body, 'kind'), policy, JSONExtract(body, 'due_at', 'Nullable(String)') AS due,
            arrayPushBack(
                JSONExtract(body, 'steps', 'Array(String)'), if(step = '', latest, concat(latest, ':', step))
            ), count() OVER ()
        FROM (
            SELECT lead, clock, argMax(tuple(name, team, owner, policy, body, step), (at, revision, identity)) AS found
            FROM sla_once GROUP BY lead, clock
        )
        WHERE latest IN %(names)s{_chosen(of)}
        ORDER BY due, lead LIMIT {MOST_LEADS}
    """
    return _listed(client, query, {**of, "names": _LATEST[which]}, _CLOCKS)


def _listed(client: Client, query: str, asked: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    found = client.query(query, parameters=dict(asked)).result_rows
    return {
        "leads": [dict(zip(names, row, strict=False)) for row in found],
        "total": found[0][-1] if found else 0,
    }


def _history(client: Client, window: str, team: str | None, since: Millis) -> dict[str, Any]:
    query = """
        SELECT toUnixTimestamp64Milli(start), anyIf(p50, kpi = 'lead_response_time'),
            anyIf(p90, kpi = 'lead_response_time'), anyIf(value, kpi = 'follow_up_rate'),
            anyIf(value, kpi = 'reply_rate'), anyIf(count, kpi = 'leads_created')
        FROM kpis_latest
        WHERE kpi IN ('lead_response_time', 'follow_up_rate', 'reply_rate', 'leads_created') AND window = %(window)s
            AND grouping = %(grouping)s AND team = %(team)s AND toUnixTimestamp64Milli(start) >= %(since)s
        GROUP BY start ORDER BY start
    """
    asked = {"window": window, "grouping": "team" if team else "all", "team": team or "", "since": since}
    columns = ("start", "p50", "p90", "followed_up", "replied", "created")
    found = client.query(query, parameters=asked).result_rows
    return {name: [row[n] for row in found] for n, name in enumerate(columns)}


def _letters(client: Client, reason: str | None) -> dict[str, Any]:
    names = ("time", "reason", "topic", "partition", "offset", "path", "detail", "key", "value")
    query = f"""
        SELECT toUnixTimestamp64Milli(time), {", ".join(names[1:])} FROM dead_letters_once
        WHERE %(reason)s IN ('', reason) ORDER BY time DESC, topic, partition, offset LIMIT {MOST_LETTERS}
    """
    found = client.query(query, parameters={"reason": reason or ""}).result_rows
    letters = [dict(zip(names, row, strict=True)) for row in found]
    for letter in letters:
        letter["key"], letter["value"] = _text(letter["key"]), _text(letter["value"])
    return {"reasons": queries.dead_letters(client), "letters": letters}


def _text(base64: str | None) -> str | None:
    """The beginning of what a letter holds, whatever it is."""
    if base64 is None:
        return None
    with suppress(ValueError):
        return b64decode(base64)[:_SHOWN_BYTES].decode(errors="replace")
    return None
