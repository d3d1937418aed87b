"""Explanations as plain sentences and tables, times by the clock on the wall of whom they concern."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from deploy.explaining.clocks import Told
from deploy.explaining.lead import Account, Engagement
from deploy.explaining.row import Behind
from deploy.explaining.wall import Wall
from deploy.listings import console
from deploy.wording import duration, share
from schemas.catalogue import by_name
from schemas.events import Millis
from schemas.instants import parse
from schemas.settings import setting

_SETTINGS = ("follow_up_horizon", "reply_horizon", "response_horizon", "allowed_lateness", "clock_skew")


def show_lead(account: Account) -> None:
    """Print the account of a lead."""
    out = console()
    wall = Wall(account.zone)
    for line in _heading(account, wall):
        out.print(line, soft_wrap=True)
    out.print("\nwhat happened, and what it counts as")
    out.print(_events(account, wall))
    for engagement in account.engagements:
        out.print()
        for line in _engagement(engagement, wall):
            out.print(line, soft_wrap=True)
    if account.clocks:
        out.print("\nclocks")
    for clock in account.clocks:
        out.print()
        _show_clock(clock)
    out.print("\nwhere it is counted")
    out.print(_places(account, wall) if account.counted else "  nowhere")


def _heading(account: Account, wall: Wall) -> Iterator[str]:
    yield f"{account.lead}, as of {wall(_at(account.at))} ({account.zone})"
    if account.merged_into is not None:
        yield f"It was merged into {account.merged_into} and counts there: salespulse explain {account.merged_into}"
    if account.merged_from:
        yield f"Merged into it: {', '.join(account.merged_from)}"
    if account.truncated:
        yield "It has more events than are kept: what came later is not counted"


def _table(*headings: str) -> Table:
    table = Table(*headings, box=None, padding=(0, 2, 0, 0))
    for column in table.columns[:-1]:
        column.no_wrap = True
    table.columns[-1].overflow = "fold"
    return table


def _events(account: Account, wall: Wall) -> Table:
    table = _table("  when", "event", "by", "owner then", "counts as")
    for event in account.events:
        of = f" of {event.subject}" if event.subject != account.lead else ""
        table.add_row(f"  {wall(event.at)}", event.type + of, event.by or "–", event.owner or "–", event.counts_as)
    return table


def _engagement(engagement: Engagement, wall: Wall) -> Iterator[str]:
    yield f"engagement {engagement.number}: {wall(_at(engagement.engaged_at))}"
    answered, reached = engagement.response_seconds, engagement.contact_seconds
    yield f"  answered   {'by nobody' if answered is None else f'after {duration(answered)}'}"
    yield f"  contact    {'not made' if reached is None else f'made after {duration(reached)}'}"
    yield f"  touches    {engagement.touches}"
    for held in engagement.owners:
        until = "on" if held.until is None else f"until {wall(_at(held.until))}"
        yield f"  owner      {held.owner} of {held.team} from {wall(_at(held.since))} {until}"
    yield f"  counts for {engagement.owner} of {engagement.team}"
    if engagement.closed_at is not None:
        leaves = ", and as a duplicate in no KPI" if engagement.duplicate else ""
        yield f"  closed     {wall(_at(engagement.closed_at))}: {engagement.close_reason or 'no reason given'}{leaves}"


def _show_clock(clock: Told) -> None:
    out = console()
    wall = Wall(clock.zone)
    out.print(f"  {clock.clock} by {clock.policy}: {clock.sentence}", soft_wrap=True)
    table = _table("    ", "")
    table.show_header = False
    for rule in clock.rules:
        table.add_row("    rule", rule)
    table.add_row("    target", f"{clock.target}, from {wall(_at(clock.started_at))} ({clock.zone})")
    for line in clock.reckoning:
        until = (
            wall.hour(_at(line.end)) if line.end[:10] == line.start[:10] else wall(_at(line.end)) if line.end else "…"
        )
        passed = f"{duration(line.seconds)}, {duration(line.passed_seconds)} in all"
        table.add_row("    open", f"{wall(_at(line.start))} – {until}   {passed}")
    if clock.paused_seconds:
        table.add_row("    paused", f"{duration(clock.paused_seconds)} in all: the clock stood still")
    table.add_row("    due", "never: it stands still" if clock.due_at is None else wall(_at(clock.due_at)))
    for which, at in clock.warnings.items():
        table.add_row("    warning", f"{wall(_at(at))}, at {float(which):.0%} of the target")
    for which, at in clock.escalations.items():
        table.add_row("    escalation", f"{wall(_at(at))}, step {which}")
    if clock.responsible != clock.owner:
        table.add_row("    responsible", f"{clock.responsible}, for {clock.owner}")
    for told in clock.announced:
        table.add_row("    announced", told)
    out.print(table)


def _stretch(start: Millis, end: Millis, wall: Wall) -> str:
    same_day = wall(start)[:14] == wall(end)[:14]
    return f"{wall(start)} – {wall.hour(end) if same_day else wall(end)}"


def _places(account: Account, wall: Wall) -> Table:
    table = _table("  KPI", "at", "adds", f"hour and day ({account.days_of})", "of")
    days = Wall(account.days_of)
    for place in account.counted:
        hour, day = (days(_at(place.windows[window])) if window in place.windows else "" for window in ("1h", "1d"))
        windows = " ".join(filter(None, (hour[15:], day[:14]))) or "now"
        of = ", ".join(place.dimensions.values())
        table.add_row(f"  {place.kpi.replace('_', ' ')}", wall(_at(place.at)), place.adds, windows, of)
    return table


def show_row(found: Behind, zone: str) -> None:
    """Print what is behind a row."""
    out = console()
    wall = Wall(zone)
    of = ", ".join(f"{name} {value}" for name, value in found.dimensions.items()) or "all"
    until = "" if found.end is None else f" from {wall(_at(found.start))} to {wall(_at(found.end))}"
    out.print(f"{found.kpi} of {of}, {found.window}{until} ({zone})", soft_wrap=True)
    out.print(f"  {found.definition}", soft_wrap=True)
    lengths = ", ".join(f"{name.replace('_', ' ')} {setting(found.settings[name])}" for name in _SETTINGS)
    out.print(
        f"  settings: {lengths}, contact from {found.settings['contact_seconds']} s, days of {zone}", soft_wrap=True
    )
    out.print(f"\n  the row says        {_numbers(found.kpi, found.published)}")
    out.print(f"  these leads make    {_numbers(found.kpi, found.made)}\n")
    table = _table("  lead", "at", "rep", "team", "adds")
    for part in found.parts:
        table.add_row(f"  {part.lead}", wall(_at(part.at)), part.rep or "–", part.team or "–", part.adds)
    out.print(table)
    if found.leads > len({part.lead for part in found.parts}):
        out.print(f"  … of {found.leads:,} leads in all: --limit shows more")
    if found.revisions:
        out.print("\n  what it said, and what had come before it said so, as far as is known")
        out.print(_revisions(found, wall))


def _revisions(found: Behind, wall: Wall) -> Table:
    table = _table("  written", "said", "since the one before")
    for each in found.revisions:
        said = _numbers(
            found.kpi, {name: getattr(each, name) for name in ("value", "count", "numerator", "denominator")}
        )
        table.add_row(f"  {wall(_at(each.written_at))}", said, "; ".join(each.why))
    return table


def _numbers(kpi: str, row: dict[str, Any] | None) -> str:
    if row is None:
        return "nothing"
    declared = by_name[kpi]
    if declared.kind == "ratio":
        return f"{share(row['value'])} ({row['numerator'] or 0:,.0f} / {row['denominator'] or 0:,.0f})"
    if declared.unit == "seconds":
        return f"{duration(row['value'])} (n {row['count']:,})"
    return f"{row['value'] if row['value'] is not None else '–'} (n {row['count']:,})"


def _at(text: str) -> int:
    return parse(text)[0]
