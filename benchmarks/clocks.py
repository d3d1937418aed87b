"""What clocks cost: 100,000 that run, how late their deadlines are told, and what policies add to an event.

Run with ``python -m benchmarks.clocks``. Cost is CPU time of one process; delays are those of a ``read_committed``
reader beside it, so a second core serves everything else.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
import psutil
from kafka import KafkaConsumer, TopicPartition

from agents.engine.clock import now
from agents.engine.processor import Context
from agents.engine.store import Reached, Store
from agents.leads import LeadStage
from benchmarks.cost import measure
from benchmarks.large_leads import Record
from benchmarks.workload import events
from deploy import topics
from deploy.local.kafka import LocalKafka
from deploy.policy_check import EXAMPLE
from deploy.produce import produce
from schemas.policy_file import read
from schemas.publishing import dumps
from schemas.results import timestamp
from schemas.settings import Settings
from sinks.prometheus import Metrics
from tests.agents.workers import Worker

_CLOCKS: Final = 100_000
_DUE: Final = 5_000
_HOUR: Final = 3_600_000
_POLICY: Final = """
[[policies]]
name = "first"
version = 1
effective_from = 2020-01-01T00:00:00Z
clock = "first_response"
target = "1 calendar hour"
objective = 0.9
"""


def _engaged(lead: int, at: int) -> bytes:
    name = {"specversion": "1.0", "id": f"e-{lead}", "source": "crm/benchmark", "type": "lead.engaged"}
    data = {"temperature": "hot", "owner": f"rep-{lead % 200}", "team": f"team-{lead % 20}"}
    return dumps({**name, "time": timestamp(at), "subject": f"lead-{lead:06d}", "data": data})


def by_hand(title: str, kpis: str) -> None:
    """One partition without Kafka: memory, an idle tick, and what a firing costs, with these KPIs by all groupings."""
    settings = Settings(_env_file=None, kpis=kpis, lead_facts=False)
    policies = read(_POLICY)[0]
    start = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
    with tempfile.TemporaryDirectory() as directory:
        store = Store(Path(directory))
        stage = LeadStage.of(settings, Metrics(settings), policies=policies)
        leads = stage.processor(Context(0, 1, store))
        began = time.process_time()
        for first in range(0, _CLOCKS, 5_000):
            batch = [_record(n, start + n) for n in range(first, first + 5_000)]
            leads.process(settings.topic("leads"), batch)
            leads.tick(start + _CLOCKS, frozenset())
            leads.drain(1)
            store.apply(store.take(), Reached(1, b"", 1))
        started = time.process_time() - began
        before = psutil.Process().memory_info().rss
        began = time.process_time()
        again = stage.processor(Context(0, 1, store))
        taken, memory = time.process_time() - began, psutil.Process().memory_info().rss - before
        began = time.process_time()
        for n in range(1_000):
            again.tick(start + _CLOCKS + n, frozenset())
        ticking = (time.process_time() - began) / 1_000
        again.tick(start + _CLOCKS + _HOUR, frozenset())
        began, fired = time.process_time(), 0
        while again.has_more:
            fired += sum(len(sent.records) for sent in again.drain(2) if sent.topic.endswith(".sla"))
            store.apply(store.take(), Reached(1, b"", 1))
        firing = time.process_time() - began
        store.close()
    print(f"{_CLOCKS:,} running clocks, one partition, no Kafka, {title}")
    print(f"  engaging a lead and starting its clock    {started / _CLOCKS * 1e6:8.1f} us of CPU")
    print(f"  taking over                               {taken:8.2f} s of CPU, {memory / 2**20:.0f} MiB more")
    print(f"  a tick in which nothing is due            {ticking * 1e6:8.1f} us of CPU")
    print(f"  {fired:,} announcements that fall due       {firing / fired * 1e6:8.1f} us of CPU each, all at once")


def _record(lead: int, at: int) -> Record:
    return Record(_engaged(lead, at), f"lead-{lead:06d}".encode())


class Announced:
    """Breaches as a ``read_committed`` reader sees them: lead, due and when it was seen, in milliseconds."""

    def __init__(self, settings: Settings) -> None:
        self.due: dict[str, int] = {}
        self.seen: dict[str, int] = {}
        self.started = 0
        self._consumer = KafkaConsumer(
            bootstrap_servers=settings.kafka, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        self._consumer.assign([TopicPartition(settings.topic("sla"), n) for n in range(settings.partitions)])

    def read(self) -> None:
        for records in self._consumer.poll(timeout_ms=20, max_records=20_000).values():
            at = now()
            for record in records:
                event: dict[str, Any] = orjson.loads(record.value)
                self.started += event["name"] == "sla.started"
                if event["name"] == "sla.breached":
                    self.seen.setdefault(event["lead"], at)

    def wait(self, count: int, seconds: float) -> None:
        """Until so many breaches were seen."""
        until = time.monotonic() + seconds
        while len(self.seen) < count:
            self.read()
            if time.monotonic() > until:
                raise SystemExit(f"only {len(self.seen):,} of {count:,} deadlines were told of")


@contextmanager
def _running(settings: Settings, look: float) -> Iterator[Worker]:
    """A worker that is ready; whether it is, is looked at every ``look`` seconds."""
    worker = Worker(settings, "one", windows="all,1h")
    try:
        while not worker.is_ready():
            time.sleep(look)
        yield worker
    finally:
        worker.end()


def live(settings: Settings, first: int) -> None:
    """A worker on Kafka: deadlines that pass while it runs, ``first`` ms from now on, then those while it was away."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    policies = settings.data_dir / "policies.toml"
    policies.write_text(_POLICY)
    floor = settings.model_copy(update={"policies": policies})
    topics.create(floor)
    reader = Announced(floor)
    with _running(floor, 0.1) as worker:
        zero = now()
        during = {n: zero + first + n * 60_000 // _DUE for n in range(_DUE)}
        away = {n: zero + first + 75_000 + n % 5_000 for n in range(_DUE, 2 * _DUE)}
        later = dict.fromkeys(range(2 * _DUE, _CLOCKS), zero + _HOUR // 2)
        due = {f"lead-{n:06d}": at for n, at in (during | away | later).items()}
        produce(floor, (_engaged(n, at - _HOUR) for n, at in (later | away | during).items()))
        while reader.started < _CLOCKS and now() < zero + first:
            reader.read()
        begun = (now() - zero) / 1000
        print(f"{_CLOCKS:,} clocks of a worker on Kafka run {begun:.0f} s after their first event was sent")
        if now() > zero + first:
            raise SystemExit("too slow to begin: the first deadlines have passed")
        process = psutil.Process(worker.process.pid)
        idle, wall = process.cpu_times(), time.monotonic()
        while now() < zero + first - 1_000:
            reader.read()
        busy = process.cpu_times()
        if time.monotonic() - wall > 5:
            share = (busy.user + busy.system - idle.user - idle.system) / (time.monotonic() - wall)
            print(f"  nothing due: {share:.1%} of a core, {process.memory_info().rss / 2**20:.0f} MiB")
        reader.wait(_DUE, 120)
        _tell(f"{_DUE:,} deadlines in 60 s", [reader.seen[lead] - due[lead] for lead in reader.seen])
    while now() < zero + first + 81_000:
        reader.read()
    with _running(floor, 0.02):
        ready = now()
        reader.wait(2 * _DUE, 120)
        told = sorted(at - ready for lead, at in reader.seen.items() if due[lead] >= zero + first + 75_000)
        earliest, last = told[0] / 1000, told[-1] / 1000
        print(f"  {_DUE:,} fell due while it was away: told of {earliest:.2f} to {last:.2f} s after /readyz")


def _tell(what: str, delays: Iterable[int]) -> None:
    ordered = sorted(delays)
    cuts = statistics.quantiles(ordered, n=100)
    p50, p99, most = cuts[49] / 1000, cuts[98] / 1000, ordered[-1] / 1000
    print(f"  {what}: told of with a delay of p50 {p50:.2f} s, p99 {p99:.2f} s, at most {most:.2f} s")


def cost(base: Settings, directory: Path, leads: int) -> None:
    """The work of ``benchmarks.cost`` with and without the example policies."""
    lines = list(events(leads))
    runs: dict[str, dict[str, str]] = {
        "no policies": {},
        "example policies, clocks from later on": {"SALESPULSE_CLOCKS_FROM": "2027-01-01T00:00:00Z"},
        "example policies, everything announced": {},
    }
    print(f"stage 1, {len(lines):,} events of {leads:,} leads, all KPIs")
    for number, (title, extra) in enumerate(runs.items()):
        settings = base.model_copy(update={"topic_prefix": f"cost{number}"})
        topics.create(settings)
        produce(settings, lines)
        if number:
            extra = extra | {"SALESPULSE_POLICIES": str(EXAMPLE)}
        result = measure("stage1", settings, directory / str(number), extra)
        per_million = result["cpu_seconds"] / len(lines) * 1e6
        print(f"  {title:42} {per_million:6.1f} CPU-s per million events, {result['peak_mib']} MiB")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("hand", "live", "cost"))
    parser.add_argument("--first", type=int, default=90, help="seconds until deadlines pass, more on a busy machine")
    return parser.parse_args()


if __name__ == "__main__":
    asked = _asked()
    wanted = [asked.only] if asked.only else ["hand", "live", "cost"]
    if "hand" in wanted:
        by_hand("announced only", "leads_created")
        by_hand("announced and counted", "leads_created,response_within_sla,sla_at_risk,sla_breached,paused_share")
    if wanted != ["hand"]:
        plain = Settings(_env_file=None)
        with tempfile.TemporaryDirectory() as name, LocalKafka(Path(name) / "kafka", plain.cache_dir) as broker:
            address = broker.start()
            if broker.pid and (os.cpu_count() or 1) > 1:
                psutil.Process(broker.pid).cpu_affinity([1])
            on_kafka = plain.model_copy(update={"kafka": address, "data_dir": Path(name) / "data"})
            if "live" in wanted:
                live(on_kafka, asked.first * 1_000)
            if "cost" in wanted:
                cost(on_kafka, Path(name) / "cost", 40_000)
    sys.stdout.flush()
