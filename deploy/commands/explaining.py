"""The subcommand that explains a number."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.common import load, policies


def explain(
    what: Annotated[str, typer.Argument(help="a lead's id, or the name of a KPI", metavar="LEAD|KPI")],
    window: Annotated[str, typer.Option(help="of a KPI: 1m, 5m, 1h, 1d or all")] = "1d",
    start: Annotated[
        str | None, typer.Option(help="a time within the window, in SALESPULSE_TIMEZONE; default: the newest")
    ] = None,
    team: Annotated[str | None, typer.Option(help="the row of this team")] = None,
    rep: Annotated[str | None, typer.Option(help="the row of this rep")] = None,
    temperature: Annotated[str | None, typer.Option(help="with --team: the row of this temperature")] = None,
    source: Annotated[str | None, typer.Option(help="the row of this source")] = None,
    region: Annotated[str | None, typer.Option(help="the row of this region")] = None,
    channel: Annotated[str | None, typer.Option(help="the row of this channel")] = None,
    policy: Annotated[str | None, typer.Option(help="of KPIs of clocks: the row of this policy")] = None,
    kind: Annotated[str | None, typer.Option(help="of what is told by kind, reason, stage or currency: which")] = None,
    limit: Annotated[int, typer.Option(min=1, help="of a KPI: how much to list at most")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="the explanation as one JSON object")] = False,
) -> None:
    """Say how a number came about: the leads behind a KPI row, or all that was made of a lead.

    Example: `salespulse explain lead_response_time --team emea-1 --window 1h`
    """
    import msgspec

    from deploy.explaining import asking, shown
    from deploy.explaining.lead import Account
    from deploy.progress import status
    from deploy.stack import stack
    from schemas.catalogue import WINDOWS, by_name

    if window not in WINDOWS:
        raise typer.BadParameter(f"--window is one of {' '.join(WINDOWS)}, not {window!r}")
    named = {"team": team, "rep": rep, "temperature": temperature, "source": source, "region": region}
    dimensions = {
        name: value for name, value in (named | {"channel": channel, "policy": policy}).items() if value is not None
    }
    settings = load(quiet=True)
    levels = policies(settings)
    asked = None
    if what in by_name:
        try:
            asked = asking.question(settings, what, dimensions, window, start, kind)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    with status() as report, stack(settings, kafka=False, report=report) as ready:
        found = asking.of_lead(ready, levels, what) if asked is None else asking.of_row(ready, levels, *asked, limit)
    if as_json:
        typer.echo(msgspec.json.encode(found))
    elif isinstance(found, Account):
        shown.show_lead(found)
    else:
        shown.show_row(found, settings.timezone)
