"""The embedded ClickHouse engine: one statement at a time on a handle of its own, settings and parameters bound."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import chdb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CODE = re.compile(r"Code: (\d+)\. ")
_INSERT = re.compile(
    rb"\s*(INSERT\s+INTO\s+[^(]*?(?:\([^)]*\)\s*)?(?:SETTINGS\s[^\n]*?\s)?)FORMAT\s+(\w+)[ \t;]*(?:\r?\n|$)",
    re.IGNORECASE,
)
_RESULT = re.compile(r"\s*\(*\s*(SELECT|WITH|SHOW|DESC|DESCRIBE|EXISTS|EXPLAIN|CHECK|VALUES)\b", re.IGNORECASE)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_MOST_SESSIONS = 64


class EngineError(Exception):
    """A statement that ClickHouse refused, with its error code (0 where it gave none)."""

    def __init__(self, text: str) -> None:
        found = _CODE.search(text)
        super().__init__(text[found.start() :] if found else text)
        self.code = int(found[1]) if found else 0


@dataclass(frozen=True)
class Statement:
    """What a client asks for. ``data`` are the rows of an insert; ``form`` is used where the SQL names no format."""

    sql: bytes
    data: bytes = b""
    form: str = "TabSeparated"
    database: str = ""
    session: str = ""
    settings: Mapping[str, str] | None = None
    parameters: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Answer:
    """The bytes of a result, their format (None where there is no result) and what was read and written."""

    body: bytes
    form: str | None
    summary: dict[str, str]


class _Handle:
    """A connection to the engine with the database and the settings that were last chosen on it."""

    def __init__(self, path: str) -> None:
        self.connection = chdb.connect(path)
        self.lock = threading.Lock()
        self.database = ""
        self.settings: dict[str, str] = {}

    def prepare(self, database: str, settings: Mapping[str, str]) -> None:
        if database and database != self.database:
            self.connection.query(f"USE {_quoted(database, '`')}")
            self.database = database
        stale = self.settings.keys() - settings.keys()
        changed = {name: value for name, value in settings.items() if self.settings.get(name) != value}
        self.settings |= changed
        assignments = [f"{name} = {_quoted(value)}" for name, value in changed.items()]
        assignments += [f"{name} = DEFAULT" for name in stale]
        if assignments:
            self.connection.query("SET " + ", ".join(assignments))
        for name in stale:
            del self.settings[name]


class Engine:
    """ClickHouse on one directory. Threads may share it; one process at a time may open a directory."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._main = chdb.connect(self._path)
        self._sessions: OrderedDict[str, _Handle] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close every handle; the directory is free for another process afterwards."""
        for handle in self._sessions.values():
            handle.connection.close()
        self._main.close()

    def run(self, statement: Statement) -> Answer:
        """Run one statement; ``EngineError`` where ClickHouse refuses it."""
        try:
            with self._handle(statement.session) as handle:
                handle.prepare(statement.database, _checked(statement.settings or {}))
                insert = _INSERT.match(statement.sql)
                return _insert(handle, statement, insert) if insert else _query(handle, statement)
        except RuntimeError as error:
            raise EngineError(str(error)) from error

    @contextmanager
    def _handle(self, session: str) -> Iterator[_Handle]:
        if not session:
            # What a statement sets must not outlive it: a handle costs 0.3 ms.
            handle = _Handle(self._path)
            try:
                yield handle
            finally:
                handle.connection.close()
            return
        with self._lock:
            handle = self._sessions.get(session) or self._opened(session)
            self._sessions.move_to_end(session)
        with handle.lock:
            yield handle

    def _opened(self, session: str) -> _Handle:
        idle = next((name for name, handle in self._sessions.items() if not handle.lock.locked()), None)
        if len(self._sessions) >= _MOST_SESSIONS and idle is not None:
            self._sessions.pop(idle).connection.close()
        return self._sessions.setdefault(session, _Handle(self._path))


def _query(handle: _Handle, statement: Statement) -> Answer:
    sql = (statement.sql + statement.data).decode()
    result = handle.connection.query(sql, statement.form, params=dict(statement.parameters or {}))
    named = _FORMAT.search(sql)
    form = (named[1] if named else statement.form) if _RESULT.match(sql) else None
    return Answer(result.bytes() or b"", form, _read(result))


def _insert(handle: _Handle, statement: Statement, insert: re.Match[bytes]) -> Answer:
    rows = statement.sql[insert.end() :] + statement.data
    with handle.connection.send_insert(insert[1].decode(), insert[2].decode()) as stream:
        stream.append(rows)
        written = stream.finish()
    return Answer(b"", None, _written(written))


def _read(result: Any) -> dict[str, str]:
    return {
        "read_rows": str(result.storage_rows_read()),
        "read_bytes": str(result.storage_bytes_read()),
        "written_rows": str(result.rows_written()),
        "written_bytes": str(result.bytes_written()),
        "result_rows": str(result.rows_read()),
        "elapsed_ns": str(int(result.elapsed() * 1e9)),
    }


def _written(result: Any) -> dict[str, str]:
    return {
        "read_rows": str(result.rows_written),
        "read_bytes": str(result.bytes_written),
        "written_rows": str(result.rows_written),
        "written_bytes": str(result.bytes_written),
        "result_rows": str(result.rows_written),
        "elapsed_ns": str(int(result.elapsed * 1e9)),
    }


def _checked(settings: Mapping[str, str]) -> Mapping[str, str]:
    for name in settings:
        if not _NAME.fullmatch(name):
            raise EngineError(
                f"Code: 115. DB::Exception: Setting {name!r} is neither a builtin setting nor started ..."
            )
    return settings


def _quoted(text: str, quote: str = "'") -> str:
    return quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote
