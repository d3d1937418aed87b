"""The whole stack on this machine at a steady rate: event to KPI topic, then what it costs to be idle.

The n-th engagement is told once ``leads_created`` of everybody says n: the difference of the two
records' broker times is its latency. The producer keeps its rate whatever the pipeline does.
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
from typing import Any

import numpy
import orjson
import psutil
from kafka import KafkaConsumer, TopicPartition
from rich.console import Console
from rich.table import Table

from deploy import topics
from deploy.local.clickhouse import LocalClickHouse
from deploy.local.kafka import LocalKafka
from deploy.produce import Sender
from schemas.publishing import dumps
from schemas.settings import Settings

PARTS = ("kafka", "clickhouse", "worker", "sink")


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


def told(settings: Settings) -> numpy.ndarray[Any, Any]:
    """Seconds from each engagement to the first row that counts it."""
    engaged = [at for _, at in records(settings, "leads")]
    rows = []
    for value, at in records(settings, "kpi.activity"):
        row = orjson.loads(value)
        if (row["kpi"], row["grouping"], row["window"]) == ("leads_created", "all", "all"):
            rows.append((row["count"], at))
    counts = numpy.maximum.accumulate([n for n, _ in rows])
    first = numpy.searchsorted(counts, numpy.arange(1, len(engaged) + 1))
    if counts[-1] != len(engaged):
        raise SystemExit(f"{len(engaged)} engaged, {counts[-1]} counted")
    return (numpy.array([at for _, at in rows])[first] - numpy.sort(engaged)) / 1000


def records(settings: Settings, name: str) -> list[tuple[bytes, int]]:
    """Values and broker times of a whole topic in the order of time."""
    topic = settings.topic(name)
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        check_crcs=False,
        enable_auto_commit=False,
    )
    parts = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    consumer.assign(parts)
    ends = consumer.end_offsets(parts)
    found: list[tuple[bytes, int]] = []
    while any(consumer.position(part) < ends[part] for part in parts):
        for batch in consumer.poll(timeout_ms=500).values():
            found += [(record.value, record.timestamp) for record in batch]
    consumer.close()
    return sorted(found, key=lambda record: record[1])


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


def main() -> None:
    """Print latency and the share of a core that each part takes, busy and idle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--idle", type=float, default=30)
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
            children = [start(settings, "worker"), start(settings, "sink", "clickhouse")]
            try:
                pids = (kafka.pid, clickhouse.pid, *(child.pid for child in children))
                measure(settings, {name: psutil.Process(pid) for name, pid in zip(PARTS, pids, strict=True)}, args)
            finally:
                for child in children:
                    child.terminate()
                    child.wait(30)


def start(settings: Settings, *command: str) -> subprocess.Popen[bytes]:
    """A part of the pipeline as a process, logging beside its data."""
    env = os.environ | {
        "SALESPULSE_KAFKA": str(settings.kafka),
        "SALESPULSE_CLICKHOUSE": str(settings.clickhouse),
        "SALESPULSE_DATA_DIR": str(settings.data_dir),
        "SALESPULSE_PORT": "0",
    }
    log = (settings.data_dir / f"{command[0]}.log").open("wb")
    return subprocess.Popen([sys.executable, "-m", "deploy", *command], env=env, stdout=log, stderr=log)


def measure(settings: Settings, parts: dict[str, psutil.Process], args: argparse.Namespace) -> None:
    """Warm up, feed, be idle; print."""
    asyncio.run(feed(settings, 5, 200, "warm"))
    time.sleep(10)
    warm = len(records(settings, "leads"))
    meter = Meter(parts)
    asyncio.run(feed(settings, args.seconds, args.rate, "run"))
    while_busy = meter.shares()
    time.sleep(10)
    latency = told(settings)[warm:]
    meter = Meter(parts)
    time.sleep(args.idle)
    while_idle = meter.shares()
    quantiles = ", ".join(f"p{p:g} {numpy.percentile(latency, p):.2f} s" for p in (50, 99, 99.9))
    console = Console(width=100)
    console.print(f"{args.rate} events/s for {args.seconds:.0f} s, event to KPI topic: {quantiles}, n {len(latency)}")
    table = Table("part", "cores, busy", "cores, idle", "MiB")
    for name in parts:
        table.add_row(name, f"{while_busy[name][0]:.3f}", f"{while_idle[name][0]:.3f}", str(while_idle[name][1]))
    total = [sum(shares[name][0] for name in parts) for shares in (while_busy, while_idle)]
    table.add_row("all", f"{total[0]:.3f}", f"{total[1]:.3f}", "")
    console.print(table)


if __name__ == "__main__":
    main()
