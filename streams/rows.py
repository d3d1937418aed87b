"""Rows: what is published of a cell, one row per KPI (and kind of activity) that has something to say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from msgspec.structs import asdict

from schemas.catalogue import CATALOGUE, CELLS, GROUPINGS, Kpi, by_name, index_of
from schemas.events import Millis
from schemas.results import KpiRow, row_key, timestamp
from schemas.settings import setting
from streams import figures, now, pipeline_figures, running
from streams.accumulators import SLOTS, Vector
from streams.figures import Figures
from streams.kinds import ACTIVITIES, BUSINESS, CUSTOMERS
from streams.rules import Rules
from streams.selection import Selection
from streams.sums import CellSum, Parts, joined
from streams.windows import decode_cell, window_bounds

NOT_COUNTED: Final = ("censored", "cancelled", "machine")
"""Statistics of what may belong to a row beside what it counts."""

_NOTHING: Final = Figures(None, 0)

_BASIS: Final = {kpi.name: kpi.basis for kpi in CATALOGUE}
_HEADS: Final = {kpi.name: b'["' + kpi.name.encode() for kpi in CATALOGUE}

_Named = dict[tuple[str, str | None], Figures]


class Stamp:
    """What the rows of one cycle have in common: their revision, and the instant up to which everything was read."""

    def __init__(self, revision: int, watermark: Millis) -> None:
        self.revision = revision
        self.watermark = watermark
        self.told = timestamp(watermark) if watermark else None


_PROVISIONAL: Final = Stamp(0, 0)


def rows(
    cell: bytes,
    vector: Vector,
    selection: Selection,
    rules: Rules,
    *,
    before: Vector | None = None,
    oldest: Millis | None = None,
    clock: Millis | None = None,
    reporting: frozenset[int] | None = None,
    only: Collection[str] | None = None,
) -> list[KpiRow]:
    """The rows of a cell that holds ``vector``, its last having been made of ``before``; see ``keyed_rows``."""
    held = CellSum.of(before or {})
    held.change_to(vector)
    found = keyed_rows(
        Frame(cell, rules), held, held.take(), selection, oldest=oldest, clock=clock, reporting=reporting, only=only
    )
    return [row for _, row in found]


def keyed_rows(
    frame: Frame,
    held: CellSum,
    change: Parts,
    selection: Selection,
    *,
    oldest: Millis | None,
    clock: Millis | None,
    reporting: frozenset[int] | None,
    only: Collection[str] | None,
    stamp: Stamp = _PROVISIONAL,
) -> list[tuple[bytes, KpiRow]]:
    """The rows of a cell with the keys of their records, in the order of the catalogue.

    A KPI of which nothing is held has none, but for those of which there was something before the ``change``:
    theirs are rows of zeros. ``oldest`` is when the longest waiting lead of a cell of *now* engaged, ``clock`` the
    partition's. ``reporting`` are the message sources (hashed) known to report delivery; None judges each cell by
    itself. ``only`` names the KPIs that are asked for; None: all.
    """
    place = frame.place
    kpis = _shown(selection, place.kind, place.grouping)
    if only is not None:
        kpis = [kpi for kpi in kpis if kpi.name in only]
    if place.is_now:
        shown = {kpi.name for kpi in kpis}
        said = _now(place.kind, joined(held.parts), joined(held.all_before(change)), oldest, clock)
        told = {key: each for key, each in said.items() if key[0] in shown}
    else:
        told = _of_events(kpis, held, change, reporting)
    if len(told) > 1:
        told = dict(sorted(told.items(), key=_in_order))
    return [frame.row(name, extra, said, stamp) for (name, extra), said in told.items()]


def _in_order(told: tuple[tuple[str, str | None], Figures]) -> tuple[int, str]:
    name, extra = told[0]
    return index_of[name], extra or ""


def _of_events(kpis: list[Kpi], held: CellSum, change: Parts, reporting: frozenset[int] | None) -> _Named:
    """What is to be told: whatever says something, and nothing in the place of what did."""
    parts = held.parts
    named = {key: said for key, said in _figures(kpis, parts, parts, reporting) if not _says_nothing(said)}
    # Which messages count as delivered may have changed since: what may have had a row counts as having had one.
    silent = [kpi for kpi in kpis if kpi.extra or (kpi.name, None) not in named]
    tallied = {index_of[kpi.over or kpi.name] for kpi in silent}
    before = {position: part for position in tallied if (part := held.before(position, change))}
    return dict(_figures(silent, before, parts, reporting)) | named if before else named


def row_keys(cell: bytes, rules: Rules) -> list[tuple[str, bytes]]:
    """KPI and record key of every row that the cell can ever have had, whatever is selected now."""
    frame = Frame(cell, rules)
    kpis = _shown(Selection.everything(), frame.place.kind, frame.place.grouping)
    return [(kpi.name, frame.key(kpi, extra)) for kpi in kpis for extra in (ACTIVITIES if kpi.extra else (None,))]


def affected(positions: Iterable[int]) -> set[str]:
    """The KPIs whose rows depend on what is held at the positions of the catalogue."""
    changed = {CATALOGUE[position % BUSINESS].name for position in positions}
    # Those that have no slots of their own.
    if "open_leads" in changed:
        changed.add("oldest_open_lead")
    if "sla_at_risk" in changed:
        changed |= {"sla_breached", "paused_share"}
    return changed | {kpi.name for kpi in CATALOGUE if kpi.over in changed}


def _says_nothing(said: Figures | KpiRow) -> bool:
    return not said.count and not any(said.statistics.get(rest) for rest in NOT_COUNTED)


def is_empty(row: KpiRow) -> bool:
    """Whether nothing belongs to the row: it only takes back what an earlier one said."""
    return _says_nothing(row)


@lru_cache(maxsize=16)
def definitions(rules: Rules) -> dict[str, str]:
    """KPI → which definition was used, ``touched within 24h of engaging``, where vendors have several."""
    stated = asdict(rules)
    said = {name: setting(value) if name.endswith("_horizon") else value for name, value in stated.items()}
    return {kpi.name: kpi.used.format_map(said) for kpi in CATALOGUE if kpi.used}


def finals(cell: bytes, rules: Rules) -> dict[str, Millis]:
    """By the horizon of its KPI, the watermark from which a row of the cell is final; empty where it never is."""
    place = decode_cell(cell)
    return _finals(place.window, place.start, rules)


@lru_cache(maxsize=20_000)
def _finals(window: str, start: Millis, rules: Rules) -> dict[str, Millis]:
    end = window_bounds(window, start, rules.timezone)[1]
    if end is None:
        return {}
    horizons = {"none": 0} | {name: getattr(rules, f"{name}_horizon") for name in ("response", "follow_up", "reply")}
    return {name: end + horizon + rules.allowed_lateness for name, horizon in horizons.items()}


def reports(vector: Vector) -> frozenset[int]:
    """The message sources (hashed) that report delivery, of a cell's accumulator."""
    first = index_of["delivery_rate"] * SLOTS
    return figures.reports({slot - first: n for slot, n in vector.items() if 0 <= slot - first < SLOTS})


