"""The subcommand that reckons what a load takes."""

from __future__ import annotations

from typing import Annotated

import typer


def size(
    rate: Annotated[float, typer.Option(min=0, help="events a second at the busiest")],
    leads: Annotated[int, typer.Option(min=0, help="leads that are remembered at once")] = 100_000,
    clocks: Annotated[int, typer.Option(min=0, help="service level clocks that run at once")] = 0,
    kpis: Annotated[
        str, typer.Option(help="light: three KPIs by team in 5m; leads: those of leads and replies; full: all")
    ] = "full",
) -> None:
    """What a load takes, by what the benchmarks measured: workers, partitions, memory, disk, time to recover.

    Example: `salespulse size --rate 2000 --leads 1000000 --clocks 50000`
    """
    from typing import cast, get_args

    from rich.table import Table

    from deploy.listings import console
    from deploy.sizing import Kpis, Load, listed, measured
    from deploy.sizing import size as reckon

    if kpis not in get_args(Kpis):
        raise typer.BadParameter(f"--kpis is one of {' '.join(get_args(Kpis))}, not {kpis!r}")
    known = measured()
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for what, how_much in listed(reckon(Load(rate, leads, clocks, cast("Kpis", kpis)), known)):
        table.add_row(what, how_much)
    console().print(table)
    typer.echo(f"\nby benchmarks on {known.machine}; see docs/scaling.md")
