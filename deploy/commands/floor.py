"""The simulated sales floor on its way out: to a file, to standard output, to the topics."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import orjson
import typer

from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import simulate
from schemas.settings import Settings

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def lines(seed: int, leads: int, days: float, **disturbances: Any) -> Iterator[bytes]:
    """JSON lines without line ends; ``disturbances`` are those of ``disturb``."""
    return disturb(simulate(seed, leads, days=days), seed, **disturbances)


def write(settings: Settings, events: Iterable[bytes], output: Path | None, truth: Path | None) -> None:
    """Write the lines to ``output`` (None: standard output) and their true KPIs to ``truth``."""
    with _kept(settings, events, truth) as kept, _opened(output) as file:
        for line in kept:
            file.write(line + b"\n")


def send(settings: Settings, events: Iterable[bytes], truth: Path | None) -> Any:
    """Send the lines to the topics at full speed, and write their true KPIs to ``truth``; what was sent."""
    from deploy.produce import produce
    from deploy.progress import status
    from deploy.stack import stack
    from deploy.topics import create

    with status() as report, stack(settings, clickhouse=False, report=report) as ready:
        create(ready)
        with _kept(settings, events, truth) as kept:
            return produce(ready, kept)


def send_live(settings: Settings, seed: int, speed: float) -> None:
    """Send events as they come due, until interrupted."""
    from agents.engine.clock import now
    from deploy.live import follow
    from deploy.progress import status
    from deploy.stack import stack
    from deploy.topics import create

    with status() as report, stack(settings, clickhouse=False, report=report) as ready:
        create(ready)
        with closing(follow(ready, seed, speed, now)) as counts:
            for sent in counts:
                report(f"sent {sent:,} events")


@contextmanager
def _kept(settings: Settings, events: Iterable[bytes], truth: Path | None) -> Iterator[Iterable[bytes]]:
    """The events, remembered where their true KPIs are to be written at the end."""
    if truth is None:
        yield events
        return
    from deploy.simulator.truth import truth as true_kpis

    kept = list(events)
    yield kept
    truth.write_bytes(orjson.dumps(true_kpis(kept, settings), option=_PRETTY))
    typer.echo(f"true KPIs written to {truth}", err=True)


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes] | gzip.GzipFile]:
    if output is None:
        yield sys.stdout.buffer
    elif output.suffix == ".gz":
        # Without name and time in its header, equal seeds give equal files.
        with output.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
            yield file
    else:
        with output.open("wb") as file:
            yield file
