"""What befalls the brokers, the way to them and what they keep."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from kafka.errors import KafkaError

from deploy import topics
from tests.agents.workers import Worker, until
from tests.faults.floor import Floor


def kill_the_broker(floor: Floor) -> None:
    floor.worker()
    with floor.feeding():
        for _ in range(2):
            floor.moment()
            floor.brokers.kill(0)
            floor.moment()
            floor.brokers.start(0)
            floor.injected += 1
            floor.moment(3)


def miss_the_broker(floor: Floor) -> None:
    worker = floor.worker()
    with floor.feeding():
        floor.moment()
        floor.brokers.kill(0)
        floor.last(30)
        floor.brokers.start(0)
        floor.injected += 1
        until(worker.is_ready, "it is back", 120)


def kill_each_broker(floor: Floor) -> None:
    """One of three at a time, so that every leader and coordinator has to move."""
    floor.worker("one")
    floor.worker("two")
    with floor.feeding(60):
        for node in range(floor.brokers.count):
            floor.moment()
            floor.brokers.kill(node)
            floor.last(6)
            floor.brokers.start(node)
            floor.injected += 1
            floor.last(2)


def disturb_the_network(floor: Floor) -> None:
    """Between worker and broker."""
    [wire] = floor.brokers.proxies
    worker = floor.worker()
    with floor.feeding(60):
        floor.disturb(wire, delay=0.3, rate=100_000)
    until(worker.is_ready, "it is back", 120)


def hang_a_transaction(floor: Floor) -> None:
    """A producer of events begins a transaction and is never heard of again: what lies behind it waits."""
    floor.worker()
    with floor.feeding(80):
        for n in range(2):
            asyncio.run(_hang(floor, f"{floor.settings.topic_prefix}-{n}"))
            floor.injected += 1
            floor.last(2)


async def _hang(floor: Floor, transactional_id: str) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=floor.brokers.direct, transactional_id=transactional_id, transaction_timeout_ms=8_000
    )
    await producer.start()
    await producer.begin_transaction()
    for partition in range(floor.settings.partitions):
        await producer.send_and_wait(floor.settings.topic("calls"), b"{", key=b"x", partition=partition)
    # The connection goes, the transaction stays.
    producer._sender._sender_task.cancel()
    await producer.client.close()


def make_a_topic_anew(floor: Floor) -> None:
    """All that was read of the inputs is deleted, and the offsets begin at 0 again."""
    worker = floor.worker()
    whole = floor.lines
    most, more = len(whole) * 2 // 3, len(whole) * 3 // 4
    for until_then, part in ((most, whole[:most]), (more, whole[most:more]), (len(whole), whole[more:])):
        floor.lines = part
        with floor.feeding(0):
            pass
        until(lambda: has_read(worker, until_then), "everything is read", 60)  # noqa: B023
        if until_then == most:
            _recreate(floor, ["leads", "calls", "emails", "deals"])
            floor.injected += 1
    floor.lines = whole


def lose_the_changelogs(floor: Floor) -> None:
    """The state is gone from Kafka: it is made anew from the events that are still there."""
    worker = floor.worker()
    with floor.feeding(0):
        pass
    until(lambda: has_read(worker, len(floor.lines)), "everything is read", 60)
    worker.end()
    _recreate(floor, ["internal.leads-changelog", "internal.windows-changelog"])
    floor.injected += 1
    floor.worker()


def has_read(worker: Worker, lines: int) -> bool:
    """By what it has counted: its lag is as of its last fetch, which may be of before they came."""
    samples = worker.metrics()
    refused = samples.total("sales_dead_letters_total") or 0
    return (samples.total("sales_events_total") or 0) + refused >= lines


def _recreate(floor: Floor, names: list[str]) -> None:
    wanted = {floor.settings.topic(name) for name in names}
    with floor.brokers.admin() as admin:
        admin.delete_topics(sorted(wanted))
    made: set[str] = set()

    def are_made() -> bool:
        # A topic that is being deleted may still be listed, or refuse its name.
        with suppress(KafkaError):
            made.update(topics.create(floor.direct))
        return wanted <= made

    until(are_made, "the topics are there again", 60)
    floor.brokers.compact(floor.direct)
