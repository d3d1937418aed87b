"""Ctrl-C during ``salespulse replay``, whatever it is just doing, leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from deploy import topics
from deploy.replay import replay
from deploy.simulator.floor import simulate
from schemas.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events for several seconds of work."""
    path = tmp_path_factory.mktemp("log") / "floor.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(event) for event in simulate(5, 3_000)))
    return path


@contextmanager
def replaying(log: Path, directory: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
    (directory / "tmp").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SALESPULSE_")}
    named = settings | {"data_dir": str(directory / "data")}
    env = kept | {"TMPDIR": str(directory / "tmp")} | {f"SALESPULSE_{n.upper()}": v for n, v in named.items()}
    words = [sys.executable, "-m", "deploy", "replay", str(log)]
    with subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            yield run
        finally:
            run.kill()


def interrupted(run: subprocess.Popen[str], directory: Path) -> None:
    """Interrupt it; it ends quietly, and its files are gone."""
    assert run.poll() is None, "it has ended before it could be interrupted"
    run.send_signal(signal.SIGINT)
    output, errors = run.communicate(timeout=60)
    assert (run.returncode, output, "Traceback" in errors) == (130, "", False), errors
    assert list((directory / "tmp").iterdir()) == []


def until(claim: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(0.01)


class Broker:
    """What a replay of one prefix has on a broker."""

    def __init__(self, address: str, prefix: str) -> None:
        self.admin = KafkaAdminClient(bootstrap_servers=address)
        self._consumer = KafkaConsumer(bootstrap_servers=address)
        self._prefix = prefix

    def topics(self) -> list[str]:
        return [name for name in self.admin.list_topics() if name.startswith(f"{self._prefix}.")]

    def records(self, name: str) -> int:
        """In all topics of that name."""
        places = [TopicPartition(topic, n) for topic in self.topics() if topic.endswith(f".{name}") for n in range(4)]
        return sum(self._consumer.end_offsets(places).values()) if places else 0

    def close(self) -> None:
        self._consumer.close()
        self.admin.close()


@pytest.fixture
def broker(kafka: str, topic_prefix: str) -> Iterator[Broker]:
    made = Broker(kafka, topic_prefix)
    yield made
    made.close()


MOMENTS: dict[str, Callable[[Broker], object]] = {
    "topics are made": lambda broker: broker.topics(),
    "events are sent": lambda broker: broker.records("leads"),
    "leads are kept": lambda broker: broker.records("internal.leads-changelog"),
    "KPIs are told": lambda broker: broker.records("kpi.response"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupt_leaves_no_topics(
    log: Path, kafka: str, topic_prefix: str, broker: Broker, tmp_path: Path, moment: str
) -> None:
    with replaying(log, tmp_path, kafka=kafka, topic_prefix=topic_prefix) as run:
        until(lambda: MOMENTS[moment](broker))
        interrupted(run, tmp_path)
    # A broker goes on listing for a moment what it has deleted.
    until(lambda: not broker.topics())


def test_an_interrupt_between_topics_and_replay_leaves_no_topics(
    settings: Settings, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create(floor: Settings) -> None:
        made(floor)
        raise KeyboardInterrupt

    made = topics.create
    monkeypatch.setattr(topics, "create", create)
    with pytest.raises(KeyboardInterrupt):
        replay(settings, [])
    # A broker goes on listing for a moment what it has deleted.
    until(lambda: not broker.topics())


def test_an_interrupt_ends_the_broker_that_was_started(log: Path, jar_cache: Path, tmp_path: Path) -> None:
    with replaying(log, tmp_path, cache_dir=str(jar_cache)) as run:
        until((tmp_path / "data" / "running" / "kafka.json").exists)
        started = psutil.Process(run.pid).children(recursive=True)
        assert "java" in {process.name() for process in started}
        interrupted(run, tmp_path)
    assert psutil.wait_procs(started, timeout=30)[1] == []
