"""The long campaign: every fault again and again at random instants, and a table of what that cost."""

from __future__ import annotations

import argparse
import logging
import random
import shutil
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from deploy.local.clickhouse import LocalClickHouse
from schemas.settings import Settings
from tests.agents.workers import ROOT, SESSION_SECONDS
from tests.faults.brokers import Brokers
from tests.faults.campaign import Tried, attempt
from tests.faults.faults import FAULTS, Fault

_TABLE: Final = ROOT / "docs" / "guarantees.md"
_BEGIN, _END = "<!-- campaign -->", "<!-- /campaign -->"

_console = Console(stderr=True)


def main() -> int:
    """Run until the time is up; 1 where anything was lost, counted twice or went otherwise wrong."""
    parser = argparse.ArgumentParser(prog="make faults", description="faults at random instants, on real parts")
    parser.add_argument("--minutes", type=float, default=20, help="no new try begins after that; each fault has one")
    parser.add_argument("--write", action="store_true", help="put the table into docs/guarantees.md")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument(
        "--only", action="append", default=[], metavar="WORDS", help="faults whose name has these words"
    )
    asked = parser.parse_args()
    chosen = [fault for fault in FAULTS if not asked.only or any(words in fault.name for words in asked.only)]
    if not chosen:
        parser.error(f"no fault is called that: {'; '.join(fault.name for fault in FAULTS)}")
    # The clients tell of every attempt while a broker is away.
    for name in ("aiokafka", "kafka", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    tried = {fault.name: Tried() for fault in chosen}
    failed = _campaign(chosen, asked.seed, time.monotonic() + 60 * asked.minutes, tried)
    _show(tried, asked.seed)
    if asked.write:
        _write(tried, asked.seed)
    return 1 if failed or any(one.lost or one.twice for one in tried.values()) else 0


def _campaign(chosen: list[Fault], seed: int, until: float, tried: dict[str, Tried]) -> bool:
    failed = False
    home = tempfile.mkdtemp(prefix="salespulse-faults-")
    with ExitStack() as stack:
        cache = Settings(_env_file=None).cache_dir
        server = stack.enter_context(LocalClickHouse(Path(home, "clickhouse")))
        clickhouse = server.start().rpartition("/")[0]
        for nodes in sorted({fault.nodes for fault in chosen}):
            with Brokers(Path(home, f"kafka-{nodes}"), cache, nodes) as brokers:
                of_these = [fault for fault in chosen if fault.nodes == nodes]
                share = until if nodes == max(fault.nodes for fault in chosen) else until - 90
                first = True
                while of_these and (first or time.monotonic() < share):
                    for fault in of_these:
                        if first or time.monotonic() < share:
                            failed |= _try(fault, seed, brokers, clickhouse, Path(home), tried)
                            seed += 1
                    first = False
    if failed:
        _console.print(f"what the processes said is in {home}", highlight=False)
    else:
        shutil.rmtree(home)
    return failed


def _try(fault: Fault, seed: int, brokers: Brokers, clickhouse: str, home: Path, tried: dict[str, Tried]) -> bool:
    began = time.monotonic()
    try:
        one, toll = attempt(fault, seed, brokers, clickhouse, home)
    except Exception:
        _console.print(f"[red]failed[/] {fault.name}, seed {seed}\n{traceback.format_exc()}", highlight=False)
        return True
    tried[fault.name].add(one)
    told = (
        "right"
        if not toll.is_any
        else f"[red]{one.lost} lost, {one.twice} twice[/]: {[line[:300] for line in toll.lines[:3]]}"
    )
    _console.print(
        f"{fault.name}, seed {seed}: {told}; {one.times} times in {time.monotonic() - began:.0f} s, "
        f"recovered in {one.recovered:.1f} s, {one.compacted} topics compacted"
        + (f", taken over in {one.took_over:.1f} s" if one.took_over else ""),
        highlight=False,
    )
    return toll.is_any


def _show(tried: dict[str, Tried], seed: int) -> None:
    table = Table("fault", "times", "lost", "twice", "recovered within", title=f"seed {seed}")
    for name, one in tried.items():
        table.add_row(name, str(one.times), str(one.lost), str(one.twice), f"{one.recovered:.1f} s")
    Console(width=110).print(table)


def _write(tried: dict[str, Tried], seed: int) -> None:
    lines = ["| fault | times tried | lost | twice | recovered within |", "|---|---:|---:|---:|---:|"]
    for name, one in tried.items():
        lines.append(f"| {name} | {one.times} | {one.lost} | {one.twice} | {one.recovered:.1f} s |")
    total = sum(one.times for one in tried.values())
    lines += ["", f"{total} in all in one run, seed {seed}, {time.strftime('%Y-%m-%d')}."]
    if slowest := max(one.took_over for one in tried.values()):
        lines[-1] += (
            f" From the kill of one worker until the other was ready with everything:\n{slowest:.1f} s at most, of"
            f" which {SESSION_SECONDS} s are the session that has to time out."
        )
    before, _, rest = _TABLE.read_text().partition(_BEGIN)
    _TABLE.write_text(f"{before}{_BEGIN}\n" + "\n".join(lines) + f"\n{_END}{rest.partition(_END)[2]}")


if __name__ == "__main__":
    sys.exit(main())
