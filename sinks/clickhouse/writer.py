"""Blocks of rows into ClickHouse. Writing twice is writing once, so a block may be tried until it succeeds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.insert import InsertContext

from schemas.forgetting import Forget
from sinks.clickhouse.forgetting import Forgetting
from sinks.clickhouse.rows import COLUMNS, Parsed, Row, Tombstone

_KEYS_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class _Compacted:
    """A table of a compacted topic: the columns that its record key stands for, and those that name a row."""

    of_record: tuple[str, ...]
    of_row: tuple[str, ...]


_COMPACTED: Final = {
    "kpis": _Compacted(*2 * (("kpi", "grouping", "window", "start", "dimensions"),)),
    "lead_facts": _Compacted(("lead",), ("lead",)),
    "targets": _Compacted(("subject",), ("subject", "source", "id", "time", "digest")),
}
_MILLIS: Final = {name: f"toUnixTimestamp64Milli({name})" for name in ("start", "time", "written_at")}


@dataclass
class Batch:
    """What was read and is not yet written, and how many records of each topic it stands for."""

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    tombstones: dict[str, list[Tombstone]] = field(default_factory=lambda: defaultdict(list))
    forgets: list[Forget] = field(default_factory=list)
    records: Counter[str] = field(default_factory=Counter)

    def add(self, parsed: Parsed) -> None:
        """Take what became of one record."""
        if isinstance(parsed, Row):
            self.rows[parsed.table].append(parsed.values)
        elif isinstance(parsed, Forget):
            self.forgets.append(parsed)
        elif parsed is not None:
            self.tombstones[parsed.table].append(parsed)

    def clear(self) -> None:
        """Forget everything."""
        self.rows.clear()
        self.tombstones.clear()
        self.forgets.clear()
        self.records.clear()


class Writer:
    """Inserts into one database, column by column. What it learns of the tables is kept between blocks."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._contexts: dict[tuple[str, Sequence[str]], InsertContext] = {}
        self._forgetting = Forgetting(client)

    def write(self, batch: Batch) -> dict[str, int]:
        """Insert the whole batch; the number of rows written by table. Raises what clickhouse-connect raises."""
        self._forgetting.begin(batch.forgets)
        written: dict[str, int] = {}
        for table, read in batch.rows.items():
            if rows := self._forgetting.stored(table, read):
                self._insert(table, COLUMNS[table], rows)
            written[table] = len(rows)
        # After the rows, which a tombstone of the same batch may end.
        for table, tombstones in batch.tombstones.items():
            for first in range(0, len(tombstones), _KEYS_AT_ONCE):
                self._bury(table, tombstones[first : first + _KEYS_AT_ONCE])
        self._forgetting.finish(batch.forgets)
        return written

    def _insert(self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        context = self._contexts.get((table, columns))
        if context is None:
            context = self._client.create_insert_context(table, columns, column_oriented=True)
            self._contexts[table, columns] = context
        context.data = list(zip(*rows, strict=True))
        self._client.insert(context=context)

    def _bury(self, table: str, tombstones: Sequence[Tombstone]) -> None:
        """Write the end of every row that stood before its tombstone, at that row's own revision.

        So a later row of the same key stands, and an earlier one that arrives again does not.
        """
        columns = (*_COMPACTED[table].of_row, "revision", "written_at", "position", "deleted")
        ended = [(*row, 1) for row in self._ended(table, tombstones)]
        if ended:
            self._insert(table, columns, ended)

    def _ended(self, table: str, tombstones: Sequence[Tombstone]) -> Iterator[tuple[Any, ...]]:
        names = _COMPACTED[table]
        condition = f"({_list(names.of_record)}) IN %(keys)s"
        selected = _list((*names.of_record, *names.of_row, "revision", "written_at", "position"))
        query = f"SELECT {selected} FROM {table} WHERE NOT deleted AND {condition}"
        keys = tuple(stone.key if len(stone.key) > 1 else stone.key[0] for stone in tombstones)
        found = self._client.query(query, parameters={"keys": keys})
        ends = {tombstone.key: (tombstone.written_at, tombstone.position) for tombstone in tombstones}
        width = len(names.of_record)
        for row in found.result_rows:
            if row[-2:] < ends[row[:width]]:
                yield row[width:]


def _list(columns: Sequence[str]) -> str:
    return ", ".join(_MILLIS.get(name, name) for name in columns)
