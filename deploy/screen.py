"""The demo's one screen: what a sales manager looks at, and below it what an operator does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.readings import HotLead, Rows, Samples
from deploy.tables import Row, quantile
from deploy.wording import duration, share
from schemas.events import Millis

_KINDS = ("call", "email", "sms", "social", "meeting", "demo")
_ROOM = 119
"""Columns of a terminal from which on everything fits; a narrower one gets what matters most."""


class Picture(Struct, frozen=True):
    """All that is shown at one instant; ``rate`` in events a second, ``left`` in seconds, None without an end."""

    now: Millis
    elapsed: float
    left: float | None
    ready: bool
    rate: float | None
    kpis: Rows
    longest: Sequence[HotLead]
    newest: Sequence[HotLead]
    worker: Samples
    sink: Samples
    places: Sequence[tuple[str, str]]


Cell = Callable[[Picture, str], str]


def board(picture: Picture, width: int) -> RenderableType:
    """The whole screen, ``width`` characters wide."""
    figures = (_teams(picture, width), Text(), _hot(picture, width))
    return Group(_title(picture), Text(), *figures, _pulse(picture), _places(picture))


def line(picture: Picture) -> str:
    """The same in one line, for where there is no terminal."""
    parts = [
        duration(round(picture.elapsed)),
        "running" if picture.ready else "worker starting",
        _said("{:.0f} events/s", picture.rate),
        f"answered in {_response('1h', 'p50')(picture, 'all')}, 9 of 10 in {_response('1h', 'p90')(picture, 'all')}",
        f"followed up {_ratio('follow_up_rate')(picture, 'all')}",
        f"replied {_ratio('reply_rate')(picture, 'all')}",
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


def _teams(picture: Picture, width: int) -> Table:
    columns = [column for column in _COLUMNS if width >= _ROOM or column[0] in _NARROW]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("team", no_wrap=True)
    for heading, _ in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    teams = sorted({team for _, team, _ in picture.kpis if team != "all"})
    for team in [*teams, "all"]:
        cells = (cell(picture, team) for _, cell in columns)
        table.add_row(team, *cells, style="bold" if team == "all" else None, end_section=[team] == teams[-1:])
    return table


def _hot(picture: Picture, width: int) -> Panel:
    total = _hot_leads(picture.worker)
    columns = Table(box=None, padding=(0, 4, 0, 0), header_style="dim")
    lists = {"waiting longest": picture.longest, "just come in": picture.newest}
    shown = lists if width >= _ROOM else {"just come in": picture.newest}
    for heading in shown:
        columns.add_column(heading, no_wrap=True)
    columns.add_row(*(_names(picture, leads) for leads in shown.values()))
    return Panel(columns, title=f"hot leads nobody has answered: {_count(total)}", title_align="left")


def _names(picture: Picture, leads: Sequence[HotLead]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for lead in leads:
        waits = duration(max(picture.now - lead.engaged_at, 0) / 1000)
        table.add_row(lead.lead, lead.team, waits)
    return table


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


def _row(picture: Picture, window: str, team: str, kpi: str) -> Row:
    return next(iter(picture.kpis.get((window, team, kpi), [])), {})


def _response(window: str, name: str) -> Cell:
    def cell(picture: Picture, team: str) -> str:
        return quantile(_row(picture, window, team, "lead_response_time"), name)

    return cell


def _ratio(kpi: str) -> Cell:
    return lambda picture, team: share(_row(picture, "1d", team, kpi).get("value"))


def _within_5_minutes(picture: Picture, team: str) -> str:
    """Share of all leads that engaged today, those still waiting too."""
    row = _row(picture, "1d", team, "lead_response_time")
    leads = row["count"] + row["statistics"]["censored"] if row else 0
    return share(row["statistics"]["within"]["300"] / leads if leads else None)


def _activities(picture: Picture, team: str) -> str:
    rows = picture.kpis.get(("1d", team, "activities"), [])
    return f"{sum(row['count'] for row in rows if row['dimensions'].get('kind') in _KINDS):,}"


def _waiting(picture: Picture, team: str) -> str:
    return _count(picture.worker.total("sales_open_leads", team=team))


def _hot_leads(worker: Samples) -> float | None:
    """Those of all teams; the whole (team ``all``) may not be told apart by temperature."""
    open_leads = worker.values.get("sales_open_leads", {})
    hot = [n for labels, n in open_leads.items() if ("temperature", "hot") in labels and ("team", "all") not in labels]
    return sum(hot) if hot else None


def _longest(picture: Picture, team: str) -> str:
    waits = picture.worker.values.get("sales_oldest_open_lead_seconds", {}).items()
    return duration(max((seconds for labels, seconds in waits if ("team", team) in labels), default=0) or None)


def _lag(picture: Picture) -> float | None:
    return picture.worker.total("sales_consumer_lag_records")


def _count(number: float | None) -> str:
    return "–" if number is None else f"{number:,.0f}"


def _said(text: str, number: float | None) -> str:
    return "" if number is None else text.format(number)


_COLUMNS: tuple[tuple[str, Cell], ...] = (
    ("answered\nin, median\nthis hour", _response("1h", "p50")),
    ("9 of 10\nanswered in\nthis hour", _response("1h", "p90")),
    ("answered\nin, median\ntoday", _response("1d", "p50")),
    ("within\n5 min\ntoday", _within_5_minutes),
    ("followed\nup\ntoday", _ratio("follow_up_rate")),
    ("\nreplied\ntoday", _ratio("reply_rate")),
    ("\nsaid yes\ntoday", _ratio("positive_reply_rate")),
    ("calls,\nmails, …\ntoday", _activities),
    ("\nwaiting\nnow", _waiting),
    ("\nlongest\nwait", _longest),
)
_NARROW = {_COLUMNS[position][0] for position in (0, 3, 4, 5, 8, 9)}
