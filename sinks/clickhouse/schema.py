"""Database, tables and views: made and migrated by whichever sink comes first, safe to run twice and by two at once."""

from __future__ import annotations

import ipaddress
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas import connection
from schemas.settings import Settings
from sinks.clickhouse.replicated import replicated
from sinks.clickhouse.retention import ttl_clauses

_UNKNOWN_DATABASE: Final = 81
_PACKAGE: Final = files("sinks.clickhouse")
_MIGRATIONS: Final = (
    "CREATE TABLE IF NOT EXISTS migrations (version UInt32, name String, applied_at DateTime DEFAULT now())"
    " ENGINE = ReplacingMergeTree ORDER BY version SETTINGS fsync_after_insert = 1"
)


class SchemaTooNew(Exception):
    """The database was migrated by a later release than this one."""


def connect(settings: Settings) -> Client:
    """A client of the database of ``settings.clickhouse``, which is made where it is missing."""
    try:
        return _client(settings)
    except DatabaseError as error:
        if error.code != _UNKNOWN_DATABASE:
            raise
    parts = urlsplit(str(settings.clickhouse))
    server = _client(settings.model_copy(update={"clickhouse": parts._replace(path="/default").geturl()}))
    made = replicated("CREATE DATABASE IF NOT EXISTS {name:Identifier}", settings.clickhouse_cluster)
    server.command(made, parameters={"name": parts.path.strip("/")})
    server.close()
    return _client(settings)


def migrate(client: Client, settings: Settings) -> None:
    """Bring tables, time to live and views to the newest form; every statement may be repeated by another sink."""
    client.command(replicated(_MIGRATIONS, settings.clickhouse_cluster))
    applied = {version for (version,) in client.query("SELECT DISTINCT version FROM migrations").result_rows}
    steps = {int(step.name.split("_")[0]): step for step in (_PACKAGE / "migrations").iterdir()}
    if applied - steps.keys():
        raise SchemaTooNew(f"ClickHouse has migration {max(applied)}, this release ends at {max(steps)}")
    for version in sorted(steps.keys() - applied):
        _run(client, steps[version], settings.clickhouse_cluster)
        client.insert("migrations", [[version, steps[version].name]], ["version", "name"])
    _set_time_to_live(client, settings)
    _run(client, _PACKAGE / "views.sql", settings.clickhouse_cluster)


def _client(settings: Settings) -> Client:
    return clickhouse_connect.get_client(
        **connection.clickhouse(settings),
        autogenerate_session_id=False,
        # On loopback compressing costs more than it saves.
        compress=not _is_loopback(str(settings.clickhouse)),
        # A server that hangs must be given up before Kafka gives up the sink (five minutes).
        connect_timeout=5,
        send_receive_timeout=60,
    )


def _is_loopback(dsn: str) -> bool:
    host = urlsplit(dsn).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _run(client: Client, script: Traversable, cluster: str) -> None:
    for statement in script.read_text().split(";\n"):
        if statement.strip():
            client.command(replicated(statement, cluster))


def _set_time_to_live(client: Client, settings: Settings) -> None:
    tables = client.query("SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()").result_rows
    present = dict(tables)
    for table, clause in ttl_clauses(settings).items():
        # Changing it rewrites the table's parts, so only where it differs.
        if f"TTL {clause} " not in present[table]:
            client.command(replicated(f"ALTER TABLE {table} MODIFY TTL {clause}", settings.clickhouse_cluster))
