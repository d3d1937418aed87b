"""The subcommand that forgets a lead."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.common import length, load


def forget(
    lead: Annotated[str, typer.Argument(help="the lead's id, as events name it in their subject", metavar="LEAD")],
    wait: Annotated[int, typer.Option(parser=length, metavar="TIME", help="how long to wait for an answer")] = 60_000,
    as_json: Annotated[bool, typer.Option("--json", help="what was done as one JSON object")] = False,
) -> None:
    """Forget a lead for good, on a privacy request: delete what is kept of it, store nothing more of it.

    Example: `salespulse forget lead-4711`
    """
    import msgspec

    from deploy.forgetting import forget as ask
    from deploy.forgetting import show
    from deploy.progress import status
    from deploy.stack import stack

    if not lead:
        raise typer.BadParameter("a lead's id is not empty")
    settings = load(quiet=True)
    with status() as report, stack(settings, report=report) as ready:
        done = ask(ready, lead, wait, report)
    if as_json:
        typer.echo(msgspec.json.encode(done))
    else:
        show(done)
