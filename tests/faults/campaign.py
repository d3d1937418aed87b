"""Trying a fault: on a floor of its own, with a seed that repeats it, and a toll at the end."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.faults.brokers import Brokers
from tests.faults.faults import FAULTS, Fault
from tests.faults.floor import Floor
from tests.faults.outcome import Toll


@dataclass
class Tried:
    """What came of one or more tries of a fault.

    ``recovered`` is the longest time to right outputs, ``took_over`` that from a kill to the readiness of another
    worker, in seconds.
    """

    times: int = 0
    lost: int = 0
    twice: int = 0
    recovered: float = 0.0
    compacted: int = 0
    took_over: float = 0.0

    def add(self, other: Tried) -> None:
        self.times += other.times
        self.lost += other.lost
        self.twice += other.twice
        self.recovered = max(self.recovered, other.recovered)
        self.compacted = max(self.compacted, other.compacted)
        self.took_over = max(self.took_over, other.took_over)


def attempt(fault: Fault, seed: int, brokers: Brokers, clickhouse: str, directory: Path) -> tuple[Tried, Toll]:
    """Inflict the fault once, wait for the outputs, and count what is wrong with them."""
    dsn = f"{clickhouse}/f{uuid.uuid4().hex[:10]}" if fault.clickhouse else None
    floor = Floor(brokers, directory / f"{seed}-{uuid.uuid4().hex[:6]}", seed, dsn=dsn)
    try:
        fault.inflict(floor)
        toll, recovered = floor.settle(forgets=fault.forgets)
        compacted = len(brokers.compacted(floor.settings))
        return Tried(floor.injected, toll.lost, toll.twice, recovered, compacted, floor.took_over), toll
    finally:
        floor.close()


def endure(name: str, brokers: Brokers, clickhouse: str, directory: Path) -> None:
    """Inflict the fault of that name once, at an instant that differs each time; nothing may be lost or count twice."""
    [fault] = [fault for fault in FAULTS if fault.name == name]
    seed = random.randrange(10**6)
    print("seed", seed)
    tried, toll = attempt(fault, seed, brokers, clickhouse, directory)
    assert not toll.lines, toll.lines[:5]
    assert tried.times
    assert tried.compacted, "the log cleaner was never there"
