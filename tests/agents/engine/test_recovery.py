"""Taking a partition over on a real broker, while its client fails in ways that look like a cancellation."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from agents.engine import recovery
from agents.engine.engine import Engine
from agents.engine.recovery import recover
from agents.engine.store import CYCLE, Cycle, Store, encode_cycle
from agents.engine.transactions import CommitFailed, Transactions
from schemas.settings import Settings

RECORDS = 1_000


@pytest.fixture
async def changelog(settings: Settings) -> TopicPartition:
    """A changelog of a thousand keys."""
    name = settings.topic("internal.changelog")
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka) as producer:
        for n in range(RECORDS):
            await producer.send(name, b"value", key=b"k%d" % n)
        await producer.send_and_wait(name, encode_cycle(Cycle(1, b"incarnation")), key=CYCLE)
    return TopicPartition(name, 0)


def connection(settings: Settings) -> dict[str, Any]:
    return {"bootstrap_servers": settings.kafka}


async def test_a_fetch_that_fails_while_a_recovery_ends_does_not_end_the_task_that_recovers(
    settings: Settings, changelog: TopicPartition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker is lost just then: the fetch waits a moment before its next try, and that wait is what is cancelled."""
    made: list[AIOKafkaConsumer] = []

    class Failing(AIOKafkaConsumer):
        async def stop(self) -> None:
            made.append(self)
            self._fetcher._pending_tasks.add(asyncio.create_task(asyncio.sleep(60)))
            await super().stop()

    monkeypatch.setattr(recovery, "AIOKafkaConsumer", Failing)
    store = Store(tmp_path)
    await recover(store, changelog, connection(settings))
    assert store.get(b"k7") == b"value"
    [consumer] = made
    assert not any(link.connected() for link in consumer._client._conns.values())


async def test_a_recovery_that_is_cancelled_ends(
    settings: Settings, changelog: TopicPartition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = asyncio.Event()

    class Hanging(AIOKafkaConsumer):
        async def stop(self) -> None:
            stopping.set()
            await asyncio.sleep(60)

    monkeypatch.setattr(recovery, "AIOKafkaConsumer", Hanging)
    task = asyncio.create_task(recover(Store(tmp_path), changelog, connection(settings)))
    await stopping.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def engine() -> Engine:
    group: Any = SimpleNamespace()
    plan: Any = SimpleNamespace(group="stage", inputs=("a",))
    return Engine(plan, group)


async def test_a_step_that_ends_as_if_it_were_cancelled_is_tried_again() -> None:
    """Taken for a cancellation it would end the take-over for good, in a worker that seems to live."""
    tries = iter([asyncio.CancelledError(), ConnectionError()])

    async def step() -> str:
        for error in tries:
            raise error
        return "done"

    assert await engine()._patiently(step) == "done"


async def test_a_step_that_is_cancelled_is_not_tried_again() -> None:
    begun = asyncio.Event()

    async def step() -> None:
        assert not begun.is_set()
        begun.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(engine()._patiently(step))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_commit_that_ends_as_if_it_were_cancelled_has_failed() -> None:
    async def leaking() -> None:
        raise asyncio.CancelledError

    sender = asyncio.create_task(asyncio.sleep(60))
    producer: Any = SimpleNamespace(begin_transaction=leaking, _sender=SimpleNamespace(sender_task=sender))
    with pytest.raises(CommitFailed):
        await Transactions(producer, 20).commit([], {}, "group")
    sender.cancel()


async def test_a_commit_that_is_cancelled_ends() -> None:
    begun = asyncio.Event()

    async def hanging() -> None:
        begun.set()
        await asyncio.sleep(60)

    sender = asyncio.create_task(asyncio.sleep(60))
    producer: Any = SimpleNamespace(begin_transaction=hanging, _sender=SimpleNamespace(sender_task=sender))
    task = asyncio.create_task(Transactions(producer, 20).commit([], {}, "group"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    sender.cancel()


async def test_what_was_given_back_is_freed_before_anything_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cycle that failed would leave a partition with all its state in memory behind."""

    class Circle:
        def __init__(self) -> None:
            self.itself = self

    async def nothing(*arguments: Any) -> dict[str, str]:
        return {}

    monkeypatch.setattr("agents.engine.engine.topic_ids", nothing)
    given_back = weakref.ref(Circle())
    gc.disable()
    try:
        group: Any = SimpleNamespace(partitions=dict)
        await Engine(SimpleNamespace(group="stage", inputs=(), connection={}), group).open()  # type: ignore[arg-type]
        assert given_back() is None
    finally:
        gc.enable()


async def test_how_far_a_recovery_is_shows_while_it_lasts_and_nothing_is_ready_until_then(
    settings: Settings, changelog: TopicPartition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    found = engine()
    found.assigned = False
    apply = Store.apply

    def applied(self: Store, *parts: Any) -> None:
        shown.append(found.status())
        apply(self, *parts)

    monkeypatch.setattr(recovery, "_WRITE_EVERY", 100)
    monkeypatch.setattr(Store, "apply", applied)
    await recover(Store(tmp_path), changelog, connection(settings), found._progress(0))
    assert not any(status["ready"] for status in shown)
    done = [status["recovering"][0] for status in shown[1:]]
    assert len(done) > 5
    assert done == sorted(done)
    assert {total for _, total in done} == {RECORDS + 1}
