"""The promise of the engine on a real broker: whatever is killed or frozen, every record counts exactly once.

Truth is a plain count of what was produced. Compared are the last value of every key in the
output topic and in the changelog, and the sum over all keys, as a ``read_committed`` reader sees them.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.settings import Settings
from tests.agents.engine.counting import INPUTS, OUTPUT, STAGE

PARTITIONS = 2
KEYS = 400


def topics(settings: Settings) -> list[str]:
    return [settings.topic(name) for name in (*INPUTS, OUTPUT, f"internal.{STAGE}-changelog")]


@pytest.fixture
async def floor(settings: Settings) -> Settings:
    """Topics as the counting stage needs them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in topics(settings)])
    await admin.close()
    return settings


class Workers:
    """Counting workers as processes, each with its own directory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str = "one", **extra: str) -> subprocess.Popen[bytes]:
        env = os.environ | extra
        env |= {
            "SALESPULSE_KAFKA": str(self._settings.kafka),
            "SALESPULSE_TOPIC_PREFIX": self._settings.topic_prefix,
            "SALESPULSE_DATA_DIR": str(self.directory(name)),
            "SALESPULSE_COMMIT_INTERVAL": "200ms",
            "SALESPULSE_SESSION_TIMEOUT": "6s",
        }
        log = (self._settings.data_dir / f"{name}.log").open("ab")
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.agents.engine.counting"], env=env, stdout=log, stderr=log
        )
        self.running.append(worker)
        return worker

    def directory(self, name: str) -> Path:
        return self._settings.data_dir / name

    def log(self, name: str = "one") -> str:
        return (self._settings.data_dir / f"{name}.log").read_text()

    async def ready(self, times: int, name: str = "one") -> None:
        """Wait until workers of that name have taken partitions over that often."""
        await until(lambda: self.log(name).count("partitions ready") >= times, f"{name} is ready, time {times}")

    def stop(self) -> None:
        for worker in self.running:
            worker.send_signal(signal.SIGCONT)
            worker.kill()
            worker.wait()


@pytest.fixture
def workers(settings: Settings) -> Any:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    found = Workers(settings)
    yield found
    found.stop()


class Producing:
    """Random keys to both inputs, in slices, so that faults fall between them; ``truth`` is what each came to."""

    def __init__(self, settings: Settings, seed: int, pause: float = 0.05) -> None:
        self.truth: Counter[bytes] = Counter()
        self._settings = settings
        self._rng = random.Random(seed)
        self._pause = pause
        self._enough = asyncio.Event()
        self._task = asyncio.ensure_future(self._produce())

    async def _produce(self) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self._settings.kafka, linger_ms=20) as producer:
            while not self._enough.is_set():
                await asyncio.gather(*[await self._send(producer) for _ in range(100)])
                await asyncio.sleep(self._pause)

    async def _send(self, producer: AIOKafkaProducer) -> Any:
        number = self._rng.randrange(KEYS)
        key = f"key-{number}".encode()
        topic = self._settings.topic(self._rng.choice(INPUTS))
        sent = await producer.send(topic, b"x" * 100, key=key, partition=number % PARTITIONS)
        self.truth[key] += 1
        return sent

    async def stop(self, after: int = 0) -> Counter[bytes]:
        """End once at least ``after`` records were sent; the truth."""
        await until(lambda: self.truth.total() >= after, "enough was produced")
        self._enough.set()
        await self._task
        return self.truth


async def last_values(settings: Settings, topic: str) -> dict[bytes, bytes]:
    """The last committed value of each key."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        tps = [TopicPartition(settings.topic(topic), n) for n in range(PARTITIONS)]
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        values: dict[bytes, bytes] = {}
        for tp in tps:
            while await consumer.position(tp) < ends[tp]:
                for record in (await consumer.getmany(tp, timeout_ms=200)).get(tp, []):
                    values[record.key] = record.value
        return values
    finally:
        await consumer.stop()


async def counted(settings: Settings, truth: Counter[bytes], timeout: float = 60) -> None:
    """Wait until the output says what the truth says, then hold the changelog to it too."""
    expected = {key: str(count).encode() for key, count in truth.items()}
    deadline = asyncio.get_running_loop().time() + timeout
    while (found := await last_values(settings, OUTPUT)) != expected:
        total = sum(map(int, found.values()))
        if asyncio.get_running_loop().time() > deadline:
            wrong = {k: (found.get(k), v) for k, v in expected.items() if found.get(k) != v}
            pytest.fail(f"{total} of {truth.total()} counted; {len(wrong)} keys differ: {list(wrong.items())[:3]}")
        await asyncio.sleep(0.3)
    changelog = await last_values(settings, f"internal.{STAGE}-changelog")
    assert {k[1:]: v for k, v in changelog.items() if k[:1] == b"k"} == expected


async def until(claim: Callable[[], bool], what: str, timeout: float = 60) -> None:
    deadline = asyncio.get_running_loop().time() + timeout
    while not claim():
        assert asyncio.get_running_loop().time() < deadline, f"not within {timeout:.0f} s: {what}"
        await asyncio.sleep(0.05)


async def test_every_record_is_counted_once(floor: Settings, workers: Workers) -> None:
    workers.start()
    await counted(floor, await Producing(floor, 1, pause=0).stop(after=20_000))


