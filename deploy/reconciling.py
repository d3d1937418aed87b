"""``salespulse reconcile``: what is compared, and what is said, shown and told Prometheus about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rich import box
from rich.table import Table

from agents.engine.clock import now
from deploy.listings import console
from deploy.tables import expecting_tables
from schemas.events import Millis
from schemas.settings import Settings
from sinks.clickhouse.metrics import Differences
from sinks.clickhouse.reconciliation import Difference, Reconciliation, Scope, reconcile, session
from streams.selection import Selection

_DAYS = 7
_HOUR = 3_600_000
_COUNTED = ("compared", "equal", "different", "missing", "surplus", "moving", "unverifiable")
_RARE = ("moving", "unverifiable")


def scope(
    settings: Settings,
    clock: Millis,
    since: date | None = None,
    until: date | None = None,
    kpis: Sequence[str] = (),
) -> Scope:
    """The period from the start of day ``since`` to that of ``until``, and what the settings have computed.

    Without dates the last seven days up to the last complete hour, which no period exceeds. ``ValueError`` on
    an empty period, or a KPI that is not computed.
    """
    zone = ZoneInfo(settings.timezone)
    end = clock - clock % _HOUR
    if until is not None:
        end = min(end, _midnight(until, zone))
    first = since or datetime.fromtimestamp(end / 1000, UTC).astimezone(zone).date() - timedelta(days=_DAYS)
    start = _midnight(first, zone)
    if start >= end:
        raise ValueError(f"the period from {first} to {until or 'the last complete hour'} is empty")
    selection = Selection.of(settings)
    if unknown := sorted(set(kpis) - set(selection.kpis)):
        raise ValueError(f"no such KPI is computed: {', '.join(unknown)}")
    return Scope(tuple(kpis) or selection.kpis, selection.groupings, selection.windows, start, end)


def compare(settings: Settings, compared: Scope, sleep: Callable[[float], None]) -> Reconciliation:
    """Compare in ``settings.clickhouse``; ``Failure`` where nothing has been brought there yet."""
    with expecting_tables(), closing(session(settings)) as client:
        return reconcile(client, settings, compared, now(), sleep)


def verdict(found: Reconciliation) -> str:
    """One line."""
    moving = f", {found.moving:,} rows changed meanwhile and were not compared" if found.moving else ""
    if found.unverifiable:
        moving += f", {found.unverifiable:,} rows cannot be told"
    plural = "" if found.differences == 1 else "s"
    return f"reconciled: {found.compared:,} rows, {found.differences:,} difference{plural}{moving}"


def show(found: Reconciliation) -> None:
    """Print a table by KPI and window, and the first differences."""
    out = console()
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    counted = [name for name in _COUNTED if name not in _RARE or getattr(found, name)]
    for heading in ("KPI", "window"):
        table.add_column(heading, no_wrap=True)
    for heading in counted:
        table.add_column(heading, justify="right", no_wrap=True)
    for tally in found.tallies:
        numbers = (f"{getattr(tally, name):,}" for name in counted)
        table.add_row(tally.kpi, tally.window, *numbers, style="bold red" if tally.differences else None)
    if found.tallies:
        out.print(table)
    for line in _lines(found.examples):
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def tell(metrics: Differences, found: Reconciliation) -> None:
    """Have the gauges say what was found."""
    metrics.rows.clear()
    for tally in found.tallies:
        metrics.rows.labels(tally.kpi, tally.window).set(tally.differences)
    metrics.at.set(now() / 1000)


def _lines(examples: Sequence[Difference]) -> Iterator[str]:
    for example in examples:
        dimensions = ", ".join(f"{name} {value}" for name, value in example.dimensions.items()) or "all"
        place = f"by {example.grouping}, {example.window} {example.start}"
        yield f"{example.verdict}: {example.kpi} of {dimensions} {place}"
        for name, published, recomputed in example.numbers:
            yield f"    {name}: published {_number(published)}, recomputed {_number(recomputed)}"


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.12g}"


def _midnight(day: date, zone: ZoneInfo) -> Millis:
    return round(datetime.combine(day, time.min, zone).timestamp()) * 1000
