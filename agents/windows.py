"""Stage 2: partials of every source partition to whole KPI rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from agents.engine.processor import Context, Outgoing, Record
from agents.partials import (
    Part,
    Watermark,
    decode_part,
    decode_watermark,
    encode,
    parse_key,
    partial_key,
    watermark_key,
)
from schemas.catalogue import by_name
from schemas.events import Millis
from schemas.publishing import published
from schemas.results import KpiRow, timestamp
from schemas.settings import Settings
from sinks.prometheus import Metrics
from streams.accumulators import Vector, add_into, differing
from streams.rows import affected, final_at, finals, rows
from streams.rules import Rules
from streams.selection import Selection
from streams.windows import decode_cell, is_coarse

INPUTS = ("internal.partials",)
STAGE = "windows"
PACE = 0.4
"""Partials come a cycle late already: their own cycles are shorter than those of stage 1."""
FULL = 5_000
"""Partials of a partition in one cycle of a backlog: each holds its cell in memory until its rows are out."""

_PARTIAL, _WATERMARK, _LEFT = b"p", b"w", b"l"
_DEFINITION = b"definition"
_CELLS_KEPT = 10_000
_CELLS_A_CYCLE = 2_000
_NOW_EVERY_MS = 10_000
_SHOWN_MS = 3 * 86_400_000

_decode_vector = msgspec.msgpack.Decoder(Vector).decode


class Held(NamedTuple):
    """A cell in memory: the partials by source partition, the sum that its rows were last made from, and when."""

    parts: dict[int, Part]
    published: Vector
    told_at: Millis = 0


class WindowStage(NamedTuple):
    """What all partitions of the stage share."""

    settings: Settings
    rules: Rules
    selection: Selection
    metrics: Metrics

    @classmethod
    def of(cls, settings: Settings, metrics: Metrics) -> WindowStage:
        """From the settings; raises ValueError where they name a KPI, grouping or window that there is not."""
        return cls(settings, Rules.of(settings), Selection.of(settings), metrics)

    def processor(self, context: Context) -> Windows:
        """The stage's logic for one partition."""
        return Windows(self, context)


