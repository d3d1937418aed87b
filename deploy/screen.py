"""The demo's one screen: what a sales manager looks at, and below it what an operator does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.readings import HotLead, Rows, Samples
from deploy.wording import duration, share
from schemas.events import Millis

_KINDS = ("call", "email", "sms", "social", "meeting", "demo")
_COLUMNS = (
    ("team", "left"),
    ("answered in,\nmedian, this hour", "right"),
    ("9 of 10\nwithin", "right"),
    ("median,\ntoday", "right"),
    ("within\n5 min", "right"),
    ("followed\nup in 24 h", "right"),
    ("replied", "right"),
    ("said yes", "right"),
    ("activities\ntoday", "right"),
    ("waiting\nnow", "right"),
    ("longest\nwait", "right"),
)


class Picture(Struct, frozen=True):
    """All that is shown at one instant; ``rate`` in events a second, ``left`` in seconds, None without an end."""

    now: Millis
    elapsed: float
    left: float | None
    ready: bool
    rate: float | None
    kpis: Rows
    hot: Sequence[HotLead]
    worker: Samples
    sink: Samples
    places: Sequence[tuple[str, str]]


def board(picture: Picture) -> RenderableType:
    """The whole screen."""
    return Group(_title(picture), _teams(picture), _hot(picture), _pulse(picture), _places(picture))


def line(picture: Picture) -> str:
    """The same in one line, for where there is no terminal."""
    row = _row(picture, "1h", "all", "lead_response_time")
    parts = [
        f"{duration(picture.elapsed)}",
        "running" if picture.ready else "worker starting",
        _said("{:.0f} events/s", picture.rate),
        f"response p50 {duration(row.get('value'))} p90 {duration(_statistics(row).get('p90'))}",
        f"followed up {share(_row(picture, '1d', 'all', 'follow_up_rate').get('value'))}",
        f"replied {share(_row(picture, '1d', 'all', 'reply_rate').get('value'))}",
        f"hot leads waiting {_count(_hot_leads(picture.worker))}",
        f"lag {_count(_lag(picture))}",
        f"dead letters {_count(picture.worker.total('sales_dead_letters_total'))}",
    ]
    return " · ".join(part for part in parts if part)


def _title(picture: Picture) -> Text:
    state = ("live", "bold green") if picture.ready else ("the worker is starting…", "bold yellow")
    end = "Ctrl-C ends it" if picture.left is None else f"ends in {duration(max(0, round(picture.left)))}"
    return Text.assemble(
        ("salespulse ", "bold"), state, f"  {duration(round(picture.elapsed))} · {end}",
        ("   a simulated sales floor on which everything goes 40 times as fast", "dim"),
    )  # fmt: skip


def _teams(picture: Picture) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1))
    for heading, justify in _COLUMNS:
        table.add_column(heading, justify="left" if justify == "left" else "right", no_wrap=True)
    teams = sorted({team for _, team, _ in picture.kpis if team != "all"})
    for team in teams:
        table.add_row(*_cells(picture, team))
    table.add_section()
    table.add_row(*_cells(picture, "all"), style="bold")
    return table


def _cells(picture: Picture, team: str) -> list[str]:
    hour = _row(picture, "1h", team, "lead_response_time")
    day = _row(picture, "1d", team, "lead_response_time")
    activities = picture.kpis.get(("1d", team, "activities"), [])
    waiting = picture.worker.total("sales_open_leads", team=team)
    longest = _longest(picture.worker, team)
    return [
        team,
        duration(hour.get("value")),
        duration(_statistics(hour).get("p90")),
        duration(day.get("value")),
        share(_within(day, "300")),
        *(share(_row(picture, "1d", team, kpi).get("value")) for kpi in _RATIOS),
        f"{sum(row['count'] for row in activities if row['dimensions'].get('kind') in _KINDS):,}",
        _count(waiting),
        duration(longest) if waiting else "–",
    ]


_RATIOS = ("follow_up_rate", "reply_rate", "positive_reply_rate")


def _hot(picture: Picture) -> Panel:
    total = _hot_leads(picture.worker)
    table = Table(box=None, padding=(0, 3, 0, 0), show_header=False)
    for lead in picture.hot:
        table.add_row(lead.lead, lead.team, lead.owner, duration((picture.now - lead.engaged_at) / 1000))
    inside = table if picture.hot else Text("none: every hot lead has been answered", style="dim")
    return Panel(inside, title=f"hot leads nobody has answered: {_count(total)}, longest first", title_align="left")


def _pulse(picture: Picture) -> Text:
    parts = (
        _said("{:.0f} events/s", picture.rate),
        f"{_count(picture.worker.total('sales_events_total'))} events read",
        f"lag of the worker {_count(_lag(picture))}",
        f"lag of ClickHouse {_count(picture.sink.total('sales_sink_lag_records'))}",
        f"dead letters {_count(picture.worker.total('sales_dead_letters_total') or 0)}",
    )
    return Text(" · ".join(part for part in parts if part))


def _places(picture: Picture) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for name, place in picture.places:
        table.add_row(name, place, style="dim")
    return table


def _row(picture: Picture, window: str, team: str, kpi: str) -> dict[str, Any]:
    return next(iter(picture.kpis.get((window, team, kpi), [])), {})


def _statistics(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = row.get("statistics") or {}
    return found


def _within(row: dict[str, Any], seconds: str) -> float | None:
    """Share of all leads of the window, the open ones too, that were answered within ``seconds``."""
    statistics = _statistics(row)
    leads = row.get("count", 0) + statistics.get("censored", 0)
    return statistics["within"][seconds] / leads if leads else None


def _hot_leads(worker: Samples) -> float | None:
    """Those of all teams; the whole (team ``all``) may not be told apart by temperature."""
    open_leads = worker.values.get("sales_open_leads", {})
    hot = [n for labels, n in open_leads.items() if ("temperature", "hot") in labels and ("team", "all") not in labels]
    return sum(hot) if hot else None


def _longest(worker: Samples, team: str) -> float | None:
    waits = [
        value
        for labels, value in worker.values.get("sales_oldest_open_lead_seconds", {}).items()
        if ("team", team) in labels
    ]
    return max(waits, default=None)


def _lag(picture: Picture) -> float | None:
    return picture.worker.total("sales_consumer_lag_records")


def _count(number: float | None) -> str:
    return "–" if number is None else f"{number:,.0f}"


def _said(text: str, number: float | None) -> str:
    return "" if number is None else text.format(number)