@lru_cache(maxsize=256)
def _shown(selection: Selection, kind: str, grouping: str) -> list[Kpi]:
    return [kpi for kpi in CATALOGUE if kpi.name in selection.kpis and kind in kpi.cells(grouping)]


@lru_cache(maxsize=20_000)
def _span(window: str, start: Millis, timezone: str) -> tuple[str, str | None]:
    end = window_bounds(window, start, timezone)[1]
    return timestamp(start), None if end is None else timestamp(end)


class Frame:
    """What all rows of a cell share: made once, however often they are."""

    def __init__(self, cell: bytes, rules: Rules) -> None:
        self.place = place = decode_cell(cell)
        self.dimensions = dict(zip((*GROUPINGS[place.grouping], *CELLS[place.kind]), place.values, strict=True))
        self.start, self.end = _span(place.window, place.start, rules.timezone)
        self.finals = _finals(place.window, place.start, rules)
        self._definitions = definitions(rules)
        self._tails: dict[tuple[str | None, str | None], bytes] = {}

    def row(self, name: str, extra: str | None, said: Figures, stamp: Stamp) -> tuple[bytes, KpiRow]:
        """The row of a KPI, and the key of its record."""
        kpi, place = by_name[name], self.place
        final = self.finals.get(kpi.horizon)
        row = KpiRow(
            name, place.grouping, self._dimensions(kpi, extra), place.window, self.start, self.end, _BASIS[name],
            said.value, said.count, said.numerator, said.denominator, self._statistics(name, said),
            stamp.revision, final is not None and final <= stamp.watermark, stamp.told,
        )  # fmt: skip
        return self.key(kpi, extra), row

    def _statistics(self, name: str, said: Figures) -> dict[str, Any]:
        used = self._definitions.get(name)
        return said.statistics if used is None else {**said.statistics, "definition": used}

    def key(self, kpi: Kpi, extra: str | None) -> bytes:
        """``KpiRow.key`` of a KPI's row: all of it but the name is the same for many."""
        name = kpi.extra, extra
        tail = self._tails.get(name)
        if tail is None:
            place = self.place
            whole = row_key(kpi.name, place.grouping, self._dimensions(kpi, extra), place.window, self.start)
            tail = self._tails[name] = whole[len(_HEADS[kpi.name]) :]
        return _HEADS[kpi.name] + tail

    def _dimensions(self, kpi: Kpi, extra: str | None) -> dict[str, str]:
        return self.dimensions if extra is None else {**self.dimensions, str(kpi.extra): extra}


