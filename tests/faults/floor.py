"""A sales floor under fault: events on their way, workers and sinks as processes, and what must come of it all.

The events are a year old, so that nothing but their own contents decides what is final or how long a lead is open.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from deploy import topics
from deploy.policy_check import EXAMPLE
from deploy.produce import Sender
from deploy.simulator.cast import DAY
from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import START, simulate
from schemas.settings import Settings
from tests.agents.workers import ROOT, Worker, until
from tests.faults.brokers import Brokers
from tests.faults.outcome import Expected, Outputs, Toll, stored
from tests.faults.proxy import Proxy

A_YEAR_AGO: Final = START - 364 * DAY
WINDOWS: Final = "all,1d,1h"
_PATIENCE_SECONDS: Final = 150
_FOR_EVER: Final = 36_500 * DAY


class Sink:
    """``salespulse sink clickhouse`` as a process."""

    def __init__(self, settings: Settings, dsn: str, name: str, fault: dict[str, Any] | None = None) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SALESPULSE_")}
        kept |= {
            "SALESPULSE_KAFKA": str(settings.kafka),
            "SALESPULSE_TOPIC_PREFIX": settings.topic_prefix,
            "SALESPULSE_DATA_DIR": str(settings.data_dir / name),
            "SALESPULSE_CLICKHOUSE": dsn,
        }
        self._log = settings.data_dir / f"{name}.log"
        kept |= _env(fault)
        words = [sys.executable, "-m", _module(fault), "sink", "clickhouse"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(words, cwd=ROOT, env=kept, stdout=subprocess.DEVNULL, stderr=log)

    @property
    def stderr(self) -> str:
        return self._log.read_text()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


class Feeder(threading.Thread):
    """Sends lines to the brokers at a pace, so that faults fall between them; a broker that is away is waited for."""

    def __init__(self, settings: Settings, lines: list[bytes], rate: float) -> None:
        super().__init__(daemon=True)
        self._settings = settings
        self._lines = lines
        self._rate = rate
        self._failure: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            asyncio.run(self._send())
        except BaseException as error:
            self._failure = error

    async def _send(self) -> None:
        async with Sender(self._settings) as sender:
            for n, line in enumerate(self._lines, 1):
                await sender.send(line)
                if self._rate and not n % max(1, int(self._rate / 20)):
                    await sender.flush()
                    await asyncio.sleep(0.05)
            await sender.flush()

    def finish(self) -> None:
        """Send what is left as fast as it goes; everything is acknowledged then."""
        self._rate = 0
        self.join(_PATIENCE_SECONDS)
        if self._failure is not None or self.is_alive():
            raise RuntimeError(f"not everything could be sent: {self._failure!r}")


class Floor:
    """One run of the pipeline on topics of its own, with a seed of its own."""

    def __init__(
        self, brokers: Brokers, directory: Path, seed: int, *, dsn: str | None = None, leads: int = 250
    ) -> None:
        self.brokers = brokers
        self.rng = random.Random(seed)
        self.dsn = dsn
        self.settings = Settings(
            kafka=brokers.proxied,
            topic_prefix=f"f{uuid.uuid4().hex[:10]}",
            data_dir=directory,
            windows=WINDOWS,
            keep_1h=_FOR_EVER,
            keep_1d=_FOR_EVER,
            replication=min(3, brokers.count),
            policies=directory / "policies.toml",
            _env_file=None,
        )
        self.direct = self.settings.model_copy(update={"kafka": brokers.direct})
        self.lines = list(lines(seed, leads))
        self.workers: list[Worker] = []
        self.sinks: list[Sink] = []
        self.injected = 0
        self.took_over = 0.0
        directory.mkdir(parents=True)
        directory.joinpath("policies.toml").write_text(EXAMPLE.read_text().replace("= 2026-01-01T", "= 2025-01-01T"))
        topics.create(self.direct)
        brokers.compact(self.direct)

    def worker(self, name: str = "one", *, ready: bool = True, fault: dict[str, Any] | None = None) -> Worker:
        """Start a worker, and wait for it unless told not to; ``fault`` is what is wrong inside (``hooked``)."""
        worker = Worker(self.settings, name, module=_module(fault), env=_env(fault))
        self.workers.append(worker)
        if ready:
            until(worker.is_ready, f"{name} is ready", _PATIENCE_SECONDS)
        return worker

    def sink(self, name: str = "sink", dsn: str | None = None, fault: dict[str, Any] | None = None) -> Sink:
        """Start a sink on the floor's ClickHouse, or by another way to it."""
        assert self.dsn is not None
        sink = Sink(self.settings, dsn or self.dsn, name, fault)
        self.sinks.append(sink)
        return sink

    @contextmanager
    def feeding(self, rate: float = 150) -> Iterator[Feeder]:
        """Events are on their way while the body runs; all of them are there after it."""
        feeder = Feeder(self.direct, self.lines, rate)
        yield feeder
        feeder.finish()

    def moment(self, longest: float = 1.5) -> None:
        """A random instant later: what is waited for is nothing but time."""
        self.last(self.rng.uniform(0, longest))

    def last(self, seconds: float) -> None:
        """Let a fault last."""
        time.sleep(seconds)

    def disturb(self, wire: Proxy, delay: float, rate: float) -> None:
        """Cut the way to a server, refuse it, hold it with nobody told, make it slow, make it narrow."""
        disturbances: list[tuple[Callable[[], Any], float]] = [
            (wire.cut, 1),
            (wire.refuse, 5),
            (wire.hold, 10),
            (lambda: setattr(wire, "delay", delay), 8),
            (lambda: setattr(wire, "rate", rate), 8),
        ]
        for begin, seconds in disturbances:
            self.moment()
            begin()
            self.last(seconds)
            wire.mend()
            self.injected += 1

    def copy_of(self, worker: Worker) -> Path:
        """A copy of the directory of a worker that does not run."""
        copy = worker.directory.with_suffix(".copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(worker.directory, copy)
        return copy

    def settle(self, seconds: float = _PATIENCE_SECONDS, *, forgets: bool = False) -> tuple[Toll, float]:
        """Wait until the outputs are what they must be: what is still wrong after ``seconds``, and how long it took."""
        began = time.monotonic()
        expected = Expected.of(self.lines, self.settings, self.settings.data_dir / "expected")
        outputs = Outputs(self.direct)
        took = time.monotonic() - began
        try:
            while True:
                toll = outputs.read().toll(expected, forgets)
                if not toll.is_any and self.dsn is not None and self.sinks:
                    toll = stored(self.dsn, outputs, expected)
                if not toll.is_any or time.monotonic() - began > seconds + took:
                    return toll, time.monotonic() - began - took
                time.sleep(0.3)
        finally:
            outputs.close()

    def close(self) -> None:
        """End every process; none outlives the floor."""
        for worker in self.workers:
            worker.end()
        for sink in self.sinks:
            sink.end()


def lines(seed: int, leads: int) -> Iterator[bytes]:
    """Every event type, with duplicates, disorder, lateness, conflicts and malformed events, in order of arrival."""
    events = simulate(seed, leads, A_YEAR_AGO)
    return disturb(events, seed, duplicates=0.05, late=0.05, malformed=0.03, conflicts=0.01)


def _module(fault: dict[str, Any] | None) -> str:
    return "deploy" if fault is None else "tests.faults.hooked"


def _env(fault: dict[str, Any] | None) -> dict[str, str]:
    told = {f"FAULT_{name.upper()}": str(value) for name, value in (fault or {}).items()}
    # Compiled code calls its own methods, not those put in their place.
    return told | ({"SALESPULSE_PURE": "1"} if "FAULT_BUG" in told else {})
