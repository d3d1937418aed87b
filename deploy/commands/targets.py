"""Subcommands about targets: set, import, revoke, list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.common import load, policies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.targets.held import Change
    from deploy.targets.wanted import Wanted
    from schemas.settings import Settings

Kpi = Annotated[str, typer.Argument(help="what is to be reached: won_amount, deals_won, reply_rate, observed.NAME, …")]
Period = Annotated[str, typer.Option(help="2026, 2026-Q1, 2026-03, 2026-W10, a day, or DAY..DAY without the last")]
Team = Annotated[str, typer.Option(help="of this team; with --rep the rep's")]
Rep = Annotated[str, typer.Option(help="of this rep")]
Currency = Annotated[str, typer.Option(help="of an amount of money; default: SALESPULSE_CURRENCY")]
By = Annotated[str | None, typer.Option(help="who decided it; default: the user of this machine")]


def set_(
    kpi: Kpi,
    value: Annotated[str, typer.Argument(help="the target: an amount, a count, 0.35 for 35 %, seconds of a duration")],
    period: Period,
    team: Team = "",
    rep: Rep = "",
    currency: Currency = "",
    by: By = None,
) -> None:
    """Set a target of a rep, a team or everybody, in place of one for the same period.

    Example: `salespulse targets set won_amount 300000 --team emea-1 --period 2026-Q1`
    """
    settings = load(quiet=True)
    words = {"kpi": kpi, "value": value, "period": period, "team": team, "rep": rep, "currency": currency}
    [change] = _done(settings, [_read(words, settings)], by)
    before = "" if change.before is None or change.kind != "replaced" else f", in place of {_value_of(change)}"
    typer.echo(f"{change.kind}: {_said(change.wanted, settings)}{before}")


def revoke(
    kpi: Kpi,
    period: Period,
    team: Team = "",
    rep: Rep = "",
    currency: Currency = "",
    by: By = None,
) -> None:
    """Revoke a target: from then on whatever else is set for its period stands.

    Example: `salespulse targets revoke won_amount --team emea-1 --period 2026-Q1`
    """
    settings = load(quiet=True)
    words = {"kpi": kpi, "period": period, "team": team, "rep": rep, "currency": currency}
    [change] = _done(settings, [_read(words, settings, revokes=True)], by)
    typer.echo(f"revoked: {_said(change.wanted, settings)}, which was {_value_of(change)}")


def import_(
    file: Annotated[Path, typer.Argument(help="CSV with the columns kpi, value, period, and any of team rep currency")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be done")] = False,
    by: By = None,
) -> None:
    """Set the targets of a CSV file: all of them, or none where a line is wrong. Twice is once.

    Example: `salespulse targets import quotas.csv --dry-run`
    """
    from collections import Counter

    from deploy.failures import Failure
    from deploy.targets.importing import lines

    settings = load(quiet=True)
    wanted, faults = lines(file, settings)
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise Failure(f"{len(faults)} fault(s) in {file}: no target was set")
    changes = _done(settings, wanted, by, dry_run)
    for change in changes:
        if dry_run and change.kind != "unchanged":
            before = f", in place of {_value_of(change)}" if change.kind == "replaced" else ""
            typer.echo(f"{change.kind}: {_said(change.wanted, settings)}{before}")
    counts = Counter(change.kind for change in changes)
    counted = ", ".join(f"{counts[kind]:,} {kind}" for kind in ("new", "replaced", "unchanged"))
    typer.echo(f"{'would be' if dry_run else 'done'}: {counted}")


def list_(
    kpi: Annotated[str | None, typer.Option(help="only of this KPI")] = None,
    team: Annotated[str | None, typer.Option(help="only of this team")] = None,
    rep: Annotated[str | None, typer.Option(help="only of this rep")] = None,
    history: Annotated[bool, typer.Option("--history", help="also what was replaced or revoked since")] = False,
    breakdown: Annotated[
        bool, typer.Option("--breakdown", help="what stands, with the shares of reps and weeks")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
) -> None:
    """Targets, by whom and when they were set, which stand, and what stands in place of the others.

    Example: `salespulse targets list --team emea-1 --history`
    """
    from deploy.progress import status
    from deploy.stack import stack
    from deploy.targets import listing
    from schemas.targets import Aim, Target

    def is_wanted(one: Target | Aim) -> bool:
        of_team = team in (None, one.who if one.scope == "team" else one.team)
        return kpi in (None, one.kpi) and of_team and (rep is None or (one.scope, one.who) == ("rep", rep))

    settings = load(quiet=True)
    file = policies(settings)
    with status() as report, stack(settings, kafka=False, report=report) as ready:
        lines = [] if breakdown else listing.found(ready, is_wanted, history)
        aims = listing.broken_down(ready, file, is_wanted) if breakdown else []
    if as_json:
        for row in (*map(listing.as_json, lines), *map(listing.as_json, aims)):
            typer.echo(json.dumps(row, sort_keys=True))
    elif breakdown:
        listing.show_aims(aims, settings.timezone)
    else:
        listing.show(lines, settings.timezone)


def _read(words: dict[str, str], settings: Settings, revokes: bool = False) -> Wanted:
    from deploy.targets.wanted import read

    wanted, faults = read(words, settings, revokes)
    if wanted is None:
        raise typer.BadParameter("; ".join(faults))
    return wanted


def _done(settings: Settings, wanted: Sequence[Wanted], by: str | None, dry_run: bool = False) -> list[Change]:
    """Send what is new; ``Failure`` where there is nothing to revoke."""
    from getpass import getuser

    from agents.engine.clock import now
    from deploy.failures import Failure
    from deploy.progress import status
    from deploy.stack import stack
    from deploy.targets.held import change, held, send
    from deploy.topics import create

    with status() as report, stack(settings, clickhouse=False, report=report) as ready:
        create(ready)
        before = held(ready)
        changes: list[Change] = []
        for one in wanted:
            found = change(one, before)
            if found is None:
                raise Failure(f"there is no target to revoke: {_said(one, settings)}")
            changes.append(found)
        if not dry_run:
            send(ready, changes, by or getuser(), now())
    return changes


def _said(wanted: Wanted, settings: Settings) -> str:
    from deploy.targets.periods import worded
    from deploy.wording import amount

    value = "" if wanted.value is None else f": {amount(wanted.value, wanted.currency)}"
    return f"{wanted.kpi} of {wanted.who}, {worded(wanted.start, wanted.end, settings.timezone)}{value}"


def _value_of(change: Change) -> str:
    """What was held before, and by whom."""
    from decimal import Decimal

    from deploy.wording import amount
    from schemas.events import TargetSet

    assert change.before is not None and isinstance(change.before.data, TargetSet)
    data = change.before.data
    by = f" ({data.by})" if data.by else ""
    return amount(Decimal(str(data.value)), data.currency) + by
