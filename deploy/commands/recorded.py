"""Subcommands that show recorded KPIs: any period and scope, what they tell of one another, what a target takes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Annotated

import typer

from deploy.commands.common import load


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a date such as 2026-03-02, not {text!r}") from None


Since = Annotated[date | None, typer.Option("--from", parser=_day, metavar="DATE", help="first day; default: today")]
Until = Annotated[
    date | None, typer.Option("--to", parser=_day, metavar="DATE", help="the day before which it ends; default: now")
]


def recorded(
    kpi: Annotated[list[str] | None, typer.Argument(help="recorded KPIs; default: all", metavar="[KPI]…")] = None,
    period: Annotated[str, typer.Option(help="day, week, month, quarter, year, or custom: all in one")] = "month",
    scope: Annotated[str | None, typer.Option(help="all, team, rep, source, region, product, …")] = None,
    since: Since = None,
    until: Until = None,
    as_json: Annotated[bool, typer.Option("--json", help="the rows, one JSON object a line")] = False,
) -> None:
    """KPIs over recorded events, for whole periods of any kind, each beside the period before.

    Example: `salespulse recorded churn_rate mrr --period quarter --scope team --from 2026-01-01`
    """
    from agents.engine.clock import now
    from deploy.progress import status
    from deploy.recorded_kpis import between, measured, show
    from deploy.stack import stack
    from schemas.recorded_kpis import PERIODS, RECORDED, by_name

    if period not in PERIODS:
        raise typer.BadParameter(f"--period is one of {' '.join(PERIODS)}, not {period!r}")
    if unknown := [name for name in kpi or () if name not in by_name]:
        raise typer.BadParameter(f"{unknown[0]!r} is none of the recorded KPIs: {' '.join(by_name)}")
    chosen = [by_name[name] for name in kpi] if kpi else list(RECORDED)
    chosen = [one for one in chosen if scope is None or scope in one.scopes]
    if not chosen:
        raise typer.BadParameter(f"none of these is shown by {scope!r}")
    settings = load()
    with status() as report, stack(settings, kafka=False, report=report) as ready:
        rows = list(measured(ready, chosen, between(settings, now(), since, until), period, scope, report))
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, sort_keys=True))
    else:
        show(rows, settings.timezone)


def signals(
    since: Annotated[
        date | None, typer.Option("--from", parser=_day, metavar="DATE", help="first day; default: 26 weeks ago")
    ] = None,
    until: Until = None,
    scope: Annotated[str, typer.Option(help="of what moved before what: all, team or rep")] = "all",
    as_json: Annotated[bool, typer.Option("--json", help="what was found as one JSON object")] = False,
) -> None:
    """What moved before the results did, who does much and who does well, who would gain from training.

    Example: `salespulse signals --from 2026-01-01`
    """
    from agents.engine.clock import now
    from deploy.progress import status
    from deploy.recorded_kpis import between
    from deploy.signals import found, show
    from deploy.stack import stack

    if scope not in ("all", "team", "rep"):
        raise typer.BadParameter(f"--scope is one of all team rep, not {scope!r}")
    settings = load()
    with status() as report, stack(settings, kafka=False, report=report) as ready:
        result = found(ready, between(settings, now(), since, until, weeks=26), scope)
    if as_json:
        typer.echo(json.dumps(result, sort_keys=True))
    else:
        show(result)


def plan(
    revenue: Annotated[float, typer.Option(min=0.01, max=1e15, help="how much is to be won from now on")],
    by: Annotated[date, typer.Option(parser=_day, metavar="DATE", help="the last day for it")],
    currency: Annotated[str | None, typer.Option(help="of the revenue; default: SALESPULSE_CURRENCY")] = None,
    team: Annotated[str | None, typer.Option(help="by what this team does; default: all")] = None,
    as_of: Annotated[
        date | None, typer.Option(parser=_day, metavar="DATE", help="as it stood when this day began; default: now")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the plan as one JSON object")] = False,
) -> None:
    """From a revenue target to deals, proposals, demos and calls a week and rep, by what it took in the last year.

    Example: `salespulse plan --revenue 500000 --currency EUR --by 2027-06-30 --team emea-1`
    """
    import msgspec

    from agents.engine.clock import now
    from deploy.plan import Target, planned
    from deploy.plan import show as show_plan
    from deploy.progress import status
    from deploy.recorded_kpis import between
    from deploy.stack import stack

    settings = load(quiet=True)
    present = between(settings, now(), None, as_of)[1]
    until = between(settings, present, None, min(by, date(2199, 12, 31)) + timedelta(days=1))[1]
    if as_of is not None and present > now():
        raise typer.BadParameter(f"--as-of is today or a day before, not {as_of}")
    if until <= present or by.year > 2199:
        raise typer.BadParameter(f"--by is a day from {as_of or 'today'} to 2199-12-31, not {by}")
    target = Target(revenue, (currency or settings.currency).upper(), present, until, team)
    with status() as report, stack(settings, kafka=False, report=report) as ready:
        report("measuring")
        found = planned(ready, target)
    if as_json:
        typer.echo(msgspec.json.encode(found))
    else:
        show_plan(found, settings.timezone)
