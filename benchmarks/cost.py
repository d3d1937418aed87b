"""``make bench``: CPU-seconds per million events of the pipeline, beside the raw limits of the same run.

The broker has one core and the measured process the other, where the machine has two.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.workload import KEPT, events
from deploy import topics
from deploy.local.kafka import LocalKafka
from deploy.produce import produce
from schemas.settings import Settings

LIGHT = {
    "SALESPULSE_KPIS": "lead_response_time,follow_up_rate,reply_rate",
    "SALESPULSE_GROUPINGS": "team",
    "SALESPULSE_WINDOWS": "5m",
    "SALESPULSE_LEAD_FACTS": "no",
}
_OF_LEADS = "lead_response_time,system_delay,rep_response_time,time_to_contact,follow_up_rate,follow_ups_per_lead,\
reply_rate,positive_reply_rate,negative_reply_rate,message_reply_rate,reply_latency,delivery_rate,bounce_rate,open_rate,\
click_rate,personalization,activities,leads_created,open_leads,oldest_open_lead"
LEADS = {"SALESPULSE_KPIS": _OF_LEADS}
_AGAIN = "stage 1, recovery from an empty directory"
RUNS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("raw: aiokafka + orjson", "aiokafka", "light", {}),
    ("raw: librdkafka + msgspec", "librdkafka", "light", {}),
    ("stage 1, response + follow-up + reply by team in 5 min", "stage1", "light", LIGHT),
    ("stage 2 of that", "stage2", "light", LIGHT),
    ("stage 1, every KPI of leads, replies and activities", "stage1", "leads", LEADS),
    ("stage 2 of that", "stage2", "leads", LEADS),
    ("stage 1, everything", "stage1", "full", {}),
    (_AGAIN, "recovery", "full", {}),
    ("stage 2 of that", "stage2", "full", {}),
)


def measure(run: str, settings: Settings, directory: Path, extra: dict[str, str]) -> dict[str, Any]:
    """One run in a process of its own, pinned to the first core."""
    env = os.environ | extra
    env |= {
        "SALESPULSE_KAFKA": str(settings.kafka),
        "SALESPULSE_TOPIC_PREFIX": settings.topic_prefix,
        "SALESPULSE_DATA_DIR": str(directory),
        "SALESPULSE_PORT": "0",
        **{f"SALESPULSE_{name.upper()}": length for name, length in KEPT.items()},
    }
    command = [sys.executable, "-m", "benchmarks.drain", run]
    found = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True, preexec_fn=_pin)
    result: dict[str, Any] = orjson.loads(found.stdout.splitlines()[-1])
    return result


def _pin() -> None:
    os.sched_setaffinity(0, {0})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=200_000, help="five events each")
    parser.add_argument("--only", default="", help="measure only runs whose title contains this")
    args = parser.parse_args()
    base = Settings(_env_file=None)
    with tempfile.TemporaryDirectory() as name, LocalKafka(Path(name) / "kafka", base.cache_dir) as broker:
        address = broker.start()
        if broker.pid and (os.cpu_count() or 1) > 1:
            psutil.Process(broker.pid).cpu_affinity([1])
        results = []
        floors = {
            kind: base.model_copy(update={"kafka": address, "topic_prefix": kind})
            for kind in ("light", "leads", "full")
        }
        lines = list(events(args.leads))
        for settings in floors.values():
            topics.create(settings)
            produce(settings, lines)
        del lines
        for title, run, kind, extra in RUNS:
            if args.only in title:
                directory = Path(name) / kind / ("again" if title == _AGAIN else "")
                result = measure(run, floors[kind], directory, extra)
                results.append((title, result))
                print(title, result, file=sys.stderr)
    _print(results, args.leads * 5)


def _print(results: list[tuple[str, dict[str, Any]]], total: int) -> None:
    table = Table(title=f"{total:,} events of 265 bytes, {total // 5:,} leads, 4 partitions, one core")
    for column in ("run", "CPU-s per million events", "ratio to aiokafka + orjson", "events/s", "peak MiB"):
        table.add_column(column, justify="left" if column == "run" else "right")
    base = next((r["cpu_seconds"] for title, r in results if "aiokafka" in title), None)
    for title, result in results:
        cpu = result["cpu_seconds"]
        if title == _AGAIN:
            records, wall = result["records"], result["wall_seconds"]
            table.add_row(f"{title}: {records:,} records", "", "", f"{records / wall:,.0f}", str(result["peak_mib"]))
            continue
        ratio = f"{cpu / base:.2f}" if base else ""
        rate = f"{total / result['wall_seconds']:,.0f}"
        table.add_row(title, f"{cpu / total * 1e6:.1f}", ratio, rate, str(result["peak_mib"]))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
