"""The whole stack on this machine at a steady rate: event to KPI topic, then what it costs to be idle.

The n-th engagement is told once ``leads_created`` of everybody says n: the difference of the two
records' times is its latency. The producer keeps its rate whatever the pipeline does.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks import latency
from deploy import topics
from deploy.local.clickhouse import LocalClickHouse
from deploy.local.kafka import LocalKafka
from deploy.produce import Sender
from schemas.publishing import dumps
from schemas.settings import Settings

TOGETHER = (("worker",),)
APART = (("worker", "--stage", "1"), ("worker", "--stage", "2"))


def busy(started: float, seconds: float, rate: int, run: str) -> Iterator[bytes]:
    """Events that happen now: a fifth engage a lead, the others touch one of the last minutes."""
    rng, leads = random.Random(5), 0
    for number in range(int(seconds * rate)):
        at = started + number / rate
        if number % 5 == 0:
            leads += 1
            yield _event("lead.engaged", f"{run}-{leads}", number, at, temperature="hot", source="web")
        else:
            lead = rng.randint(max(1, leads - 50_000), leads)
            yield _event(
                "call.completed", f"{run}-{lead}", number, at, direction="outbound", answered=True, talk_seconds=40
            )


def _event(kind: str, lead: str, number: int, at: float, **data: object) -> bytes:
    rep = int(lead.rpartition("-")[2]) % 200
    owner = {"rep": f"rep-{rep}", "team": f"team-{rep % 20}"}
    if kind == "lead.engaged":
        owner = {"owner": owner["rep"], "team": owner["team"]}
    stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return dumps({"specversion": "1.0", "id": f"e-{number}", "source": "crm/benchmark", "type": kind,
                         "time": stamp, "subject": f"lead-{lead}", "data": {**owner, **data}})  # fmt: skip


async def feed(settings: Settings, seconds: float, rate: int, run: str) -> None:
    """Send at the rate, every 20 ms, flushed."""
    started = time.time()
    async with Sender(settings) as sender:
        for number, line in enumerate(busy(started, seconds, rate, run)):
            if number % (rate // 50) == 0:
                await sender.flush()
                await asyncio.sleep(max(0.0, started + number / rate - time.time()))
            await sender.send(line)
        await sender.flush()


class Meter:
    """CPU seconds and memory of the parts since it was made."""

    def __init__(self, parts: dict[str, psutil.Process]) -> None:
        self._parts = parts
        self._since = time.monotonic()
        self._cpu = {name: self._seconds(process) for name, process in parts.items()}

    @staticmethod
    def _seconds(process: psutil.Process) -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    def shares(self) -> dict[str, tuple[float, int]]:
        """Share of a core, and MiB now, by part."""
        wall = time.monotonic() - self._since
        return {
            name: ((self._seconds(process) - self._cpu[name]) / wall, round(process.memory_info().rss / 2**20))
            for name, process in self._parts.items()
        }


def _quantiles(seconds: latency.Seconds) -> str:
    return ", ".join(f"p{p:g} {numpy.percentile(seconds, p):.2f} s" for p in (50, 99, 99.9))


def main() -> None:
    """Print latency and the share of a core that each part takes, busy and idle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--idle", type=float, default=30)
    parser.add_argument("--apart", action="store_true", help="each stage in a process of its own")
    args = parser.parse_args()
    base = Settings(_env_file=None)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with (
            LocalKafka(directory / "kafka", base.cache_dir) as kafka,
            LocalClickHouse(directory / "clickhouse") as clickhouse,
        ):
            changes = {"kafka": kafka.start(), "clickhouse": clickhouse.start(), "data_dir": directory}
            settings = base.model_copy(update=changes)
            topics.create(settings)
            commands = (*(APART if args.apart else TOGETHER), ("sink", "clickhouse"))
            children = {" ".join(command): start(settings, *command) for command in commands}
            try:
                pids = {"kafka": kafka.pid, "clickhouse": clickhouse.pid}
                pids |= {name: child.pid for name, child in children.items()}
                measure(settings, {name: psutil.Process(pid) for name, pid in pids.items()}, args)
            finally:
                for child in children.values():
                    child.terminate()
                    child.wait(30)


def start(settings: Settings, *command: str, **changed: str) -> subprocess.Popen[bytes]:
    """A part of the pipeline as a process, logging beside its data; ``changed`` are settings of its own."""
    env = os.environ | {
        "SALESPULSE_KAFKA": str(settings.kafka),
        "SALESPULSE_CLICKHOUSE": str(settings.clickhouse),
        "SALESPULSE_DATA_DIR": str(settings.data_dir),
        "SALESPULSE_PORT": "0",
        **{f"SALESPULSE_{name.upper()}": value for name, value in changed.items()},
    }
    log = (settings.data_dir / f"{command[0]}.log").open("ab")
    return subprocess.Popen([sys.executable, "-m", "deploy", *command], env=env, stdout=log, stderr=log)


def measure(settings: Settings, parts: dict[str, psutil.Process], args: argparse.Namespace) -> None:
    """Warm up, feed, be idle; print."""
    asyncio.run(feed(settings, 5, 200, "warm"))
    time.sleep(10)
    warm = len(latency.records(settings, "leads"))
    meter, since = Meter(parts), int(time.time() * 1000)
    asyncio.run(feed(settings, args.seconds, args.rate, "run"))
    while_busy = meter.shares()
    time.sleep(10)
    to_row, to_partial = latency.to_row(settings)[warm:], latency.to_partial(settings, since)
    meter = Meter(parts)
    time.sleep(args.idle)
    while_idle = meter.shares()
    console = Console(width=100)
    console.print(f"{args.rate} events/s for {args.seconds:.0f} s, n {len(to_row)}")
    console.print(f"event to KPI topic: {_quantiles(to_row)}; of that to the partial: {_quantiles(to_partial)}")
    table = Table("part", "cores, busy", "cores, idle", "MiB")
    for name in parts:
        table.add_row(name, f"{while_busy[name][0]:.3f}", f"{while_idle[name][0]:.3f}", str(while_idle[name][1]))
    total = [sum(shares[name][0] for name in parts) for shares in (while_busy, while_idle)]
    table.add_row("all", f"{total[0]:.3f}", f"{total[1]:.3f}", "")
    console.print(table)


if __name__ == "__main__":
    main()
