"""The subcommand that compares what was published with what was recorded."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from deploy.commands.common import length, load

if TYPE_CHECKING:
    from schemas.settings import Settings


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a date such as 2026-03-02, not {text!r}") from None


def reconcile(
    since: Annotated[
        date | None, typer.Option("--from", parser=_day, metavar="DATE", help="first day; default: 7 days ago")
    ] = None,
    until: Annotated[
        date | None,
        typer.Option("--to", parser=_day, metavar="DATE", help="the day before which it ends; default: now"),
    ] = None,
    kpi: Annotated[list[str] | None, typer.Option(help="only this KPI; may be repeated")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="what was found as one JSON object")] = False,
    every: Annotated[
        int | None, typer.Option(parser=length, metavar="TIME", help="go on, once every 1h, 1d, …")
    ] = None,
    port: Annotated[int | None, typer.Option(help="with --every: port of /metrics")] = None,
) -> None:
    """Recompute every KPI row of a period from the recorded events by SQL, and compare; exit 1 where one differs.

    Example: `salespulse reconcile --from 2026-03-02 --to 2026-03-09`
    """
    import time

    import msgspec

    from agents.engine.clock import now
    from deploy.failures import Failure
    from deploy.progress import status
    from deploy.reconciling import compare, scope, show, verdict
    from deploy.stack import stack

    if port is not None and every is None:
        raise typer.BadParameter("--port goes with --every")
    settings = load()
    try:
        period = scope(settings, now(), since, until, kpi or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if every is not None:
        _go_on(settings, since, until, kpi or [], every, port)
    with status() as report, stack(settings, kafka=False, report=report) as ready:
        report("comparing")
        found = compare(ready, period, time.sleep)
    if as_json:
        typer.echo(msgspec.json.encode(found))
    else:
        show(found)
    if found.differences:
        raise Failure(verdict(found))
    if not as_json:
        typer.echo(verdict(found))


def _go_on(
    settings: Settings, since: date | None, until: date | None, kpis: list[str], every: int, port: int | None
) -> NoReturn:
    """Compare again and again until interrupted; what cannot be compared now may be the next time."""
    import time

    from agents.engine.clock import now
    from deploy.failures import explained
    from deploy.reconciling import compare, scope, tell, verdict
    from deploy.stack import stack
    from sinks.clickhouse.metrics import Differences
    from sinks.exposition import served

    metrics = Differences()
    with stack(settings, kafka=False, patient=True) as ready, served(metrics.registry, settings.host, port):
        while True:
            try:
                found = compare(ready, scope(settings, now(), since, until, kpis), time.sleep)
                tell(metrics, found)
                typer.echo(verdict(found), err=True)
            except Exception as error:
                if (line := explained(error)) is None:
                    raise
                typer.echo(f"not compared: {line}", err=True)
            time.sleep(every / 1000)
