"""The benchmark of the peers: that its truth is one, and that it would see a wrong answer and a hidden cost."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks.peers.answers import differences, of_peer
from benchmarks.peers.running import Cost
from benchmarks.peers.telling import Told, read, rows, write
from benchmarks.peers.truth import Cells, truth
from benchmarks.peers.watching import Logs, Watch
from benchmarks.peers.work import absorb, add
from benchmarks.workload import events

LINES = list(events(300))


def worked(lines: Iterable[bytes]) -> Cells:
    """The cells as an engine in Python makes them."""
    leads: dict[str, list[Any]] = {}
    cells: dict[tuple[str, int], list[int]] = {}
    for line in lines:
        event = orjson.loads(line)
        lead = event["subject"]
        leads[lead], changes = absorb(leads.get(lead), event)
        for team, start, change in changes:
            cells[team, start] = add(cells.get((team, start)), change)
    return of_peer({"team": team, "start": start, "cell": cell} for (team, start), cell in cells.items())


@pytest.mark.parametrize("seed", range(3))
def test_the_peers_work_gives_the_truth_in_any_order_and_with_repeats(seed: int) -> None:
    lines = LINES + LINES[:500]
    random.Random(seed).shuffle(lines)
    assert worked(lines) == truth(LINES)


def test_one_event_less_is_seen() -> None:
    engaged = next(line for line in LINES if b"lead.engaged" in line)
    assert differences(worked(line for line in LINES if line != engaged), truth(LINES))


def test_cells_of_several_partitions_are_added_up() -> None:
    cell = [1, *[0] * 10]
    found = of_peer([{"team": "a", "start": 0, "cell": cell}, {"team": "a", "start": 0, "cell": cell}])
    assert found == {("a", 0): (2, *[0] * 10)}


def test_what_is_deleted_or_compacted_was_written_all_the_same(tmp_path: Path) -> None:
    for name in ("ours-0", "input.leads-0"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.log").write_bytes(b"before")
    logs = Logs(tmp_path, but=["input.leads"])
    (tmp_path / "ours-0" / "0.log").write_bytes(b"before and more")
    (tmp_path / "ours-0" / "9.log").write_bytes(b"next")
    (tmp_path / "input.leads-0" / "0.log").write_bytes(b"not of the engine")
    assert logs.grown() == len(b" and more") + len(b"next")
    (tmp_path / "ours-0" / "9.log").unlink()
    (tmp_path / "ours-0" / "0.log").write_bytes(b"bef")
    assert logs.grown() == len(b" and more") + len(b"next")


CHILD = "import sys, time\nwhile time.process_time() < 0.3: pass\nsys.stdin.read()"
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {CHILD!r}])"


def test_what_children_use_is_counted_after_they_have_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE)
    watch = Watch(process.pid)
    watch.start()
    deadline = time.monotonic() + 30
    while watch.cpu(time.monotonic_ns()) < 0.2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.communicate()
    watch.stop()
    assert watch.cpu(time.monotonic_ns()) > 0.2 and watch.peak > 1_000_000


def cost(cpu: float) -> Cost:
    return Cost(events=500_000, whole=9, consuming=cpu, second_half=1, seconds=10, peak_mib=1, kafka_mib=1, results=1)


def test_ratios_are_those_of_medians_per_million() -> None:
    told = Told(500_000, 3)
    for cpu in (3, 1, 2):
        told.note("raw", "raw: aiokafka, orjson", cost(cpu))
        told.note("ours", "ours, stage 1", cost(4 * cpu))
        told.note("quix", "Quix Streams", cost(16 * cpu))
    found = {row["engine"]: row for row in rows(told)}
    assert found["Quix Streams"]["cpu"] == 64 and found["Quix Streams"]["second_half"] == 4
    assert (found["Quix Streams"]["to_raw"], found["Quix Streams"]["to_ours"]) == (16, 4)


def test_rows_of_engines_that_were_not_measured_again_stay(tmp_path: Path) -> None:
    path = tmp_path / "peers.json"
    before = Told(500_000, 1)
    for name in ("raw: aiokafka, orjson", "Quix Streams"):
        before.note("", name, cost(1))
    write(rows(before), path)
    told = Told(500_000, 1)
    told.note("quix", "Quix Streams", cost(3))
    assert {row["engine"]: row["to_raw"] for row in rows(told, read(path))} == {
        "raw: aiokafka, orjson": 1,
        "Quix Streams": 3,
    }
