"""``salespulse notify`` on a real broker and a real receiver: each message at least once, whatever happens to it."""

from __future__ import annotations

import random
import threading
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition as AioPlace
from aiokafka.protocol.commit import OffsetFetchResponse_v3
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from agents.engine.clock import now
from agents.notify.log import until_done
from agents.notify.service import Notifier
from deploy import topics
from deploy.local.kafka import LocalKafka
from deploy.produce import produce
from deploy.readings import scrape
from schemas.forgetting import TOPIC as FORGETS
from schemas.forgetting import Forget, encode
from schemas.partitioning import partition_of
from schemas.results import DeadLetter, SlaEvent
from schemas.settings import Settings
from sinks.dead_letters import read, replay
from sinks.notify import webhooks
from tests.agents.engine.test_membership import answers_first
from tests.agents.notify.notifying import Process, announce, notifying
from tests.agents.test_leads import line
from tests.agents.workers import Worker, free_port, until
from tests.clock_events import clock_event
from tests.policy_files import HEAD, parsed, policy
from tests.receivers import Answering, Receiver

HOT = policy("hot", 1, target='"1 calendar minute"', calendar="", warn_at="[0.5]", tell='"reps"')
FILE = parsed(HEAD + HOT)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_LAST_RETRY_SECONDS", 0.5)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    settings.data_dir.mkdir(parents=True)
    path = settings.data_dir / "policies.toml"
    path.write_text(HEAD + HOT)
    made = settings.model_copy(update={"windows": "all", "policies": path, "partitions": 2, "session_timeout": 6_000})
    topics.create(made)
    return made


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    made = Receiver()
    monkeypatch.setenv("CHAT_URL", made.url())
    yield made
    made.close()


def breached(number: int) -> SlaEvent:
    return clock_event(lead=f"lead-{number}")


