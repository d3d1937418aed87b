"""A burst into a stopped pipeline: how long it takes to drain, and how much memory each part needs for it."""

from __future__ import annotations

import argparse
import itertools
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.live import start
from benchmarks.workload import KEPT, events
from deploy import topics
from deploy.local.clickhouse import LocalClickHouse
from deploy.local.kafka import LocalKafka
from deploy.produce import produce
from deploy.readings import scrape
from schemas.settings import Settings

LIMITS = {"worker": 600, "sink": 800}
"""MiB that were asked for."""
_BLOCK = 100_000


def main() -> None:
    """Print CPU seconds and peak memory of each part from its start until everything is drained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000, help="five events each")
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
            fill(settings, args.leads)
            ports = {part: _free_port() for part in LIMITS}
            parts = {
                "worker": start(settings, "worker", port=str(ports["worker"]), **KEPT),
                "sink": start(settings, "sink", "clickhouse", "--port", str(ports["sink"])),
            }
            try:
                drain(settings, parts, ports, args.leads * 5)
            finally:
                for part in parts.values():
                    part.terminate()
                    part.wait(60)


def fill(settings: Settings, leads: int) -> None:
    """Send the events of so many leads in blocks, as if each block were of a source of its own."""
    for block, first in enumerate(range(0, leads, _BLOCK)):
        lines = events(min(_BLOCK, leads - first), seed=block)
        produce(settings, (line.replace(b'"lead-', b'"lead-%d-' % block) for line in lines))


def drain(settings: Settings, parts: dict[str, subprocess.Popen[bytes]], ports: dict[str, int], total: int) -> None:
    """Wait until both parts have nothing left to read, looking at their memory; print."""
    began, peaks = time.monotonic(), dict.fromkeys(parts, 0)
    processes = {part: psutil.Process(child.pid) for part, child in parts.items()}
    for look in itertools.count(1):
        for part, process in processes.items():
            if parts[part].poll() is not None:
                raise SystemExit(f"the {part} ended: {(settings.data_dir / f'{part}.log').read_text()[-2_000:]}")
            peaks[part] = max(peaks[part], process.memory_info().rss)
        if look % 10 == 0 and _is_drained(ports, total):
            break
        time.sleep(0.2)
    table = Table("part", "CPU-s", "peak MiB", "asked for")
    for part, process in processes.items():
        cpu = process.cpu_times()
        table.add_row(part, f"{cpu.user + cpu.system:.0f}", f"{peaks[part] / 2**20:.0f}", str(LIMITS[part]))
    console = Console(width=100)
    console.print(f"{total:,} events drained to topics and tables in {time.monotonic() - began:.0f} s")
    console.print(table)


def _is_drained(ports: dict[str, int], total: int) -> bool:
    worker, sink = (scrape(f"http://127.0.0.1:{ports[part]}/metrics") for part in ("worker", "sink"))
    read = worker.total("sales_events_total") or 0
    lags = worker.total("sales_consumer_lag_records"), sink.total("sales_sink_lag_records")
    return read >= total and lags == (0, 0)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


if __name__ == "__main__":
    main()
