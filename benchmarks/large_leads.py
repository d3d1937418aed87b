"""Microseconds of CPU per event of one lead that grows to 100,000: each after all others, or each before them.

Run with ``python -m benchmarks.large_leads``. Cycles of 500 events, everything computed, the store without Kafka.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from agents.engine.processor import Context
from agents.engine.store import Reached, Store
from agents.leads import LeadStage
from benchmarks.workload import START
from schemas.publishing import dumps
from schemas.results import timestamp
from schemas.settings import Settings
from sinks.prometheus import Metrics

_EVENTS: Final = 100_000
_CYCLE: Final = 500
_SHOWN: Final = (1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000)


@dataclass(slots=True)
class Record:
    """A call as the engine hands it over."""

    value: bytes | None
    key: bytes | None = b"lead-1"
    offset: int = 0
    timestamp: int = START + 365 * 86_400_000
    headers: Sequence[tuple[str, bytes]] = field(default_factory=tuple)


def _calls(instants: Iterable[int]) -> Iterator[Record]:
    for at in instants:
        data = {"direction": "outbound", "answered": True, "duration_seconds": 184, "rep": "r-17", "team": "emea-1"}
        name = {"specversion": "1.0", "id": f"c-{at}", "source": "crm/benchmark", "type": "call.completed"}
        yield Record(dumps({**name, "time": timestamp(START + at), "subject": "lead-1", "data": data}))


def measured(instants: Iterable[int]) -> dict[int, float]:
    """Up to how many events → what each of those since the number before cost."""
    settings = Settings(_env_file=None)
    found: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as directory:
        store = Store(Path(directory))
        leads = LeadStage.of(settings, Metrics(settings)).processor(Context(0, 1, store))
        records, done, since, spent = _calls(instants), 0, 0, 0.0
        while batch := list(islice(records, _CYCLE)):
            began = time.process_time()
            leads.process(settings.topic("calls"), batch)
            leads.tick(batch[0].timestamp, frozenset())
            leads.drain(done // _CYCLE + 1)
            store.apply(store.take(), Reached(1, b"", 1))
            spent += time.process_time() - began
            done += len(batch)
            if done in _SHOWN:
                found[done] = spent / (done - since) * 1e6
                since, spent = done, 0.0
        store.close()
    return found


if __name__ == "__main__":
    after, before = measured(range(_EVENTS)), measured(range(_EVENTS, 0, -1))
    print("microseconds of CPU an event, up to so many events of one lead")
    print(f"  {'events':>8} {'each after the others':>22} {'each before the others':>23}")
    for events in after:
        print(f"  {events:8,} {after[events]:22.1f} {before[events]:23.1f}")