def _figures(
    kpis: list[Kpi], belonging: Parts, parts: Parts, reporting: frozenset[int] | None
) -> Iterator[tuple[tuple[str, str | None], Figures]]:
    """The figures in ``parts`` of every KPI with something in ``belonging``."""
    for kpi in kpis:
        tallied = index_of[kpi.over or kpi.name]
        if tallied not in belonging:
            continue
        own, tally = parts.get(index_of[kpi.name], {}), parts.get(tallied, {})
        if kpi.name == "delivery_rate":
            yield (kpi.name, None), figures.delivery(tally, reporting)
        elif kpi.over is not None:
            of_messages = figures.bounce if kpi.name == "bounce_rate" else figures.seen
            yield (kpi.name, None), of_messages(own, tally, reporting)
        elif kpi.extra is not None:
            yield from _by_kind(kpi, belonging[tallied], own)
        else:
            made = figures.PLAIN.get(kpi.name, figures.PLAIN[kpi.kind])
            business = parts.get(index_of[kpi.name] + BUSINESS, {})
            yield (kpi.name, None), figures.in_both_times(own, business, made)


def _by_kind(kpi: Kpi, belonging: Vector, own: Vector) -> Iterator[tuple[tuple[str, str | None], Figures]]:
    for kind in sorted({slot // len(CUSTOMERS) for slot in belonging}):
        first = kind * len(CUSTOMERS)
        customers = {name: own.get(first + n, 0) for n, name in enumerate(CUSTOMERS)}
        n = sum(customers.values())
        yield (kpi.name, ACTIVITIES[kind]), Figures(n, n, statistics={"customer": customers})


def _now(kind: str, vector: Vector, before: Vector, oldest: Millis | None, clock: Millis | None) -> _Named:
    if kind == "now_by_currency":
        return {(name, None): said for name, said in pipeline_figures.by_currency(vector).items()}
    if kind == "now_by_stage":
        return {(name, None): said for name, said in pipeline_figures.by_stage(vector, clock).items()}
    bands = [vector.get(index_of["open_leads"] * SLOTS + band, 0) for band in range(len(now.BANDS))]
    n = sum(bands)
    waiting = (clock - oldest) / 1000 if n and oldest is not None and clock is not None else None
    since = timestamp(oldest) if n and oldest is not None else None
    of_clocks: _Named = {(name, None): said for name, said in running.figures(vector, before, clock).items()}
    return of_clocks | {
        ("open_leads", None): Figures(n, n, statistics={"bands": dict(zip(now.BANDS, bands, strict=True))}),
        ("oldest_open_lead", None): Figures(waiting, n, statistics={"oldest_engaged_at": since}),
    }