def committed(settings: Settings) -> int:
    """Records before the offsets of the group; -1 while nobody can say."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        found = admin.list_group_offsets({settings.topic("notify"): None})[settings.topic("notify")]
        return sum(each.offset for place, each in found.items() if place.topic == settings.topic("sla"))
    except KafkaError:
        return -1
    finally:
        admin.close()


def letters(settings: Settings) -> list[DeadLetter]:
    return list(read(settings))


def test_an_ignored_hot_lead_is_told_of_once_and_an_answered_one_not_at_all(
    settings: Settings, receiver: Receiver
) -> None:
    worker = Worker(settings, "one")
    at = now() - 58_000
    called = line("call.completed", at + 1_000, "answered", direction="outbound")
    try:
        with notifying(settings, FILE):
            until(worker.is_ready, "the worker is ready")
            ignored = line("lead.engaged", at, "ignored", "e-1", owner="r-1", team="emea", temperature="hot")
            # The answer first: what comes after the deadline is late.
            produce(settings, [called])
            produce(settings, [ignored, line("lead.engaged", at, "answered", "e-2")])
            until(lambda: len(receiver.requests) >= 2, "it is told of")
        # Whoever starts next finds nothing left to tell.
        produce(settings, [line("lead.engaged", at, "ignored-2", "e-3")])
        with notifying(settings, FILE):
            until(lambda: len(receiver.requests) >= 4, "the next is told of")
    finally:
        worker.end()
    assert Counter(receiver.posted()) == {
        f"first_response/leads/{lead}/crm/{event}/hot@1/{step}": 1
        for lead, event in (("ignored", "e-1"), ("ignored-2", "e-3"))
        for step in ("at_risk:0.5", "breached")
    }
    assert receiver.requests[1].body["text"].startswith("Breached: first response of lead ignored (hot, emea), due ")


def test_wherever_it_is_killed_each_message_comes_at_least_once_and_each_key_stands_for_one(
    settings: Settings, receiver: Receiver
) -> None:
    """The receiver is slow, so that most kills fall between a post and what is remembered of it."""
    messages, rng = 400, random.Random()

    def slowly(taken: object) -> Answering:
        time.sleep(0.01)
        return Answering()

    receiver.answer = slowly
    announce(settings, (breached(n) for n in range(messages)))
    for _ in range(2):
        seen = len(receiver.requests)
        with Process(settings) as running:
            until(lambda: len(receiver.requests) > seen, running.stderr)  # noqa: B023
            time.sleep(rng.uniform(0, 0.6))
    with Process(settings) as running:
        until(lambda: committed(settings) >= messages, "all is done")
        assert running.terminate() == 0
    told = Counter(receiver.posted())
    assert set(told) == {breached(n).identity for n in range(messages)}
    # One lane, so at most the message on the wire is posted again after each kill.
    assert sum(told.values()) - messages <= 2
    texts = {(taken.key, orjson.dumps(taken.body)) for taken in receiver.requests}
    assert len(texts) == messages


def test_a_receiver_that_stays_away_makes_dead_letters_that_can_be_sent_again(
    settings: Settings, receiver: Receiver
) -> None:
    receiver.answer = lambda taken: Answering(503)
    ahead = [0]
    port = free_port()
    with notifying(settings, FILE, port, lambda: now() + ahead[0]):
        announce(settings, [breached(1), ("lead-1", b"no event"), ("lead-2", b"{}"), breached(2)])
        until(lambda: len(receiver.requests) >= 2, "it is tried")
        ahead[0] = 25 * 3_600_000
        until(lambda: len(letters(settings)) == 4, "dead letters are there")
        receiver.answer = lambda taken: Answering()
        dead = [letter for letter in letters(settings) if letter.reason == "undeliverable"]
        assert {b64decode(letter.key or "") for letter in dead} == {b"lead-1", b"lead-2"}
        assert {letter.detail for letter in dead} == {"audience reps: given up: HTTP 503"}
        asked = len(receiver.requests)
        assert replay(settings, dead) == 2
        until(lambda: committed(settings) >= 6, "all is done")
        assert sorted(receiver.posted()[asked:]) == [breached(n).identity for n in (1, 2)]
        samples = scrape(f"http://127.0.0.1:{port}/metrics")
        totals = [samples.total(f"sales_notify_{name}_total") for name in ("sent", "dead")]
        assert totals == [2, 2]
        assert samples.total("sales_dead_letters_total") == 4
        until(lambda: scrape(f"http://127.0.0.1:{port}/metrics").total("sales_notify_lag_records") == 0, "no lag")


def test_a_start_tells_of_the_last_day_only_and_later_ones_of_what_came_meanwhile(
    settings: Settings, receiver: Receiver
) -> None:
    announce(settings, [breached(1)])
    with notifying(settings, FILE, now=lambda: now() + 2 * 86_400_000):
        until(lambda: committed(settings) >= 1, "it has begun")
    announce(settings, [breached(2)])
    with notifying(settings, FILE):
        until(lambda: len(receiver.requests) >= 1, "it is told of")
        until(lambda: committed(settings) >= 2, "it is done")
    assert receiver.posted() == [breached(2).identity]


async def test_where_kafka_cannot_tell_how_far_all_is_done_it_is_asked_again(settings: Settings) -> None:
    """Taken for never having run, it would begin a day ago, whatever was left to do before."""
    unused: Any = None
    notifier = Notifier(settings, FILE, unused, unused, now)
    place = AioPlace(settings.topic("sla"), 0)
    await notifier._consumer.start()
    try:
        notifier._consumer.assign([place])
        await notifier._consumer.commit({place: 7})
        answers_first(notifier._consumer, OffsetFetchResponse_v3(0, [], 14))
        assert await until_done("asking", partial(notifier._start, place)) == 7
    finally:
        await notifier._consumer.stop()


def test_what_is_told_can_be_read_by_nobody_who_does_not_know_the_lead(settings: Settings, receiver: Receiver) -> None:
    with notifying(settings, FILE):
        announce(settings, [breached(1)])
        until(lambda: committed(settings) >= 1, "it is done")
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(settings.topic("internal.notified"), number) for number in range(2)])
    kept = [record for records in consumer.poll(timeout_ms=10_000).values() for record in records]
    consumer.close()
    assert [(len(record.key), b"lead" in record.key + record.value) for record in kept] == [(32, False)]


def test_a_lead_that_is_forgotten_is_not_told_of_any_more(settings: Settings, receiver: Receiver) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka)
    place = partition_of(b"lead-1", 2)
    producer.send(settings.topic(FORGETS), encode(Forget("lead-1", now())), b"lead-1", partition=place).get(30)
    producer.close()
    quiet = parsed(HEAD + "quiet_outside = 'office'\n" + HOT)
    monday = 1_772_442_000_000
    night = [monday + 12 * 3_600_000]
    with notifying(settings, quiet, now=lambda: night[0]):
        announce(settings, [breached(1), breached(2)])
        until(lambda: committed(settings) >= 1, "one is dropped")
        night[0] += 12 * 3_600_000
        until(lambda: len(receiver.requests) >= 1, "the other is told of")
        until(lambda: committed(settings) >= 2, "it is done")
    assert receiver.posted() == [breached(2).identity]


def test_an_outage_of_kafka_is_waited_for(
    tmp_path: Path, jar_cache: Path, topic_prefix: str, receiver: Receiver
) -> None:
    with LocalKafka(tmp_path / "kafka", jar_cache) as broker:
        address = broker.start()
        settings = Settings(
            kafka=address, topic_prefix=topic_prefix, data_dir=tmp_path, partitions=2, session_timeout=6_000,
            _env_file=None,
        )  # fmt: skip
        topics.create(settings)
        going_on = threading.Event()
        receiver.next.append(Answering(until=going_on))
        with notifying(settings, FILE):
            announce(settings, [breached(1)])
            until(lambda: len(receiver.requests) == 1, "it is being told of")
            broker.kill()
            going_on.set()
            broker.start()
            announce(settings, [breached(2)])
            until(lambda: committed(settings) >= 2, "all is done", 90)
        assert receiver.posted() == [breached(1).identity, breached(2).identity]


def test_an_address_that_is_not_set_is_named_and_nothing_starts(settings: Settings) -> None:
    running = Process(settings, CHAT_URL="")
    assert running.process.wait(60) == 1
    assert running.stderr.splitlines() == [
        "audiences.reps: CHAT_URL holds no address such as https://hooks.example/…",
        "salespulse: 1 address(es) are not set",
    ]
