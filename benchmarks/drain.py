"""One process that drains topics to their end and prints what that cost, as JSON.

``python -m benchmarks.drain stage1|stage2|recovery|aiokafka|librdkafka``; settings from the environment.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson
import psutil

from schemas.settings import Settings

TOPICS = ("leads", "calls", "emails", "deals")


class Cost:
    """CPU and wall seconds since it was made, and the memory peak sampled meanwhile."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._cpu = time.process_time()
        self._wall = time.monotonic()
        self.peak = 0

    def sample(self) -> None:
        self.peak = max(self.peak, self._process.memory_info().rss)

    def result(self, records: int) -> dict[str, Any]:
        self.sample()
        cpu, wall = time.process_time() - self._cpu, time.monotonic() - self._wall
        return {
            "records": records,
            "cpu_seconds": round(cpu, 2),
            "wall_seconds": round(wall, 2),
            "cpu_per_million": round(cpu / records * 1e6, 2) if records else None,
            "peak_mib": round(self.peak / 2**20),
        }


async def stage(settings: Settings, number: int) -> dict[str, Any]:
    """A stage of the pipeline, from taking its partitions over to having committed everything."""
    from agents.app import StageApp
    from agents.worker import work
    from deploy.commands.common import policies

    stop, apps = asyncio.Event(), list[StageApp]()
    levels = policies(settings)
    working = asyncio.ensure_future(work(settings, (number,), policies=levels, stop=stop, started=apps.extend))
    while not (apps and apps[0].engine.assigned):
        await asyncio.sleep(0.02)
    cost, engine = Cost(), apps[0].engine
    while not (_complete(engine) and all(p.is_idle for p in engine.partitions.values())):
        cost.sample()
        await asyncio.sleep(0.1)
        if working.done():
            raise SystemExit("the worker stopped")
    result = cost.result(sum(p.records for p in engine.partitions.values()))
    stop.set()
    await working
    return result


def _complete(engine: Any) -> bool:
    lags = [p.lag for p in engine.partitions.values()]
    return all(len(lag) == len(engine.plan.inputs) and not any(lag.values()) for lag in lags)


async def recovery(settings: Settings) -> dict[str, Any]:
    """Taking the partitions of stage 1 over from an empty directory: changelog to store, ready to go on."""
    from agents.app import StageApp
    from agents.worker import work

    stop, apps = asyncio.Event(), list[StageApp]()
    working = asyncio.ensure_future(work(settings, (1,), stop=stop, started=apps.extend))
    while not (apps and apps[0].engine.recovering):
        await asyncio.sleep(0.005)
    cost, seen = Cost(), dict[int, int]()
    while not apps[0].engine.assigned:
        seen |= {number: total for number, (_, total) in apps[0].engine.recovering.items() if total}
        cost.sample()
        await asyncio.sleep(0.005)
    result = cost.result(sum(seen.values()))
    stop.set()
    await working
    return result


async def aiokafka(settings: Settings) -> dict[str, Any]:
    """The floor for anything on aiokafka: fetch and parse."""
    from aiokafka import AIOKafkaConsumer, TopicPartition

    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, auto_offset_reset="earliest")
    await consumer.start()
    tps = [TopicPartition(settings.topic(t), p) for t in TOPICS for p in range(settings.partitions)]
    consumer.assign(tps)
    total = sum((await consumer.end_offsets(tps)).values())
    cost, read = Cost(), 0
    while read < total:
        for records in (await consumer.getmany(timeout_ms=1000, max_records=5000)).values():
            for record in records:
                orjson.loads(record.value)
            read += len(records)
        cost.sample()
    await consumer.stop()
    return cost.result(read)


async def librdkafka(settings: Settings) -> dict[str, Any]:
    """The floor for anything on librdkafka: fetch and decode into structs."""
    from confluent_kafka import Consumer, TopicPartition

    from schemas.decoding import decoder

    consumer = Consumer({"bootstrap.servers": settings.kafka, "group.id": "none", "auto.offset.reset": "earliest"})
    tps = [TopicPartition(settings.topic(t), p, 0) for t in TOPICS for p in range(settings.partitions)]
    total = sum(consumer.get_watermark_offsets(tp)[1] for tp in tps)
    decoders = {settings.topic(t): decoder(t) for t in TOPICS}
    consumer.assign(tps)
    cost, read = Cost(), 0
    while read < total:
        for message in consumer.consume(5000, timeout=1.0):
            decoders[message.topic()](message.key(), message.value(), (), None)
            read += 1
        cost.sample()
    consumer.close()
    return cost.result(read)


RUNS: dict[str, Callable[[Settings], Any]] = {
    "stage1": lambda settings: stage(settings, 1),
    "stage2": lambda settings: stage(settings, 2),
    "recovery": recovery,
    "aiokafka": aiokafka,
    "librdkafka": librdkafka,
}

if __name__ == "__main__":
    print(orjson.dumps(asyncio.run(RUNS[sys.argv[1]](Settings()))).decode())
