"""The engine of ClickHouse that the tests of odd records share."""

from __future__ import annotations

from tests.clickhouse_fixtures import clickhouse, client, dsn

__all__ = ["clickhouse", "client", "dsn"]
