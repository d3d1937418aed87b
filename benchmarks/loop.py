"""Stage 1 of one partition without Kafka: what an event costs, as a multiple of ``orjson.loads`` of the same lines.

Both are measured in turns in one process, so that the ratio stays while the machine is busy with other things.
``python -m benchmarks.loop light|full [leads] [profile]``
"""

from __future__ import annotations

import cProfile
import gc
import os
import pstats
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from agents.engine.processor import Context
from agents.engine.store import Reached, Store
from agents.leads import FULL, LeadStage
from benchmarks.cost import LIGHT
from benchmarks.workload import KEPT, events
from deploy.produce import address
from schemas.compiled import state
from schemas.settings import Settings
from sinks.prometheus import Metrics
from tests.agents.driving import Sent

_AT_A_TIME = 500
_REPEATS = 3
"""The floor is read so often, to be measured well."""


class Turns:
    """CPU seconds of the floor and of the stage's parts."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._since = time.process_time()

    def note(self, part: str) -> None:
        now = time.process_time()
        self.spent[part] = self.spent.get(part, 0.0) + now - self._since
        self._since = now


def measure(leads: int, profile: cProfile.Profile | None) -> tuple[int, Turns]:
    """How many events there were, and what they cost."""
    settings = Settings(_env_file=None)
    records: list[tuple[str, Sent]] = []
    for offset, line in enumerate(events(leads)):
        topic, key = address(line)
        records.append((settings.topic(topic), Sent(key, line, offset)))
    gc.set_threshold(1_000_000, 50, 1_000)
    with TemporaryDirectory() as directory:
        store = Store(Path(directory))
        stage = LeadStage.of(settings, Metrics(settings)).processor(Context(0, 4, store))
        turns = Turns()
        for cycle, first in enumerate(range(0, len(records), FULL), start=1):
            by_topic: dict[str, list[Sent]] = {}
            for topic, record in records[first : first + FULL]:
                by_topic.setdefault(topic, []).append(record)
            for _ in range(_REPEATS):
                for sent in by_topic.values():
                    for record in sent:
                        orjson.loads(record.value or b"")
            turns.note("floor")
            if profile is not None:
                profile.enable()
            for topic, part in _parts(by_topic):
                stage.process(topic, part)
            turns.note("process")
            stage.drain(cycle)
            turns.note("drain")
            store.apply(store.take(), Reached(cycle, b"", 1))
            turns.note("apply")
            if profile is not None:
                profile.disable()
        store.close()
    return len(records), turns


def _parts(by_topic: dict[str, list[Sent]]) -> Iterator[tuple[str, list[Sent]]]:
    for topic, sent in by_topic.items():
        for first in range(0, len(sent), _AT_A_TIME):
            yield topic, sent[first : first + _AT_A_TIME]


def main() -> None:
    """Print one line, and where the time goes if asked for."""
    mode, leads = sys.argv[1], 20_000
    with suppress(IndexError, ValueError):
        leads = int(sys.argv[2])
    os.environ |= {f"SALESPULSE_{name.upper()}": length for name, length in KEPT.items()}
    os.environ |= LIGHT if mode == "light" else {}
    profile = cProfile.Profile() if "profile" in sys.argv else None
    count, turns = measure(leads, profile)
    floor = turns.spent.pop("floor") / _REPEATS
    spent = sum(turns.spent.values())
    parts = ", ".join(f"{name} {seconds / count * 1e6:.1f}" for name, seconds in turns.spent.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    cost = f"{spent / floor:.1f} times orjson, {spent / count * 1e6:.1f} µs an event ({parts})"
    print(f"{mode}, {state()}: {cost}, {peak} MiB")
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    main()
