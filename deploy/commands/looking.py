"""Subcommands that show something, or write down what is already known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, get_args

import typer

from deploy.commands.common import load, policy_file


def kpis(
    family: Annotated[str | None, typer.Option(help="response, follow-up, reply or activity")] = None,
    kpi: Annotated[str | None, typer.Option(help="one KPI, such as lead_response_time")] = None,
    window: Annotated[str, typer.Option(help="1m, 5m, 1h, 1d or all")] = "1d",
    grouping: Annotated[
        str | None, typer.Option(help="all, team, rep, team,temperature, source, region, channel")
    ] = None,
    team: Annotated[str | None, typer.Option(help="only this team")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the rows, one JSON object a line")] = False,
) -> None:
    """The latest KPIs as tables, from ClickHouse.

    Example: `salespulse kpis --team emea-1 --window 1h`
    """
    from deploy.progress import status
    from deploy.stack import stack
    from deploy.tables import latest, show
    from schemas.catalogue import GROUPINGS, WINDOWS, Family, by_name

    for option, value, known in (
        ("--family", family, get_args(Family)),
        ("--kpi", kpi, tuple(by_name)),
        ("--window", window, WINDOWS),
        ("--grouping", grouping, tuple(GROUPINGS)),
    ):
        if value is not None and value not in known:
            raise typer.BadParameter(f"{option} is one of {' '.join(known)}, not {value!r}")
    settings = load()
    with status() as report, stack(settings, kafka=False, report=report) as ready:
        rows = latest(ready, family, kpi, window, grouping, team)
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, sort_keys=True))
    else:
        show(rows, window)


def settings() -> None:
    """Every setting: its environment variable, value, default and meaning. Passwords are hidden.

    Example: `SALESPULSE_TIMEZONE=Europe/Berlin salespulse settings`
    """
    from deploy.listings import show_settings
    from schemas.compiled import state

    show_settings(load())
    typer.echo(f"\nthe core is {state()}")


def render(
    check: Annotated[bool, typer.Option("--check", help="write nothing; exit 1 where a file is stale")] = False,
    policies: Annotated[
        Path | None, typer.Option(help="only alerting and dashboards, for this policy file instead of the example")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="the folder that it is written to")] = None,
) -> None:
    """Write every generated file of the repository; or your own rules, routes and dashboards for your policies.

    Example: `salespulse render --policies policies.toml --to monitoring`
    """
    from deploy.failures import Failure
    from deploy.render import alerting, grafana, write
    from deploy.render import render as write_all

    if (policies is None) != (to is None):
        raise typer.BadParameter("--policies and --to go together")
    if policies is None or to is None:
        stale = write_all(Path(__file__).parents[2], check)
    else:
        file = policy_file(policies)
        stale = write(to, alerting.files_of(file, policies.name) | grafana.files_of(file), check)
    for path in stale:
        typer.echo(f"{'stale' if check else 'wrote'} {path}")
    if check and stale:
        raise Failure(f"{len(stale)} generated file(s) stale; run `salespulse render`")


def letters(
    reason: Annotated[str | None, typer.Option(help="only this reason, such as missing_field")] = None,
    limit: Annotated[int, typer.Option(min=1, help="how many at most")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="whole letters, one JSON object a line")] = False,
) -> None:
    """List dead letters: why a record could not be used, and where it is.

    Example: `salespulse dead-letters list --reason missing_field`
    """
    from itertools import islice

    from deploy.listings import show_letters
    from deploy.progress import status
    from deploy.stack import stack
    from sinks.dead_letters import read

    settings = load()
    with status() as report, stack(settings, clickhouse=False, report=report) as ready:
        found = list(islice(read(ready, reason, limit), limit))
    show_letters(found, as_json)


def replay_letters(
    reason: Annotated[str | None, typer.Option(help="only this reason, such as missing_field")] = None,
) -> None:
    """Send dead letters back to the topics they came from, byte for byte.

    Example: `salespulse dead-letters replay --reason future`
    """
    from deploy.progress import status
    from deploy.stack import stack
    from sinks.dead_letters import read, replay

    settings = load()
    with status() as report, stack(settings, clickhouse=False, report=report) as ready:
        sent = replay(ready, list(read(ready, reason)))
    typer.echo(f"sent {sent:,} records back to their topics")
