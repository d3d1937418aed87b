"""Every target that was ever set: by whom, when, whether it stands, and what stands in its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import asdict
from rich.table import Table

from agents.targets import breakdown
from deploy.listings import console
from deploy.tables import client_of, expecting_tables
from deploy.targets.periods import worded
from deploy.wording import amount
from schemas.events import Millis
from schemas.policy import PolicyFile
from schemas.results import timestamp
from schemas.settings import Settings
from schemas.targets import Aim, Target
from sinks.clickhouse.targets import Recorded, recorded
from streams.targets.breakdown import weeks
from streams.targets.overlaps import Standing, standing

State = Literal["stands", "stands in part", "overridden", "replaced", "revoked"]
_SHOWN: Final = ("stands", "stands in part", "overridden")


class Line(Struct, frozen=True):
    """A target as it was set, with its state: ``why`` says what is in its place, and since when or by whom.

    ``standing`` are the parts of its period in which it stands, RFC 3339.
    """

    kpi: str
    scope: str
    who: str
    currency: str
    start: str
    end: str
    value: str
    by: str
    set_at: str
    state: State
    why: str
    standing: tuple[tuple[str, str], ...] = ()


def found(settings: Settings, is_wanted: Callable[[Target], bool], history: bool) -> list[Line]:
    """The targets of ClickHouse by KPI, who and period; those that were replaced or revoked only with ``history``."""
    with expecting_tables(), closing(client_of(settings)) as client:
        events = recorded(client, settings.currency)
    lines = [line for line in _lines(events, settings.timezone) if history or line[1].state in _SHOWN]
    lines = [line for line in lines if is_wanted(line[0])]
    return [
        line for _, line in sorted(lines, key=lambda line: (line[0].line, line[0].start, line[0].end, line[0].time))
    ]


def broken_down(settings: Settings, file: PolicyFile, is_wanted: Callable[[Target | Aim], bool]) -> list[Aim]:
    """What stands, with the shares of reps and, after each, its weeks."""
    with expecting_tables(), closing(client_of(settings)) as client:
        held = [each.target for each in recorded(client, settings.currency) if each.holds and not each.revokes]
    rules = breakdown(settings, file)
    return [
        part
        for aim in rules.aims(held)
        if is_wanted(aim)
        for part in (aim, *rules.weekly(aim, weeks(aim.start, aim.end, settings.timezone)))
    ]


def show(lines: Sequence[Line], timezone: str) -> None:
    """Print one line for each."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("KPI", "of", "period"):
        table.add_column(heading, no_wrap=True)
    table.add_column("target", justify="right", no_wrap=True)
    for heading in ("set by", "on", "state"):
        table.add_column(heading, overflow="fold")
    for line in lines:
        day = _moment(line.set_at, timezone)
        period = _period(line.start, line.end, timezone)
        state = f"{line.state}{': ' if line.why else ''}{line.why}"
        table.add_row(
            line.kpi, line.who, period, amount(Decimal(line.value), line.currency), line.by or "–", day, state
        )
    console().print(table if lines else "no targets: `salespulse targets set` sets one; is the sink running?")


def show_aims(aims: Sequence[Aim], timezone: str) -> None:
    """Print what is to be reached by whom, and in which week."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("KPI", "of", "period", "week"):
        table.add_column(heading, no_wrap=True)
    for heading in ("target", "working days"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for aim in aims:
        period = worded(aim.start, aim.end, timezone)
        days = f"{aim.working_days:g}" if aim.present_days == aim.working_days else (
            f"{aim.present_days:.4g} of {aim.working_days:g}"
        )  # fmt: skip
        names = (aim.kpi, aim.who, period, "") if aim.level == "period" else ("", "", "", period)
        table.add_row(*names, amount(aim.value, aim.currency), days, _rest(aim))
    console().print(table if aims else "no targets stand")


def _lines(events: Sequence[Recorded], timezone: str) -> Iterator[tuple[Target, Line]]:
    by_subject: dict[str, list[Recorded]] = defaultdict(list)
    for event in events:
        by_subject[event.target.subject].append(event)
    held = standing(each.target for each in events if each.holds and not each.revokes)
    states = {(one.target.subject, one.target.source, one.target.id): one for one in held}
    for of_subject in by_subject.values():
        for place, event in enumerate(of_subject):
            if not event.revokes:
                one = states.get((event.target.subject, event.target.source, event.target.id))
                yield event.target, _line(event.target, one, of_subject[place + 1 :], timezone)


def _line(target: Target, one: Standing | None, later: Sequence[Recorded], timezone: str) -> Line:
    if one is not None:
        state, why = _state(one, timezone)
    else:
        ended = later[0]
        state = "revoked" if ended.revokes else "replaced"
        value = "" if ended.revokes else f" by {amount(ended.target.value, ended.target.currency)}"
        why = f"{_moment(timestamp(ended.target.time), timezone)}{value}, {ended.target.by or 'nobody named'}"
    return Line(
        *(target.kpi, target.scope, target.who, target.currency, timestamp(target.start), timestamp(target.end)),
        *(f"{target.value:f}", target.by, timestamp(target.time), state, why),
        tuple((timestamp(start), timestamp(end)) for start, end in one.spans) if one is not None else (),
    )


def _state(one: Standing, timezone: str) -> tuple[State, str]:
    if not one.beaten_by:
        return "stands", ""
    reasons = "; ".join(
        f"{amount(other.value, other.currency)} of {worded(other.start, other.end, timezone)} is"
        f" {'of a shorter period' if _length(other) < _length(one.target) else 'set later'}"
        for other in one.beaten_by
    )
    if not one.spans:
        return "overridden", reasons
    parts = ", ".join(worded(start, end, timezone) for start, end in one.spans)
    return "stands in part", f"{parts}; else {reasons}"


def _length(target: Target) -> Millis:
    return target.end - target.start


def _rest(aim: Aim) -> str:
    if aim.origin == "derived":
        return f"share of {aim.team}'s target" if aim.level == "period" else ""
    return f"less absence, of {aim.whole:,f}" if aim.whole != aim.value and aim.level == "period" else ""


def _period(start: str, end: str, timezone: str) -> str:
    return worded(_millis(start), _millis(end), timezone)


def _millis(text: str) -> Millis:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _moment(text: str, timezone: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}"


def as_json(one: Line | Aim) -> dict[str, Any]:
    """A line or an aim as one JSON object; times RFC 3339, amounts decimal strings."""
    row = asdict(one)
    if isinstance(one, Aim):
        row |= {"start": timestamp(one.start), "end": timestamp(one.end), "value": f"{one.value:f}"}
        row["whole"] = f"{one.whole:f}"
    return row
