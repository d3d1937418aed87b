"""Stage 2 without Kafka: what rows cost, as a ratio to other work that is done by turns with it.

Partials are made first, by stage 1 at a steady pace (``live``) or as it reads a day's backlog (``backlog``); only
stage 2 is measured. The ratio stands where seconds do not, on a machine that others use too.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import orjson

from agents.engine.processor import Outgoing
from agents.leads import LeadStage
from agents.windows import WindowStage
from benchmarks.live import busy
from benchmarks.workload import KEPT, START, events
from deploy.produce import address
from schemas.events import Millis
from schemas.partitioning import partition_of
from schemas.settings import Settings
from sinks.prometheus import Metrics
from tests.agents.driving import Sent, Stage

PARTITIONS = 4
RATE = 2_000
_CYCLE_MS = 400
_BACKLOG = 120_000
_TIMES = 3

Records = list[tuple[bytes, bytes | None]]


class Told(NamedTuple):
    """What one cycle of all partitions of stage 1 has for each partition of stage 2, and what that was made of."""

    clock: Millis
    lines: list[bytes]
    partials: dict[int, Records]


def main() -> None:
    """Print the cost of stage 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", nargs="?", choices=("live", "backlog"), default="live")
    parser.add_argument("--seconds", type=int, default=60, help="of live events, 2,000 each")
    parser.add_argument("--leads", type=int, default=50_000, help="of the backlog, five events each")
    args = parser.parse_args()
    settings = Settings.model_validate(KEPT if args.shape == "backlog" else {})
    work = live(args.seconds) if args.shape == "live" else backlog(args.leads)
    gc.set_threshold(1_000_000, 50, 1_000)
    with tempfile.TemporaryDirectory() as name:
        told = list(recorded(settings, Path(name) / "leads", work))
        print(measured(settings, Path(name) / "windows", told))


def live(seconds: int) -> Iterator[tuple[Millis, list[bytes]]]:
    """Cycles of 400 ms and the clock at their end."""
    lines, size = busy(START / 1000, seconds, RATE, "run"), RATE * _CYCLE_MS // 1000
    for number in range(seconds * 1000 // _CYCLE_MS):
        yield START + (number + 1) * _CYCLE_MS, list(islice(lines, size))


def backlog(leads: int) -> Iterator[tuple[Millis, list[bytes]]]:
    """A day that is long over, in cycles as full as they get."""
    lines = events(leads)
    while batch := list(islice(lines, _BACKLOG)):
        yield START + 86_400_000, batch


def recorded(settings: Settings, directory: Path, work: Iterable[tuple[Millis, list[bytes]]]) -> Iterator[Told]:
    """What stage 1 says to stage 2."""
    stage = Stage(directory, LeadStage.of(settings, Metrics(settings)), PARTITIONS)
    for clock, lines in work:
        by: dict[tuple[int, str], list[Sent]] = defaultdict(list)
        for number, line in enumerate(lines):
            topic, key = address(line)
            by[partition_of(key or b"", PARTITIONS), topic].append(Sent(key, line, number))
        for (partition, topic), records in by.items():
            stage.made[partition].process(settings.topic(topic), records)
        found: dict[int, Records] = defaultdict(list)
        for partition in range(PARTITIONS):
            for sent in stage.cycle(partition, clock):
                if sent.topic == settings.topic("internal.partials"):
                    found[sent.partition] += sent.records
        yield Told(clock, lines, found)
    stage.close()


def measured(settings: Settings, directory: Path, told: list[Told]) -> str:
    """Costs and counts; the digest is of all that was published, by cycle and key."""
    stage = Stage(directory, WindowStage.of(settings, Metrics(settings)), PARTITIONS)
    digest, spent, reference, partials, rows = sha256(), 0.0, 0.0, 0, 0
    for cycle in told:
        before = time.process_time()
        for _ in range(_TIMES):
            for line in cycle.lines:
                orjson.loads(line)
        started = time.process_time()
        sent = [each for number in range(PARTITIONS) for each in _cycle(stage, settings, number, cycle)]
        spent += time.process_time() - started
        reference += (started - before) / _TIMES
        partials += sum(map(len, cycle.partials.values()))
        for each in sent:
            rows += len(each.records)
            for key, value in sorted(each.records, key=lambda r: r[0]):
                digest.update(key + b"\0" + (value or b""))
    stage.close()
    events_read = sum(len(cycle.lines) for cycle in told)
    return (
        f"{spent / reference:.2f} times reading the events' JSON ({spent / events_read * 1e6:.1f} µs an event, "
        f"{spent / rows * 1e6:.1f} a row); of {events_read:,} events {partials:,} partials, {rows:,} rows in "
        f"{len(told)} cycles; {digest.hexdigest()[:16]}"
    )


def _cycle(stage: Stage, settings: Settings, number: int, cycle: Told) -> list[Outgoing]:
    records = [Sent(key, value) for key, value in cycle.partials.get(number, ())]
    if records:
        stage.made[number].process(settings.topic("internal.partials"), records)
    return stage.cycle(number, cycle.clock)


if __name__ == "__main__":
    main()
