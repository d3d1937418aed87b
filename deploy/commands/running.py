"""Subcommands that run something until it is done or told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.common import length, load, policies

if TYPE_CHECKING:
    from schemas.settings import Settings


def demo(
    for_: Annotated[
        int | None, typer.Option("--for", parser=length, metavar="TIME", help="end after 60s, 5m, …")
    ] = None,
    rate: Annotated[float, typer.Option(min=1, help="events a second, about")] = 35.0,
    seed: Annotated[int, typer.Option(help="another seed, another floor")] = 1,
) -> None:
    """The whole pipeline on this machine, live on one screen: Kafka, worker, ClickHouse and a simulated sales floor.

    Example: `salespulse demo --for 60s`
    """
    from deploy.demo import demo as run

    settings = load()
    policies(settings)
    raise typer.Exit(run(settings, None if for_ is None else for_ / 1000, rate, seed))


def worker(
    stage: Annotated[int | None, typer.Option(min=1, max=2, help="1: leads; 2: KPI windows; default: both")] = None,
) -> None:
    """The Faust worker: reads the events, keeps the leads, publishes the KPIs. Start more to share the work.

    Example: `salespulse worker`
    """
    import asyncio

    from agents.app import StageApp
    from agents.worker import work
    from deploy.board.web import board
    from deploy.ending import end_by_force_after
    from deploy.failures import Failure
    from deploy.stack import stack
    from schemas.compiled import state

    settings = load()
    levels = policies(settings)
    pages = board(settings, levels)
    with stack(settings, clickhouse=False, patient=True, report=_say) as ready:
        _prepare_topics(settings, ready)
        _say(f"worker on http://{ready.host}:{ready.port}/metrics, its board on /board, its core {state()}")
        apps: list[StageApp] = []
        stages = (1, 2) if stage is None else (stage,)
        code = asyncio.run(
            work(ready, stages, policies=levels, started=apps.extend, ending=end_by_force_after, board=pages)
        )
    if reasons := [app.stopped_for for app in apps if app.stopped_for is not None]:
        raise Failure("; ".join(reasons))
    raise typer.Exit(code)


def clickhouse(
    port: Annotated[int | None, typer.Option(help="port of the sink's /metrics; default: none")] = None,
) -> None:
    """Copy events, KPIs, lead facts and dead letters to ClickHouse, and publish how far along targets are.

    Example: `SALESPULSE_CLICKHOUSE=http://localhost:8123/salespulse salespulse sink clickhouse`
    """
    import signal
    import threading

    from agents.targets import pursuing
    from deploy.stack import stack
    from sinks.clickhouse.sink import run

    settings = load()
    levels = policies(settings)
    stop = threading.Event()
    with stack(settings, patient=True, report=_say) as ready:
        _prepare_topics(settings, ready)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        _say("copying to ClickHouse")
        run(ready, stop, port, beside=lambda registry: pursuing(ready, levels, registry))


def notify(
    port: Annotated[int | None, typer.Option(help="port of /metrics; default: none")] = None,
) -> None:
    """Tell people of leads that wait: clock events to webhooks, by the audiences of the policy file.

    Example: `SALESPULSE_POLICIES=policies.toml salespulse notify`
    """
    import asyncio
    import signal

    from agents.notify.service import notify as run
    from deploy.failures import Failure
    from deploy.stack import stack
    from sinks.notify.address import missing

    settings = load()
    if settings.policies is None:
        raise Failure("there is nobody to tell: set SALESPULSE_POLICIES to a file with audiences")
    file = policies(settings)
    if lines := missing(file):
        for line in lines:
            typer.echo(line, err=True)
        raise Failure(f"{len(lines)} address(es) are not set")

    async def until_signalled(ready: Settings) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run(ready, file, stop, port)

    with stack(settings, clickhouse=False, patient=True, report=_say) as ready:
        _prepare_topics(settings, ready)
        _say(f"telling {', '.join(file.audiences) or 'nobody'}")
        asyncio.run(until_signalled(ready))


def create() -> None:
    """Create the topics that are missing.

    Example: `SALESPULSE_KAFKA=localhost:9092 salespulse topics create`
    """
    from deploy.progress import status
    from deploy.stack import stack
    from deploy.topics import create as create_missing

    settings = load()
    with status() as report, stack(settings, clickhouse=False, report=report) as ready:
        created = create_missing(ready)
    for topic in created:
        typer.echo(f"created {topic}")
    if not created:
        typer.echo("every topic is there")


def check() -> None:
    """Say what is wrong with the topics; exit 1 where something is.

    Example: `salespulse topics check`
    """
    from deploy.failures import Failure
    from deploy.progress import status
    from deploy.stack import stack
    from deploy.topics import check as faults_of

    settings = load()
    with status() as report, stack(settings, clickhouse=False, report=report) as ready:
        faults = faults_of(ready)
    for fault in faults:
        typer.echo(fault)
    if faults:
        raise Failure(f"{len(faults)} fault(s) in the topics; `salespulse topics create` creates missing ones")
    typer.echo("the topics are as they should be")


def _say(line: str) -> None:
    """What a service says once stands above its log, not in a spinner beside it."""
    typer.echo(line, err=True)


def _prepare_topics(settings: Settings, ready: Settings) -> None:
    """Create those of the local Kafka; elsewhere that is for whoever runs it: ``Failure`` where one is missing."""
    from deploy.failures import Failure
    from deploy.topics import check, create

    if settings.kafka is None:
        create(ready)
        return
    missing = [fault.split()[0] for fault in check(ready) if fault.endswith("is missing")]
    if missing:
        raise Failure(f"{len(missing)} topics are missing, among them {missing[0]}: run `salespulse topics create`")
