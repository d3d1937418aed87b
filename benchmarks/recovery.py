"""How long a worker takes to be ready: a million leads from an empty directory, and from the directory it left.

The changelog holds the state of some leads as stage 1 made it, copied under other names.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.table import Table

from agents.engine.processor import Context
from agents.engine.store import CYCLE, Cycle, Store, encode_cycle
from agents.leads import STAGE, LeadStage
from benchmarks.cost import measure
from benchmarks.workload import events
from deploy import topics
from deploy.local.kafka import LocalKafka
from deploy.produce import address
from schemas.partitioning import partition_of
from schemas.settings import Settings
from sinks.prometheus import Metrics
from tests.agents.driving import Sent

_MADE = 20_000
_BATCH_BYTES = 900_000

Entry = tuple[bytes, bytes]


def state(settings: Settings, directory: Path, partition: int, lines: list[bytes]) -> list[Entry]:
    """What stage 1 keeps of one partition of the lines, as its changelog holds it."""
    store = Store(directory / str(partition))
    store.begin(Cycle(1, b"benchmark"))
    leads = LeadStage.of(settings, Metrics(settings)).processor(Context(partition, settings.partitions, store))
    for line in lines:
        topic, key = address(line)
        assert key is not None
        if partition_of(key, settings.partitions) == partition:
            leads.process(settings.topic(topic), [Sent(key, line)])
    leads.tick(1, frozenset())
    leads.drain(1)
    writes = store.take()
    writes[CYCLE] = encode_cycle(Cycle(1, b"benchmark"))
    store.close()
    return [(key, value) for key, value in writes.items() if value is not None]


def copies(entries: list[Entry], times: int) -> Iterator[Entry]:
    """The entries, those of a lead ``times`` over under other names."""
    for key, value in entries:
        yield key, value
        if b"lead-" in key:
            for n in range(1, times):
                yield key.replace(b"lead-", b"l%03d-" % n), value


async def fill(settings: Settings, directory: Path, leads: int) -> int:
    """Write the changelog of stage 1; how many records."""
    lines = list(events(_MADE))
    topic, count = settings.topic(f"internal.{STAGE}-changelog"), 0
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka, max_batch_size=_BATCH_BYTES) as producer:
        for partition in range(settings.partitions):
            batch = producer.create_batch()
            for key, value in copies(state(settings, directory, partition, lines), leads // _MADE):
                count += 1
                if batch.append(timestamp=None, key=key, value=value) is None:
                    batch.close()
                    await producer.send_batch(batch, topic, partition=partition)
                    batch = producer.create_batch()
                    batch.append(timestamp=None, key=key, value=value)
            batch.close()
            await producer.send_batch(batch, topic, partition=partition)
        await producer.flush()
    return count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    asked = parser.parse_args()
    base = Settings(_env_file=None)
    with tempfile.TemporaryDirectory() as name, LocalKafka(Path(name) / "kafka", base.cache_dir) as broker:
        settings = base.model_copy(update={"kafka": broker.start(), "topic_prefix": "recovery"})
        topics.create(settings)
        records = asyncio.run(fill(settings, Path(name) / "made", asked.leads))
        table = Table(title=f"stage 1, {asked.leads:,} leads, {records:,} records of changelog, 4 partitions")
        for column in ("from", "seconds until ready", "CPU-s", "peak MiB"):
            table.add_column(column, justify="left" if column == "from" else "right")
        for title in ("an empty directory", "its directory"):
            result = measure("recovery", settings, Path(name) / "state", {})
            table.add_row(title, f"{result['wall_seconds']}", f"{result['cpu_seconds']}", f"{result['peak_mib']}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
