"""What tests share: one real Kafka for the whole session, topics and directories of a test's own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.kafka import LocalKafka
from schemas.settings import Settings


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
        kafka=kafka, topic_prefix=topic_prefix, data_dir=tmp_path / "data", cache_dir=jar_cache, _env_file=None
    )