class Windows:
    """One partition of stage 2."""

    def __init__(self, stage: WindowStage, context: Context) -> None:
        self._stage = stage
        self._store = context.store
        self._partition = context.partition
        self._sources = context.partitions
        self._held: dict[bytes, Held] = {}
        self._dirty: dict[bytes, frozenset[str] | None] = {}
        self._left: set[bytes] = set()
        self._marks: dict[int, Watermark] = {}
        self._ahead: set[int] = set()
        self._now_cells: set[bytes] = set()
        self._finals: dict[Millis, set[bytes]] = {}
        self._due: list[Millis] = []
        self._topics = {name: stage.settings.topic(f"kpi.{kpi.family}") for name, kpi in by_name.items()}
        self._now_at: Millis = 0
        self._clock: Millis = 0
        self._more = False
        for key, value in self._store.scan(_WATERMARK):
            self._marks[parse_key(key)[1]] = decode_watermark(value)
        stored = self._store.get(_DEFINITION)
        self._definition = None if stored is None else stored.decode()
        self._watermark = self._least_clock()
        self._reporting = self._union()
        self._restore()

    @property
    def settled_at(self) -> Millis | None:
        """The watermark where nothing waits for the next cycle."""
        return None if self._dirty else self._watermark

    @property
    def has_more(self) -> bool:
        return self._more

    @property
    def _may_publish(self) -> bool:
        """Some of the partials being of another definition, a sum of the others would be no row of either."""
        return self._definition is not None and not self._ahead

    # Partials in

    def process(self, topic: str, records: Sequence[Record]) -> None:
        for record in records:
            if record.key is None or record.value is None:
                continue
            cell, source = parse_key(record.key)
            if cell is None:
                self._mark(source, record.value)
            else:
                self._replace(cell, source, record.value)

    def _mark(self, source: int, value: bytes) -> None:
        mark = self._marks[source] = decode_watermark(value)
        if mark.definition == self._definition:
            self._ahead.discard(source)
        self._store.put(watermark_key(source), value)

    def _replace(self, cell: bytes, source: int, value: bytes) -> None:
        held = self._cell(cell)
        if not held.parts:
            self._watch(cell)
        part = held.parts[source] = decode_part(value)
        if part.definition != self._definition:
            self._ahead.add(source)
        self._store.put(partial_key(cell, source), value)
        self._dirty.setdefault(cell, frozenset())

    def _cell(self, cell: bytes) -> Held:
        held = self._held.pop(cell, None)
        if held is None:
            parts = {
                source: decode_part(value)
                for source in range(self._sources)
                if (value := self._store.get(partial_key(cell, source))) is not None
            }
            held = Held(parts, self._sum(parts.values()))
        self._held[cell] = held
        return held

    def _sum(self, parts: Iterable[Part]) -> Vector:
        total: Vector | None = None
        for part in parts:
            if part.definition == self._definition:
                if total is None:
                    total = part.vector
                else:
                    add_into(total, part.vector)
        return total or {}

    # Time

    def tick(self, clock: Millis, exhausted: frozenset[str]) -> None:
        self._clock = clock
        self._switch()
        reporting = self._union()
        if reporting != self._reporting:
            self._reporting = reporting
            self._touch(self._cells() - self._now_cells)
        self._watermark = max(self._watermark, self._least_clock())
        self._stage.metrics.rows.advance(self._partition, self._watermark)
        while self._due and self._due[0] <= self._watermark:
            self._finish(heappop(self._due))
        if self._watermark - self._now_at >= _NOW_EVERY_MS:
            self._now_at = self._watermark
            self._touch(self._now_cells)

    def _finish(self, at: Millis) -> None:
        """Have the rows published again that turn final at the instant."""
        for cell in self._finals.pop(at):
            only = self._dirty.get(cell, frozenset())
            if only is not None:
                turning = {horizon for horizon, due in finals(cell, self._stage.rules).items() if due == at}
                self._dirty[cell] = only | {name for name, kpi in by_name.items() if kpi.horizon in turning}

    def _least_clock(self) -> Millis:
        if len(self._marks) < self._sources:
            return 0
        return min(mark.clock for mark in self._marks.values())

    def _union(self) -> frozenset[int]:
        return frozenset(source for mark in self._marks.values() for source in mark.reports)

    def _switch(self) -> None:
        """Rows follow a new definition once every source partition has sent all of its partials by it."""
        definitions = {mark.definition for mark in self._marks.values()}
        if len(self._marks) < self._sources or len(definitions) > 1 or definitions == {self._definition}:
            return
        # What was published stays as it was, so that rows which the new definition does not have turn to zero.
        held = {cell: self._cell(cell) for cell in self._cells()}
        (self._definition,) = definitions
        self._ahead.clear()
        self._store.put(_DEFINITION, self._definition.encode())
        self._held = held
        self._touch(held)

    def _touch(self, cells: Iterable[bytes]) -> None:
        for cell in cells:
            self._dirty[cell] = None

    def _cells(self) -> set[bytes]:
        stored = {cell for key, _ in self._store.scan(_PARTIAL) if (cell := parse_key(key)[0]) is not None}
        return stored | set(self._held)

    def _watch(self, cell: bytes) -> None:
        """Remember when the cell's rows turn final, or that they follow the clock."""
        if decode_cell(cell).kind == "now":
            self._now_cells.add(cell)
            return
        for at in finals(cell, self._stage.rules).values():
            if at > self._watermark:
                if at not in self._finals:
                    heappush(self._due, at)
                self._finals.setdefault(at, set()).add(cell)

    # Rows out

    def drain(self, cycle: int) -> list[Outgoing]:
        by_topic: dict[str, list[tuple[bytes, bytes | None]]] = {}
        due = [cell for cell in self._dirty if self._is_due(cell)] if self._may_publish else []
        for cell in due[:_CELLS_A_CYCLE]:
            for row in self._rows(cell, self._dirty.pop(cell), cycle):
                by_topic.setdefault(self._topics[row.kpi], []).append((row.key, published(row)))
                self._stage.metrics.rows.update(self._partition, row)
        self._more = len(due) > _CELLS_A_CYCLE
        self._leave_over()
        self._evict()
        return [Outgoing(topic, self._partition, records) for topic, records in sorted(by_topic.items())]

    def _is_due(self, cell: bytes) -> bool:
        """Rows of all and of teams are told with each cycle, the many others less often."""
        held = self._held.get(cell)
        return held is None or self._clock - held.told_at >= self._stage.settings.row_interval or is_coarse(cell)

    def _rows(self, cell: bytes, asked: frozenset[str] | None, cycle: int) -> list[KpiRow]:
        """The rows of a cell that changed, and those asked for besides; None asks for all."""
        held = self._cell(cell)
        total = self._sum(held.parts.values())
        self._held[cell] = Held(held.parts, total, self._clock)
        only = None if asked is None else asked | affected(differing(total, held.published))
        return [self._stamped(row, cell, cycle) for row in self._made(cell, held, total, only)]

    def _made(self, cell: bytes, held: Held, total: Vector, only: Collection[str] | None) -> list[KpiRow]:
        oldest = min((part.oldest for part in held.parts.values() if part.oldest is not None), default=None)
        return rows(
            cell,
            total,
            self._stage.selection,
            self._stage.rules,
            before=held.published,
            oldest=oldest,
            clock=self._watermark,
            reporting=self._reporting,
            only=only,
        )

    def _stamped(self, row: KpiRow, cell: bytes, cycle: int) -> KpiRow:
        at = final_at(row.kpi, cell, self._stage.rules)
        final = at is not None and at <= self._watermark
        watermark = timestamp(self._watermark) if self._watermark else None
        return msgspec.structs.replace(row, revision=cycle, final=final, watermark=watermark)

    def _leave_over(self) -> None:
        """What this cycle did not publish is remembered with it, since its partials are committed already.

        The entry holds the sum that the cell's rows were last made from.
        """
        left = set(self._dirty)
        for cell in left - self._left:
            self._store.put(_LEFT + cell, encode(self._cell(cell).published))
        for cell in self._left - left:
            self._store.put(_LEFT + cell, None)
        self._left = left

    def _evict(self) -> None:
        """Forget cells that were not used for long; those still to be published know what their rows were."""
        surplus = len(self._held) - _CELLS_KEPT // self._sources
        for cell in list(self._held)[: max(0, surplus)]:
            if cell not in self._dirty:
                del self._held[cell]

    def close(self) -> None:
        self._stage.metrics.rows.drop(self._partition)

    # On taking over

    def _restore(self) -> None:
        """Watch every stored cell, take up what was left over, and show what the metrics may have to show."""
        self._stage.metrics.rows.drop(self._partition)
        for key, value in self._store.scan(_PARTIAL):
            if decode_part(value).definition != self._definition:
                self._ahead.add(parse_key(key)[1])
        for key, value in self._store.scan(_LEFT):
            cell = key[len(_LEFT) :]
            self._held[cell] = Held(self._cell(cell).parts, _decode_vector(value))
            self._dirty[cell] = None
            self._left.add(cell)
            self._more = True
        for cell in self._cells():
            self._watch(cell)
            found = decode_cell(cell)
            recent = found.window == "all" or found.start > self._watermark - _SHOWN_MS
            if self._definition is not None and recent and found.grouping in ("all", "team", "team,temperature"):
                held = self._cell(cell)
                for row in self._made(cell, held, held.published, None):
                    self._stage.metrics.rows.update(self._partition, self._stamped(row, cell, 0))
