"""Subcommands that make, send and replay events."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.commands.common import length, load, policies

Files = Annotated[list[Path], typer.Argument(help="JSON lines, one event each; plain or .gz", metavar="FILE…")]
Share = typer.Option(min=0, max=1, help="share of the events, 0…1")


def replay(
    files: Files,
    out: Annotated[Path | None, typer.Option("--json", help="write the KPIs to this file")] = None,
) -> None:
    """Turn recorded events into their final KPIs, on the clock of the events.

    Example: `salespulse replay docs/examples/three-leads.jsonl --json out.json`
    """
    from deploy.progress import bar, status
    from deploy.replay import replay as run
    from deploy.replay import write
    from deploy.stack import stack
    from deploy.tables import show_replay

    settings = load(quiet=True)
    _readable(files)
    levels = policies(settings)
    with ExitStack() as parts:
        with status() as report:
            ready = parts.enter_context(stack(settings, clickhouse=False, report=report))
        with bar() as advance:
            result = run(ready, files, advance, levels)
    if out is not None:
        write(result, out)
    show_replay(result)


def produce(
    files: Files,
    rate: Annotated[float | None, typer.Option(min=0.001, help="events per second")] = None,
    speed: Annotated[float | None, typer.Option(min=0.001, help="times as fast as it happened")] = None,
) -> None:
    """Send recorded events to the topics, at full speed unless told otherwise.

    Example: `salespulse produce march.jsonl.gz --speed 60`
    """
    from deploy.produce import produce as send
    from deploy.produce import read_lines
    from deploy.progress import counter, status
    from deploy.stack import stack
    from deploy.topics import create

    if rate is not None and speed is not None:
        raise typer.BadParameter("--rate and --speed exclude each other")
    settings = load()
    _readable(files)
    with status() as report, stack(settings, clickhouse=False, report=report) as ready:
        create(ready)
        sent = send(ready, read_lines(files), rate, speed, counter(report, "sent"))
    _say_sent(sent)


def simulate(
    seed: Annotated[int, typer.Option(help="equal seeds give equal events")] = 1,
    leads: Annotated[int, typer.Option(min=1, help="how many leads and contacts")] = 1_000,
    days: Annotated[float, typer.Option(min=0.01, help="length of the simulated time")] = 14,
    output: Annotated[
        Path | None, typer.Option(help="file to write, gzipped where it ends in .gz; default: stdout")
    ] = None,
    kafka: Annotated[bool, typer.Option("--kafka", help="send the events to the topics instead")] = False,
    live: Annotated[bool, typer.Option("--live", help="with --kafka: endless, as things happen now")] = False,
    speed: Annotated[float, typer.Option(min=0.01, help="with --live: times 35 events a second")] = 1.0,
    truth: Annotated[Path | None, typer.Option(help="write the true KPIs of these events to this file")] = None,
    duplicates: Annotated[float, Share] = 0.0,
    late: Annotated[float, Share] = 0.0,
    malformed: Annotated[float, Share] = 0.0,
    disorder: Annotated[int, typer.Option(parser=length, metavar="TIME", help="how late any event may come")] = 0,
) -> None:
    """A sales floor from a seed: campaigns, working hours, fast and forgetful reps, silence, replies.

    Example: `salespulse simulate --leads 500 --output floor.jsonl.gz --truth truth.json`
    """
    from deploy.commands import floor

    settings = load()
    if live:
        if not kafka:
            raise typer.BadParameter("--live goes with --kafka")
        floor.send_live(settings, seed, speed)
        return
    lines = floor.lines(seed, leads, days, duplicates=duplicates, late=late, malformed=malformed, disorder=disorder)
    if kafka:
        _say_sent(floor.send(settings, lines, truth))
    else:
        floor.write(settings, lines, output, truth)


def _readable(files: list[Path]) -> None:
    """Fail before anything is started, not in the middle."""
    for file in files:
        file.open("rb").close()


def _say_sent(sent: Any) -> None:
    by_topic = ", ".join(f"{topic} {n:,}" for topic, n in sorted(sent.by_topic.items()))
    typer.echo(f"sent {sent.n:,} events ({by_topic})", err=True)
