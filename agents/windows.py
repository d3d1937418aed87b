"""Stage 2: partials of every source partition to whole KPI rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from agents.engine.processor import Context, Outgoing, Record
from agents.expiry import Expiry
from agents.partials import Partial, Watermark, decode_partial, decode_watermark, encode
from agents.sending import parse_key, partial_key, watermark_key
from schemas.catalogue import by_name
from schemas.events import Millis
from schemas.publishing import published
from schemas.results import KpiRow
from schemas.settings import Settings
from sinks.floor import GROUPED, RUNNING, Floor
from sinks.prometheus import Metrics
from streams.accumulators import Vector, difference, total
from streams.retention import Retention
from streams.rows import Frame, Stamp, affected, finals, keyed_rows, row_keys
from streams.rules import Rules
from streams.selection import Selection
from streams.sums import CellSum, Parts
from streams.windows import Cell, decode_cell, is_coarse, window_bounds

INPUTS = ("internal.partials",)
STAGE = "windows"
PACE = 0.4
"""Partials come a cycle late already: their own cycles are shorter than those of stage 1."""
FULL = 5_000
"""Partials of a partition in one cycle of a backlog: each holds its cell in memory until its rows are out."""

_PARTIAL, _WATERMARK, _LEFT = b"p", b"w", b"l"
_DEFINITION = b"definition"
_CELLS_KEPT = 4_000
_CELLS_A_CYCLE = 2_000
_NOW_EVERY_MS = 10_000
_SHOWN_MS = 3 * 86_400_000

_decode_parts = msgspec.msgpack.Decoder(Parts).decode


class Held:
    """A cell in memory: the partials by source partition, their sum, and when rows were last made of it."""

    __slots__ = ("frame", "parts", "told_at", "total")

    def __init__(self, frame: Frame, parts: dict[int, Partial], total: CellSum, told_at: Millis = 0) -> None:
        self.frame = frame
        self.parts = parts
        self.total = total
        self.told_at = told_at


class WindowStage(NamedTuple):
    """What all partitions of the stage share."""

    settings: Settings
    rules: Rules
    selection: Selection
    metrics: Metrics
    floor: Floor

    @classmethod
    def of(cls, settings: Settings, metrics: Metrics, floor: Floor | None = None) -> WindowStage:
        """From the settings; raises ValueError where they name a KPI, grouping or window that there is not."""
        return cls(settings, Rules.of(settings), Selection.of(settings), metrics, floor or Floor())

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
        self._expiry = Expiry(context.store, _PARTIAL, Retention.of(stage.settings), self._watermark)
        self._reporting = self._union()
        stage.floor.open(self._partition, self._sources)
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
        """Some of the partials being of another definition, a sum of the others would be no row of either.

        Nor is one a row of which nobody knows up to when it is true: sources whose topics have not all been heard of.
        """
        return self._definition is not None and not self._ahead and self._watermark > 0

    # Partials in

    def process(self, topic: str, records: Sequence[Record]) -> None:
        for record in records:
            if record.key is None:
                raise ValueError("a record of internal.partials without key")
            cell, source = parse_key(record.key)
            if source >= self._sources:
                raise ValueError(f"a record of internal.partials from partition {source}, of which there are fewer")
            if cell is None and record.value is None:
                raise ValueError("a watermark of internal.partials without value")
            if record.value is None:
                # The end of a partial. Its cell ends as a whole, once every source is past it.
                continue
            if cell is None:
                self._mark(source, record.value)
            else:
                self._replace(cell, source, record.value)

    def _mark(self, source: int, value: bytes) -> None:
        before, mark = self._marks.get(source), decode_watermark(value)
        self._marks[source] = mark
        if mark.since > (0 if before is None else before.since):
            self._void(source, mark)
        if mark.definition == self._definition:
            self._ahead.discard(source)
        self._store.put(watermark_key(source), value)

    def _replace(self, cell: bytes, source: int, value: bytes) -> None:
        held = self._cell(cell)
        if not held.parts:
            self._watch(cell)
        part, old = decode_partial(value), held.parts.get(source)
        held.parts[source] = part
        if part.definition != self._definition:
            self._ahead.add(source)
        if old is not None and part.since == old.cycle and part.definition == old.definition == self._definition:
            held.total.add(part.delta)
        else:
            # By another definition it counts for nothing, until it is the one that rows follow.
            held.total.add(difference(self._counted(part), self._counted(old)))
        self._store.put(partial_key(cell, source), value)
        self._dirty.setdefault(cell, frozenset())

    def _void(self, source: int, mark: Watermark) -> None:
        """Empty what is known of a state that was lost: nobody will say any more what became of it."""
        empty = encode(Partial(mark.since, mark.definition, msgspec.Raw(encode({}))))
        for cell in self._cells():
            stored = self._store.get(partial_key(cell, source))
            if stored is not None and decode_partial(stored).cycle < mark.since:
                self._replace(cell, source, empty)

    def _cell(self, cell: bytes) -> Held:
        held = self._held.pop(cell, None)
        if held is None:
            parts = {
                source: decode_partial(value)
                for source in range(self._sources)
                if (value := self._store.get(partial_key(cell, source))) is not None
            }
            held = Held(Frame(cell, self._stage.rules), parts, CellSum.of(self._sum(parts)))
        self._held[cell] = held
        return held

    def _sum(self, parts: dict[int, Partial]) -> Vector:
        return total(self._counted(part) for part in parts.values())

    def _counted(self, part: Partial | None) -> Vector:
        """What a partial adds to its cell: nothing while it is of another definition."""
        return part.vector if part is not None and part.definition == self._definition else {}

    # Time

    def tick(self, clock: Millis, exhausted: frozenset[str]) -> None:
        self._clock = clock
        self._switch()
        reporting = self._union()
        if reporting != self._reporting:
            self._reporting = reporting
            self._touch(self._cells() - self._now_cells)
        self._watermark = max(self._watermark, self._least_clock())
        self._expiry.follow(self._watermark)
        self._stage.metrics.rows.advance(self._partition, self._watermark)
        self._stage.floor.advance(self._partition, self._watermark)
        while self._due and self._due[0] <= self._watermark:
            self._finish(heappop(self._due))
        if self._watermark - self._now_at >= _NOW_EVERY_MS:
            self._now_at = self._watermark
            self._touch(self._now_cells)

    def _finish(self, at: Millis) -> None:
        """Have the rows published again that turn final at the instant."""
        for cell in self._finals.pop(at, ()):
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
        cells = {cell: self._cell(cell) for cell in self._cells()}
        (self._definition,) = definitions
        self._ahead.clear()
        self._store.put(_DEFINITION, self._definition.encode())
        for held in cells.values():
            # What was published stays as it was, so that rows which the new definition does not have turn to zero.
            held.total.change_to(self._sum(held.parts))
        self._held = cells
        self._touch(cells)

    def _touch(self, cells: Iterable[bytes]) -> None:
        for cell in cells:
            self._dirty[cell] = None

    def _cells(self) -> set[bytes]:
        stored = {cell for key, _ in self._store.scan(_PARTIAL) if (cell := parse_key(key)[0]) is not None}
        return stored | set(self._held)

    def _watch(self, cell: bytes) -> None:
        """Remember when the cell's rows turn final, or that they follow the clock."""
        if decode_cell(cell).is_now:
            self._now_cells.add(cell)
            return
        for at in finals(cell, self._stage.rules).values():
            if at > self._watermark:
                if at not in self._finals:
                    heappush(self._due, at)
                self._finals.setdefault(at, set()).add(cell)

    def _unwatch(self, cell: bytes) -> None:
        for at in finals(cell, self._stage.rules).values():
            if (cells := self._finals.get(at)) is not None:
                cells.discard(cell)
                if not cells:
                    del self._finals[at]

    # Rows out

    def drain(self, cycle: int) -> list[Outgoing]:
        by_topic: dict[str, list[tuple[bytes, bytes | None]]] = {}
        for cell in dict.fromkeys(key[len(_PARTIAL) : -2] for key in self._expiry.expired()):
            self._forget(cell)
            for kpi, key in row_keys(cell, self._stage.rules):
                by_topic.setdefault(self._topics[kpi], []).append((key, None))
        due = [cell for cell in self._dirty if self._is_due(cell)] if self._may_publish else []
        due.sort(key=is_coarse, reverse=True)
        stamp, gauges, floor = Stamp(cycle, self._watermark), self._stage.metrics.rows, self._stage.floor
        for cell in due[:_CELLS_A_CYCLE]:
            for key, row in self._rows(cell, self._dirty.pop(cell), stamp):
                by_topic.setdefault(self._topics[row.kpi], []).append((key, published(row)))
                gauges.update(self._partition, row)
                floor.update(self._partition, row)
        self._more = len(due) > _CELLS_A_CYCLE
        self._leave_over()
        self._evict()
        return [Outgoing(topic, self._partition, records) for topic, records in sorted(by_topic.items())]

    def _forget(self, cell: bytes) -> None:
        for source in range(self._sources):
            key = partial_key(cell, source)
            if self._store.get(key) is not None:
                self._store.put(key, None)
        self._held.pop(cell, None)
        self._dirty.pop(cell, None)
        self._unwatch(cell)

    def _is_due(self, cell: bytes) -> bool:
        """Rows of all and of teams are told with each cycle, the many others less often."""
        held = self._held.get(cell)
        return held is None or self._clock - held.told_at >= self._stage.settings.row_interval or is_coarse(cell)

    def _rows(self, cell: bytes, asked: frozenset[str] | None, stamp: Stamp) -> list[tuple[bytes, KpiRow]]:
        """The rows of a cell that changed, and those asked for besides, by key; None asks for all."""
        held = self._cell(cell)
        # One open lead may have taken another's place: the sum is the same then, the oldest is not.
        if cell in self._now_cells:
            asked = None
        held.told_at = self._clock
        change = held.total.take()
        return self._made(held, change, None if asked is None else asked | affected(change), stamp)

    def _made(
        self, held: Held, change: Parts, only: Collection[str] | None, stamp: Stamp
    ) -> list[tuple[bytes, KpiRow]]:
        oldest = min((part.oldest for part in held.parts.values() if part.oldest is not None), default=None)
        return keyed_rows(
            held.frame,
            held.total,
            change,
            self._stage.selection,
            oldest=oldest,
            clock=self._watermark,
            reporting=self._reporting,
            only=only,
            stamp=stamp,
        )

    def _leave_over(self) -> None:
        """What this cycle did not publish is remembered with it, since its partials are committed already.

        The entry holds what the cell's rows were last made of.
        """
        left = set(self._dirty)
        for cell in left - self._left:
            self._store.put(_LEFT + cell, encode(self._cell(cell).total.parts))
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
        self._stage.floor.drop(self._partition)

    # On taking over

    def _restore(self) -> None:
        """Watch every stored cell, take up what was left over, and show what metrics and board may have to show."""
        self._stage.metrics.rows.drop(self._partition)
        for key, value in self._store.scan(_PARTIAL):
            if decode_partial(value).definition != self._definition:
                self._ahead.add(parse_key(key)[1])
        for key, value in self._store.scan(_LEFT):
            cell = key[len(_LEFT) :]
            held = self._cell(cell)
            held.total = CellSum(_decode_parts(value))
            held.total.change_to(self._sum(held.parts))
            self._dirty[cell] = None
            self._left.add(cell)
            self._more = True
        for cell in self._cells():
            self._watch(cell)
            found = decode_cell(cell)
            self._stage.metrics.rows.see(self._partition, found.grouping, found.values)
            if self._definition is not None and (self._is_metric(found) or self._is_on_the_floor(found)):
                for _, row in self._made(self._cell(cell), {}, None, Stamp(0, self._watermark)):
                    self._stage.metrics.rows.update(self._partition, row)
                    self._stage.floor.update(self._partition, row)

    def _is_metric(self, cell: Cell) -> bool:
        """Whether the metrics may have to show rows of the cell."""
        if cell.grouping in ("policy", "policy,team"):
            # Three days of business time may be many of the calendar.
            return cell.window in ("all", "5m")
        recent = cell.window == "all" or cell.start > self._watermark - _SHOWN_MS
        return recent and cell.grouping in ("all", "team", "team,temperature")

    def _is_on_the_floor(self, cell: Cell) -> bool:
        """Whether the board may have to show rows of the cell."""
        if cell.grouping not in GROUPED or cell.is_now:
            return cell.grouping in GROUPED
        timezone = self._stage.settings.timezone
        return cell.window in RUNNING and cell.start >= window_bounds(cell.window, self._watermark, timezone)[0]
