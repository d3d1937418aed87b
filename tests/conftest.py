"""What tests share: one real Kafka for the whole session, topics and directories of a test's own."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import hypothesis
import pytest
from clickhouse_connect.driver.client import Client

from deploy.local.clickhouse import LocalClickHouse
from deploy.local.kafka import LocalKafka
from schemas.settings import Settings
from sinks.clickhouse.schema import connect, migrate

KEPT: Final = dict.fromkeys(("keep_1m", "keep_5m", "keep_1h", "keep_1d"), 36_500 * 86_400_000)
"""The floors of the tests are of days that are long over by a worker's clock."""


_LONGEST: Final = (
    "tests/test_replay.py",
    "tests/faults",
    "tests/deploy/grafana/test_queries.py",
    "tests/deploy/test_demo.py",
    "tests/deploy/test_truth.py",
    "tests/deploy/test_kafka.py",
    "tests/agents/engine/test_engine_faults.py",
    "tests/sinks/test_reconciliation.py",
    "tests/deploy/test_reconciling.py",
)


def pytest_configure() -> None:
    """Commands under test are to be interruptible, also where a shell in the background has them ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes says how busy the machine is.
    hypothesis.settings.register_profile(
        "any machine", deadline=None, max_examples=50, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take longest come first, so that no process is left alone with one of them at the end."""
    items.sort(key=lambda item: next((n for n, name in enumerate(_LONGEST) if item.nodeid.startswith(name)), 99))


@pytest.fixture(scope="session")
def jar_cache() -> Path:
    """Where the jars of Kafka are kept: the user's own cache, so that they are fetched once."""
    return Settings(_env_file=None).cache_dir


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory, jar_cache: Path) -> Iterator[str]:
    """Bootstrap address of a real broker, the same for the whole session."""
    with LocalKafka(tmp_path_factory.mktemp("kafka"), jar_cache) as broker:
        yield broker.start()


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def settings(kafka: str, topic_prefix: str, tmp_path: Path, jar_cache: Path) -> Settings:
    """Settings of one test: its own topics and directories on the session's broker."""
    return Settings(
        kafka=kafka,
        topic_prefix=topic_prefix,
        data_dir=tmp_path / "data",
        cache_dir=jar_cache,
        _env_file=None,
        **KEPT,  # type: ignore[arg-type]
    )


def at(dsn: str) -> Settings:
    """The settings of whoever asks this ClickHouse, all others as they are by default."""
    return Settings(clickhouse=dsn, _env_file=None)


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DSN of a running local ClickHouse, without a database."""
    with LocalClickHouse(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server.start().rsplit("/", 1)[0]


@pytest.fixture
def dsn(clickhouse: str) -> str:
    """DSN of a database that no other test uses and that nobody has made yet."""
    return f"{clickhouse}/t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def client(dsn: str) -> Iterator[Client]:
    """A client of a migrated database of the test's own."""
    client = connect(at(dsn))
    migrate(client, at(dsn))
    yield client
    client.close()
