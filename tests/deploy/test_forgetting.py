"""``salespulse forget`` as it is used: a real broker, a worker and a sink that are processes, the real engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest
from clickhouse_connect.driver.client import Client
from kafka import KafkaConsumer, TopicPartition

from deploy import topics
from deploy.produce import produce
from schemas.settings import Settings
from tests.agents.test_forgetting import called, life, merge
from tests.agents.workers import Worker, until
from tests.deploy.test_cli import run
from tests.sinks.test_clickhouse_forgetting import naming
from tests.sinks.test_clickhouse_sink import running

__all__ = ["run"]

EXPIRING = ("leads", "calls", "emails", "deals", "sla", "dead-letters", "internal.merges", "internal.forgets")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def settings(settings: Settings, dsn: str) -> Settings:
    settings.data_dir.mkdir(parents=True)
    topics.create(settings)
    return settings.model_copy(update={"clickhouse": dsn})


@pytest.fixture
def worker(settings: Settings) -> Iterator[Worker]:
    made = Worker(settings, "one")
    yield made
    made.end()


def asked(run: Run, settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    places = {"kafka": str(settings.kafka), "clickhouse": str(settings.clickhouse)}
    return run("forget", *words, topic_prefix=settings.topic_prefix, **places)


def standing(settings: Settings, name: str) -> set[bytes]:
    """Keys of a compacted topic that its last record does not end."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka, isolation_level="read_committed")
    places = [TopicPartition(settings.topic(name), number) for number in range(settings.partitions)]
    consumer.assign(places)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(places)
    last: dict[bytes, bytes | None] = {}
    while any(consumer.position(place) < ends[place] for place in places):
        for records in consumer.poll(timeout_ms=200).values():
            last |= {record.key: record.value for record in records}
    consumer.close()
    return {key for key, value in last.items() if value is not None}


def test_a_lead_is_forgotten_everywhere_and_what_is_left_is_named_with_its_date(
    settings: Settings, client: Client, worker: Worker, run: Run
) -> None:
    with running(settings):
        produce(settings, [*life("ana-1"), *life("bea-2"), merge("bea-2", "ana-1"), *life("cleo-3")])
        until(lambda: client.query("SELECT count() FROM lead_facts FINAL").first_row == (3,), "all are known")
        ended = asked(run, settings, "ana-1", "--json")
        assert ended.returncode == 0, ended.stderr
        report = json.loads(ended.stdout)
        assert (report["others"], report["events"]) == (1, 8)
        assert (report["rows"]["events"], report["rows"]["subjects"]) == (5, 2)
        assert report["gone_by"].keys() == {
            settings.topic(name)
            for name in (
                "leads",
                "calls",
                "emails",
                "deals",
                "sla",
                "dead-letters",
                "internal.merges",
                "internal.forgets",
            )
        }
        assert naming(client, "ana-1") == naming(client, "bea-2") == []
        assert standing(settings, "lead-facts") == {b"cleo-3"}
        kept = standing(settings, "internal.leads-changelog")
        assert not any(b"ana-1" in key or b"bea-2" in key for key in kept)
        produce(settings, [called("ana-1", "later"), called("cleo-3", "later")])
        until(lambda: len(naming(client, "cleo-3")) and worker.metrics().total("sales_forgotten_records_total"), "read")
        until(lambda: client.query("SELECT count() FROM events_once").first_row == (3,), "all others are recorded")
        assert naming(client, "ana-1") == []
        again = asked(run, settings, "ana-1")
        assert (again.returncode, again.stderr.splitlines()) == (
            0, ["waiting for the worker", "waiting for ClickHouse"],
        )  # fmt: skip
        assert "forgotten: ana-1; what still arrives of it is not stored" in again.stdout
        assert "the worker's timelines" in again.stdout and "0 events" in again.stdout


def test_where_no_worker_answers_the_command_says_so_and_the_request_waits(settings: Settings, run: Run) -> None:
    ended = asked(run, settings, "ana-1", "--wait", "1s")
    assert ended.returncode == 1
    line = ended.stderr.splitlines()[-1]
    assert line.startswith("salespulse: the worker has not answered")
    assert settings.topic("internal.forgets") in line


def test_where_no_sink_answers_the_command_says_so(
    settings: Settings, client: Client, worker: Worker, run: Run
) -> None:
    until(worker.is_ready, "the worker is ready")
    ended = asked(run, settings, "ana-1", "--wait", "12s")
    assert ended.returncode == 1
    assert "the ClickHouse sink has not said" in ended.stderr.splitlines()[-1]
