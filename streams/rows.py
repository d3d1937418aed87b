"""Rows: what is published of a cell, one row per KPI (and kind of activity) that has something to say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Final

from schemas.catalogue import CATALOGUE, GROUPINGS, Kpi, by_name, index_of
from schemas.events import Millis
from schemas.results import KpiRow, timestamp
from streams import figures, now
from streams.accumulators import SLOTS, Vector
from streams.figures import Figures
from streams.kinds import ACTIVITIES, CUSTOMERS
from streams.rules import Rules
from streams.selection import Selection
from streams.windows import Cell, decode_cell, window_bounds

NOT_COUNTED: Final = ("censored", "cancelled", "machine")
"""Statistics of what may belong to a row beside what it counts."""

_Named = dict[tuple[str, str | None], Figures]


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
    """The rows of a cell in the order of the catalogue, provisional and without revision or watermark.

    A KPI without anything in ``vector`` has none, but for those that had something in ``before``:
    theirs are rows of zeros. ``oldest`` is when the longest waiting lead of a cell of *now* engaged,
    ``clock`` the partition's. ``reporting`` are the message sources (hashed) known to report delivery;
    None judges each cell by itself. ``only`` names the KPIs that are asked for; None: all.
    """
    place = decode_cell(cell)
    kpis = _shown(selection, place.kind, place.grouping)
    if only is not None:
        kpis = [kpi for kpi in kpis if kpi.name in only]
    if place.kind == "now":
        named = _now(vector, oldest, clock)
        had = _now(before, oldest, clock) if before else {}
    else:
        parts, parts_before = _parts(vector), _parts(before or {})
        said = dict(_figures(kpis, parts, parts, reporting))
        named = {key: figures for key, figures in said.items() if not _says_nothing(figures)}
        # Which messages count as delivered may have changed since: what may have had a row counts as having had one.
        silent = [kpi for kpi in kpis if kpi.extra or (kpi.name, None) not in named]
        had = dict(_figures(silent, parts_before, parts, reporting))
    shown = {kpi.name for kpi in kpis}
    order = sorted((key for key in named | had if key[0] in shown), key=lambda key: (index_of[key[0]], key[1] or ""))
    frame = _Frame(place, rules)
    return [frame.row(name, extra, named.get((name, extra)) or had[name, extra]) for name, extra in order]


def affected(slots: Iterable[int]) -> set[str]:
    """The KPIs whose rows depend on any of the slots."""
    changed = {CATALOGUE[position].name for position in {slot // SLOTS for slot in slots}}
    if "open_leads" in changed:
        # It has no slot of its own.
        changed.add("oldest_open_lead")
    return changed | {kpi.name for kpi in CATALOGUE if kpi.over in changed}


def _says_nothing(said: Figures | KpiRow) -> bool:
    return not said.count and not any(said.statistics.get(rest) for rest in NOT_COUNTED)


def is_empty(row: KpiRow) -> bool:
    """Whether nothing belongs to the row: it only takes back what an earlier one said."""
    return _says_nothing(row)


def final_at(kpi: str, cell: bytes, rules: Rules) -> Millis | None:
    """The watermark from which a row is final: its window's end, the KPI's horizon, the allowed lateness; or never."""
    return finals(cell, rules).get(by_name[kpi].horizon)


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
    shown = [kpi for kpi in CATALOGUE if kpi.name in selection.kpis and grouping in kpi.groupings]
    return [kpi for kpi in shown if (kpi.kind == "now") == (kind == "now")]


@lru_cache(maxsize=20_000)
def _span(window: str, start: Millis, timezone: str) -> tuple[str, str | None]:
    end = window_bounds(window, start, timezone)[1]
    return timestamp(start), None if end is None else timestamp(end)


class _Frame:
    """What all rows of a cell share."""

    def __init__(self, place: Cell, rules: Rules) -> None:
        self.place = place
        self.dimensions = dict(zip(GROUPINGS[place.grouping], place.values, strict=True))
        self.start, self.end = _span(place.window, place.start, rules.timezone)

    def row(self, name: str, extra: str | None, said: Figures) -> KpiRow:
        dimensions = self.dimensions if extra is None else {**self.dimensions, str(by_name[name].extra): extra}
        place = self.place
        return KpiRow(
            name, place.grouping, dimensions, place.window, self.start, self.end, by_name[name].basis,
            said.value, said.count, said.numerator, said.denominator, said.statistics,
        )  # fmt: skip


def _parts(vector: Vector) -> dict[int, Vector]:
    """An accumulator taken apart by KPI."""
    parts: dict[int, Vector] = defaultdict(dict)
    for slot, amount in vector.items():
        parts[slot // SLOTS][slot % SLOTS] = amount
    return parts


def _figures(
    kpis: list[Kpi], belonging: dict[int, Vector], parts: dict[int, Vector], reporting: frozenset[int] | None
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
            yield (kpi.name, None), figures.PLAIN.get(kpi.name, figures.PLAIN[kpi.kind])(own)


def _by_kind(kpi: Kpi, belonging: Vector, own: Vector) -> Iterator[tuple[tuple[str, str | None], Figures]]:
    for kind in sorted({slot // len(CUSTOMERS) for slot in belonging}):
        first = kind * len(CUSTOMERS)
        customers = {name: own.get(first + n, 0) for n, name in enumerate(CUSTOMERS)}
        n = sum(customers.values())
        yield (kpi.name, ACTIVITIES[kind]), Figures(n, n, statistics={"customer": customers})


def _now(vector: Vector, oldest: Millis | None, clock: Millis | None) -> _Named:
    bands = [vector.get(index_of["open_leads"] * SLOTS + band, 0) for band in range(len(now.BANDS))]
    n = sum(bands)
    waiting = (clock - oldest) / 1000 if n and oldest is not None and clock is not None else None
    since = timestamp(oldest) if n and oldest is not None else None
    return {
        ("open_leads", None): Figures(n, n, statistics={"bands": dict(zip(now.BANDS, bands, strict=True))}),
        ("oldest_open_lead", None): Figures(waiting, n, statistics={"oldest_engaged_at": since}),
    }
