"""What the tests of the sinks share."""

from __future__ import annotations

from tests.clickhouse_fixtures import client, clickhouse, dsn

__all__ = ["client", "clickhouse", "dsn"]
