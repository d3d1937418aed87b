"""Leads forgotten on request: their rows are deleted from every table, and nothing more of them is inserted.

Of several sinks one reads the request, and the others may have rows of the lead in hand. So a mark is set before
anything is deleted, and every sink looks for new marks after each insert: either the deletion comes after the insert,
or the mark is seen and the rows are deleted then.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import unquote

from clickhouse_connect.driver.client import Client

from schemas.forgetting import Forget, mark, named
from sinks.clickhouse.rows import COLUMNS

_LEADS: Final = "%(leads)s"
_CONDITIONS: Final = {
    "events": f"subject IN {_LEADS}",
    "lead_facts": f"lead IN {_LEADS}",
    # A clock that an event of a merged lead has started is named by it, whoever has it now.
    "sla_events": f"lead IN {_LEADS} OR decodeURLComponent(splitByChar('/', clock)[3]) IN {_LEADS}",
    "dead_letters": (
        f"tryBase64Decode(ifNull(key, '')) IN {_LEADS}"
        f" OR JSONExtractString(tryBase64Decode(ifNull(value, '')), 'subject') IN {_LEADS}"
    ),
    "subjects": f"subject IN {_LEADS}",
}
"""Every table that names leads, and which of its rows are of these."""

_KEPT: Final = (
    "SELECT subject FROM subjects UNION ALL SELECT lead FROM lead_facts UNION ALL SELECT lead FROM sla_events"
    " UNION ALL SELECT tryBase64Decode(ifNull(key, '')) FROM dead_letters"
)
_CLOCK: Final = COLUMNS["sla_events"].index("clock")
_LETTER: Final = [COLUMNS["dead_letters"].index(name) for name in ("key", "value")]


class Forgetting:
    """The marks as this sink knows them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._marks: set[str] = set()
        self.follow()

    def begin(self, requests: Sequence[Forget]) -> None:
        """Set the marks of requests."""
        if requests:
            self._note([(mark(request.lead), request.at, False, {}) for request in requests])
            self._marks |= {mark(request.lead) for request in requests}

    def stored(self, table: str, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The rows that may be stored."""
        if not self._marks or table not in _CONDITIONS:
            return rows
        return [row for row in rows if not any(mark(lead) in self._marks for lead in _leads(table, row))]

    def finish(self, requests: Sequence[Forget]) -> None:
        """Delete what there is of the leads that were requested, say so, and follow the marks that others have set."""
        for request in requests:
            removed = self._remove([request.lead])
            self._note([(mark(request.lead), request.at, True, removed)])
        self.follow()

    def follow(self) -> None:
        """Delete what was stored of leads before their marks were seen here."""
        marks = {name for (name,) in self._client.query("SELECT DISTINCT subject FROM forgotten").result_rows}
        if new := marks - self._marks:
            query = f"SELECT DISTINCT subject FROM ({_KEPT}) WHERE lower(hex(SHA256(subject))) IN %(marks)s"
            found = self._client.query(query, parameters={"marks": sorted(new)}).result_rows
            if found:
                self._remove([lead for (lead,) in found])
        self._marks |= marks

    def _remove(self, leads: list[str]) -> dict[str, int]:
        """Delete the rows of leads; how many there were by table, those of several copies as many."""
        asked = {"leads": leads}
        self._client.command(
            "INSERT INTO forgotten_minutes"
            f" SELECT DISTINCT toStartOfMinute(time) FROM events WHERE {_CONDITIONS['events']}",
            parameters=asked,
        )
        removed: dict[str, int] = {}
        for table, condition in _CONDITIONS.items():
            rows = self._client.query(f"SELECT count() FROM {table} WHERE {condition}", parameters=asked).first_row[0]
            if rows:
                self._client.command(f"DELETE FROM {table} WHERE {condition}", parameters=asked)
                # Until then the bytes are only hidden; it goes on by itself.
                self._client.command(f"ALTER TABLE {table} APPLY DELETED MASK SETTINGS mutations_sync = 0")
            removed[table] = rows
        return removed

    def _note(self, rows: Iterable[tuple[str, int, bool, dict[str, int]]]) -> None:
        columns = ("subject", "asked_at", "done", "removed")
        self._client.insert("forgotten", list(rows), columns)


def _leads(table: str, row: tuple[Any, ...]) -> list[str]:
    """Whom a row names: by its first column; a dead letter by the record that it holds, a clock by what started it."""
    if table == "dead_letters":
        return named(*(b64decode(row[column] or "") for column in _LETTER))
    started_by = [unquote(part) for part in row[_CLOCK].split("/")[2:3]] if table == "sla_events" else []
    return [str(row[0]), *started_by]
