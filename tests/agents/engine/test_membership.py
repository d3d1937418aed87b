"""Membership on a real broker, whose coordinator answers as one that is loading, that has moved, or that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupLoadInProgressError, KafkaError, NotCoordinatorForGroupError, for_code
from aiokafka.errors import UnknownTopicOrPartitionError as Unknown
from aiokafka.protocol.commit import OffsetFetchResponse_v3
from aiokafka.structs import OffsetAndMetadata

from agents.engine.membership import FaustGroup, committed, keep_up
from schemas.settings import Settings
from tests.agents.engine.test_engine_faults import until


@pytest.fixture
async def topics(settings: Settings) -> list[str]:
    names = [settings.topic("a"), settings.topic("b")]
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1) for name in names])
    await admin.close()
    return names


@asynccontextmanager
async def member(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        group_id=settings.topic("group"),
        heartbeat_interval_ms=100,
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def answers_first(consumer: AIOKafkaConsumer, answer: Any) -> None:
    """Have the coordinator answer once as told, then truly."""
    truly = consumer._coordinator._send_req

    async def send(request: Any) -> Any:
        consumer._coordinator._send_req = truly
        return answer

    consumer._coordinator._send_req = send


@pytest.mark.parametrize(
    ("code", "error"), [(14, GroupLoadInProgressError), (16, NotCoordinatorForGroupError), (15, for_code(15))]
)
async def test_a_coordinator_that_cannot_tell_is_not_taken_for_one_that_knows_of_no_offsets(
    settings: Settings, topics: list[str], code: int, error: type[Exception]
) -> None:
    async with member(settings) as consumer:
        first = TopicPartition(topics[0], 0)
        consumer.assign([first])
        await consumer.commit({first: OffsetAndMetadata(7, "")})
        answers_first(consumer, OffsetFetchResponse_v3(0, [], code))
        with pytest.raises(error):
            await committed(consumer._coordinator, 0, topics)
        assert (consumer._coordinator.coordinator_id is None) == (code in (15, 16))
        assert await committed(consumer._coordinator, 0, topics) == {topics[0]: 7}


async def test_a_refusal_of_one_partition_is_none_of_its_offset_either(settings: Settings, topics: list[str]) -> None:
    async with member(settings) as consumer:
        refused = [(topics[0], [(0, -1, "", 3)]), (topics[1], [(0, 5, "", 0)])]
        await consumer._coordinator.ensure_coordinator_known()
        answers_first(consumer, OffsetFetchResponse_v3(0, refused, 0))
        with pytest.raises(Unknown):
            await committed(consumer._coordinator, 0, topics)


@pytest.mark.parametrize("step", ["_do_heartbeat", "_do_rejoin_group", "_do_fetch_commit_offsets"])
async def test_a_member_whose_coordination_fails_joins_again(settings: Settings, topics: list[str], step: str) -> None:
    async with member(settings) as consumer:
        coordinator = consumer._coordinator
        keep_up(coordinator, pytest.fail)
        consumer.subscribe(topics)
        await until(lambda: len(consumer.assignment()) == 2, "it has joined")
        joined, truly, failed = coordinator.generation, getattr(coordinator, step), asyncio.Event()

        async def fail(*arguments: Any) -> Any:
            setattr(coordinator, step, truly)
            failed.set()
            raise KafkaError("what no broker says")

        setattr(coordinator, step, fail)
        if step == "_do_rejoin_group":
            coordinator.request_rejoin()
        if step == "_do_fetch_commit_offsets":
            for tp in consumer.assignment():
                consumer._subscription.subscription.assignment.state_value(tp).fetch_committed()
        await asyncio.wait_for(failed.wait(), 10)
        await until(lambda: coordinator.generation > joined, "it has joined again")
        beaten = asyncio.Event()
        beat = coordinator._do_heartbeat

        async def heartbeat() -> bool:
            beaten.set()
            return bool(await beat())

        coordinator._do_heartbeat = heartbeat
        await asyncio.wait_for(beaten.wait(), 10)


async def test_a_coordination_that_ends_ends_the_worker(settings: Settings, topics: list[str]) -> None:
    reasons: list[str] = []
    async with member(settings) as consumer:
        keep_up(consumer._coordinator, reasons.append)

        async def broken(*arguments: Any) -> Any:
            raise AssertionError("a bug of the client")

        consumer._coordinator.ensure_active_group = broken
        consumer.subscribe(topics)
        await until(lambda: bool(reasons), "the worker is told")
    assert "a bug of the client" in reasons[0]


def test_a_topic_that_kafka_has_said_nothing_of_yet_is_waited_for() -> None:
    group = FaustGroup(app_of(lambda topic: {0, 1, 2} if topic == "known" else None))
    assert group.count("known") == 3
    with pytest.raises(Unknown):
        group.count("unknown")


def app_of(partitions_for_topic: Callable[[str], set[int] | None]) -> Any:
    consumer = SimpleNamespace(partitions_for_topic=partitions_for_topic)
    return SimpleNamespace(consumer=SimpleNamespace(_thread=SimpleNamespace(_ensure_consumer=lambda: consumer)))