@pytest.mark.parametrize("directory", ["kept", "deleted"])
async def test_kill_9_at_random_moments_loses_and_repeats_nothing(
    floor: Settings, workers: Workers, directory: str
) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    rng = random.Random(seed)
    producing = Producing(floor, seed)
    for round_ in range(4):
        worker = workers.start()
        await workers.ready(round_ + 1)
        await asyncio.sleep(rng.uniform(0.0, 1.5))
        worker.kill()
        worker.wait()
        if directory == "deleted":
            shutil.rmtree(workers.directory("one"), ignore_errors=True)
    workers.start()
    await counted(floor, await producing.stop())


@pytest.mark.parametrize("steps", ["sends and offsets", "offsets and commit"])
async def test_kill_9_between_the_steps_of_a_commit_loses_and_repeats_nothing(
    floor: Settings, workers: Workers, steps: str
) -> None:
    producing = Producing(floor, 3)
    for commits in (1, 2, 7):
        worker = workers.start(KILL_BETWEEN=steps, KILL_AT=str(commits))
        await until(lambda: worker.poll() is not None, "the worker killed itself")  # noqa: B023
        assert worker.returncode == -signal.SIGKILL
    workers.start()
    await counted(floor, await producing.stop())


async def test_a_frozen_worker_that_thaws_writes_nothing_more(floor: Settings, workers: Workers) -> None:
    zombie = workers.start("one")
    producing = Producing(floor, 5)
    await workers.ready(1)
    await until(lambda: producing.truth.total() > 2_000, "some was counted")
    zombie.send_signal(signal.SIGSTOP)
    workers.start("two")
    await workers.ready(1, "two")
    zombie.send_signal(signal.SIGCONT)
    await workers.ready(2, "two")
    await counted(floor, await producing.stop(after=producing.truth.total() + 2_000))


async def test_workers_that_come_and_go_lose_and_repeat_nothing(floor: Settings, workers: Workers) -> None:
    workers.start("one")
    producing = Producing(floor, 8)
    await workers.ready(1)
    for round_ in range(2):
        second = workers.start("two")
        await workers.ready(round_ + 1, "two")
        second.terminate()
        await until(lambda: second.poll() is not None, "the second worker stopped")  # noqa: B023
        assert second.returncode == 0
    await counted(floor, await producing.stop())


async def test_a_bug_stops_its_partition_alone(floor: Settings, workers: Workers) -> None:
    workers.start()
    async with AIOKafkaProducer(bootstrap_servers=floor.kafka) as producer:
        await producer.send_and_wait(floor.topic("a"), b"bug", key=b"key-1", partition=1)
        for n in range(10):
            await producer.send_and_wait(floor.topic("a"), b"x", key=b"key-1", partition=1)
            await producer.send_and_wait(floor.topic("b"), b"x", key=f"key-{2 * n}".encode(), partition=0)
    await until(lambda: "partition stopped" in workers.log(), "the partition stopped")
    deadline = asyncio.get_running_loop().time() + 30
    while len(found := await last_values(floor, OUTPUT)) < 10:
        assert asyncio.get_running_loop().time() < deadline, found
    assert set(found) == {f"key-{2 * n}".encode() for n in range(10)}
    assert f"{floor.topic('a')}[1] offsets 0" in workers.log()


async def test_a_record_that_its_topic_does_not_take_stops_its_partition_alone(
    floor: Settings, workers: Workers
) -> None:
    """Trying again would come to the same, for ever and for every partition of the worker."""
    changelog = floor.topic(f"internal.{STAGE}-changelog")
    limit = ConfigResource(ConfigResourceType.TOPIC, changelog, {"max.message.bytes": "10000"})
    admin = AIOKafkaAdminClient(bootstrap_servers=floor.kafka)
    await admin.start()
    await admin.alter_configs([limit])
    await admin.close()
    workers.start()
    async with AIOKafkaProducer(bootstrap_servers=floor.kafka) as producer:
        await producer.send_and_wait(floor.topic("a"), b"x", key=b"y" * 20_000, partition=1)
        await until(lambda: "partition stopped" in workers.log(), "the partition stopped")
        await producer.send_and_wait(floor.topic("a"), b"x", key=b"key-0", partition=0)
    deadline = asyncio.get_running_loop().time() + 30
    while (found := await last_values(floor, OUTPUT)) != {b"key-0": b"1"}:
        assert asyncio.get_running_loop().time() < deadline, found
    assert workers.log().count("partitions ready") == 1
    assert f"{changelog} takes no 20" in workers.log()
    assert "raise its max.message.bytes" in workers.log()


@pytest.mark.parametrize(("key", "value"), [(None, b"x"), (b"\x00cycle", b"junk")])
async def test_a_record_that_the_engine_never_wrote_stops_its_partition_alone(
    floor: Settings, workers: Workers, key: bytes | None, value: bytes
) -> None:
    changelog = floor.topic(f"internal.{STAGE}-changelog")
    async with AIOKafkaProducer(bootstrap_servers=floor.kafka) as producer:
        await producer.send_and_wait(changelog, value, key=key, partition=1)
        workers.start()
        await until(lambda: "partition stopped" in workers.log(), "the partition stopped")
        await producer.send_and_wait(floor.topic("a"), b"x", key=b"key-1", partition=1)
        await producer.send_and_wait(floor.topic("a"), b"x", key=b"key-0", partition=0)
    deadline = asyncio.get_running_loop().time() + 30
    while (found := await last_values(floor, OUTPUT)) != {b"key-0": b"1"}:
        assert asyncio.get_running_loop().time() < deadline, found
    assert f"{changelog}[1] offset" in workers.log()
