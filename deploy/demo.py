"""The demo: every part of the pipeline on this machine, a simulated sales floor, and one screen to watch it on."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from rich.console import Console
from rich.live import Live

from agents.engine.clock import monotonic, now
from deploy.children import Child, child
from deploy.failures import Failure
from deploy.policy_check import EXAMPLE
from deploy.reconciling import compare, scope, verdict
from deploy.screen import Picture, board, line
from deploy.stack import stack
from deploy.topics import create
from deploy.watch import Watch
from schemas.settings import Settings

EVENTS_A_SECOND = 35.0
"""What the simulated floor makes at speed 1, about."""

_TICK_SECONDS = 1.0
_LINE_SECONDS = 5.0
_DRAIN_SECONDS = 20.0
_LAG_SECONDS = 6.0
"""Older than this no lag is: the sink measures its own every five seconds."""

console = Console()


def demo(settings: Settings, seconds: float | None, rate: float, seed: int) -> int:
    """Run everything for ``seconds`` (None: until interrupted) at about ``rate`` events a second; the exit status."""
    settings = settings.model_copy(update={"port": _free_port(settings.host, settings.port)})
    sink_port = _free_port(settings.host, 0)
    with stack(settings, report=_say) as ready:
        create(ready)
        _say("starting the worker, the ClickHouse sink and the simulated sales floor")
        with _crew(ready, sink_port, rate, seed) as children:
            _say(f"look at the board:  http://{ready.host}:{ready.port}/board")
            watch = Watch(ready, sink_port, seconds)
            interrupted = _show(watch, children)
            if not interrupted:
                _say("the floor closes; the last events are on their way to ClickHouse")
                _drain(watch, children)
            _sum_up(watch, None if interrupted else ready)
    return 130 if interrupted else 0


@contextmanager
def _crew(settings: Settings, sink_port: int, rate: float, seed: int) -> Iterator[list[Child]]:
    """Worker, sink and simulator, each a process of its own."""
    commands = {
        "worker": ["worker"],
        "sink": ["sink", "clickhouse", "--port", str(sink_port)],
        "simulator": ["simulate", "--kafka", "--live", "--seed", str(seed), "--speed", str(rate / EVENTS_A_SECOND)],
    }
    policies = settings.policies or EXAMPLE
    logs = settings.data_dir / "logs"
    environment = {"SALESPULSE_PORT": str(settings.port), "SALESPULSE_POLICIES": str(policies)}
    with ExitStack() as running:
        yield [running.enter_context(child(name, words, environment, logs)) for name, words in commands.items()]


def _show(watch: Watch, children: Sequence[Child]) -> bool:
    """Show until the time is over or somebody interrupts; whether somebody did."""
    try:
        with _shown() as show:
            while watch.left is None or watch.left > 0:
                _insist_on(children)
                show(watch.look())
                time.sleep(_TICK_SECONDS)
    except KeyboardInterrupt:
        return True
    return False


@contextmanager
def _shown() -> Iterator[Callable[[Picture], None]]:
    """A function that shows a picture: a live screen on a terminal, now and then a line elsewhere."""
    if not console.is_terminal:
        yield _lines()
        return
    last: list[Picture] = []

    def show(picture: Picture) -> None:
        last[:] = [picture]
        live.update(board(picture, console.width), refresh=True)

    try:
        with Live(console=console, auto_refresh=False, screen=True) as live:
            yield show
    finally:
        # The screen is gone with the live display; what it said last stays.
        for picture in last:
            console.print(board(picture, console.width))


def _lines() -> Callable[[Picture], None]:
    said = float("-inf")

    def show(picture: Picture) -> None:
        nonlocal said
        if picture.elapsed - said >= _LINE_SECONDS:
            said = picture.elapsed
            _say(line(picture))

    return show


def _drain(watch: Watch, children: Sequence[Child]) -> None:
    """Stop the simulator and wait until the others have read all that it sent, within reason."""
    *readers, simulator = children
    simulator.stop()
    stopped = monotonic()
    while monotonic() < stopped + _DRAIN_SECONDS:
        _insist_on(readers)
        time.sleep(_TICK_SECONDS)
        picture = watch.look()
        lags = picture.worker.total("sales_consumer_lag_records"), picture.sink.total("sales_sink_lag_records")
        if lags == (0, 0) and monotonic() > stopped + _LAG_SECONDS:
            return


def _sum_up(watch: Watch, reconcilable: Settings | None) -> None:
    """Say what is there now, and where all of it has arrived, whether the rows are right."""
    rows = watch.rows()
    if not rows:
        _say("nothing has come as far as ClickHouse yet")
        return
    _say(
        f"in ClickHouse now: {rows['events']:,} events, {rows['leads']:,} leads, "
        f"{rows['kpis']:,} KPI rows, {rows['sla_events']:,} clock events, {rows['dead_letters']:,} dead letters"
    )
    if reconcilable is not None:
        _say(verdict(compare(reconcilable, scope(reconcilable, now()), time.sleep)))
    _say("look at them with:  salespulse kpis   ·   salespulse kpis --grouping team --kpi lead_response_time")


def _insist_on(children: Sequence[Child]) -> None:
    """``Failure`` where one of them has ended, after showing the end of its log."""
    for one in children:
        if one.has_ended():
            console.print(one.last_lines(), markup=False, highlight=False)
            raise Failure(f"the {one.name} ended by itself ({one.process.returncode}); its whole log: {one.log}")


def _free_port(host: str, wanted: int) -> int:
    """``wanted`` where nothing has it, else any free port."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    raise Failure(f"no free port on {host}")


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
