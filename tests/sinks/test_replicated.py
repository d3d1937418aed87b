"""The statements for a cluster. No engine here replicates: they are read by ClickHouse's own parser, and compared."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, Final

import pytest
from clickhouse_connect.driver.client import Client

from schemas.settings import Settings
from sinks.clickhouse import schema
from sinks.clickhouse.recorded_kpis import views
from sinks.clickhouse.replicated import replicated
from sinks.clickhouse.retention import ttl_clauses

CLUSTER: Final = "sales"
SETTINGS: Final = Settings(_env_file=None)
ON: Final = f" ON CLUSTER '{CLUSTER}'"


class Told:
    """A client that writes down what it is told to do, and has applied no migration."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    def command(self, statement: str, **_: Any) -> None:
        self.commands.append(statement)

    def query(self, statement: str) -> Any:
        rows = [(table, "") for table in ttl_clauses(SETTINGS)] if "system.tables" in statement else []
        return SimpleNamespace(result_rows=rows)

    def insert(self, *_: Any) -> None: ...


def told(cluster: str) -> list[str]:
    """Everything that a sink tells a ClickHouse that has nothing yet."""
    settings, found = SETTINGS.model_copy(update={"clickhouse_cluster": cluster}), Told()
    schema.migrate(found, settings)
    views.create(found, settings)
    return found.commands


def made(statement: str) -> str:
    """The statement without the comments above it."""
    return "\n".join(line for line in statement.splitlines() if line and not line.startswith("--")).strip()


@pytest.fixture(scope="module")
def both() -> list[tuple[str, str]]:
    """Every statement for one server, and for the cluster."""
    plain, clustered = told(""), told(CLUSTER)
    assert len(plain) == len(clustered) > 90
    return list(zip(plain, clustered, strict=True))


def test_but_for_the_cluster_and_the_engines_the_statements_are_the_same(both: list[tuple[str, str]]) -> None:
    for plain, clustered in both:
        back = clustered.replace(ON, "").replace("ENGINE = Replicated", "ENGINE = ")
        assert back.replace(", replicated_deduplication_window = 0", "") == plain


def test_whatever_is_made_is_made_on_the_whole_cluster_once(both: list[tuple[str, str]]) -> None:
    for plain, clustered in both:
        begins = made(plain).startswith(("CREATE", "ALTER"))
        assert begins or made(plain).startswith("INSERT"), plain
        assert clustered.count(ON) == begins
        assert not begins or re.match(r"(CREATE|ALTER)[^(\n]*? \w+ ON CLUSTER", made(clustered)), clustered


def test_every_table_replicates_and_takes_a_block_again(both: list[tuple[str, str]]) -> None:
    tables = [clustered for plain, clustered in both if made(plain).startswith("CREATE TABLE")]
    assert len(tables) == 13
    for table in tables:
        assert re.search(r"ENGINE = Replicated(Replacing|Aggregating)MergeTree", table)
        assert table.count("replicated_deduplication_window = 0") == 1


def test_a_server_can_read_them(client: Client, both: list[tuple[str, str]]) -> None:
    statements = [clustered for _, clustered in both if ON in clustered]
    for statement in [*statements, replicated("CREATE DATABASE IF NOT EXISTS {name:Identifier}", CLUSTER)]:
        asked = client.query("SELECT formatQuerySingleLine(%(statement)s)", parameters={"statement": made(statement)})
        [[read]] = asked.result_rows
        assert f" ON CLUSTER {CLUSTER} " in f"{read} ", statement
        assert ("ENGINE = Replicated" in read) == made(statement).startswith("CREATE TABLE")
