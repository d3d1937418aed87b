"""One local ClickHouse for the tests that need one, a database of its own for each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from deploy.local.clickhouse import LocalClickHouse
from schemas.settings import Settings
from sinks.clickhouse.schema import connect, migrate


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
    client = connect(dsn)
    migrate(client, Settings(_env_file=None))
    yield client
    client.close()
