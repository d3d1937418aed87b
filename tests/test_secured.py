"""Every client at a Kafka and a ClickHouse that ask for TLS, a user and a password."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
import trustme
from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy import topics
from deploy.produce import produce
from deploy.tables import client_of
from schemas.settings import Settings
from sinks import reading
from sinks.clickhouse.reconciliation import session
from sinks.clickhouse.schema import connect
from sinks.notify.told import recall
from tests.agents.workers import ROOT, Worker, until
from tests.secured import PASSWORD, USER, SecuredKafka, before_clickhouse

EXAMPLE: Final = ROOT / "docs" / "examples" / "three-leads.jsonl"
Set = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """Who signs the servers' certificates, and a file of its own."""
    made, path = trustme.CA(), tmp_path_factory.mktemp("authority") / "ca.pem"
    made.cert_pem.write_to_path(path)
    return made, path


@pytest.fixture(scope="module")
def kafka(
    tmp_path_factory: pytest.TempPathFactory, jar_cache: Path, authority: tuple[trustme.CA, Path]
) -> Iterator[dict[str, str]]:
    """Address of the broker by protocol."""
    with SecuredKafka(tmp_path_factory.mktemp("secured") / "kafka", jar_cache, authority[0]) as broker:
        plainly = broker.start()
        broker.let_in(plainly)
        yield broker.address


@pytest.fixture
def named(kafka: dict[str, str], topic_prefix: str, tmp_path: Path, authority: tuple[trustme.CA, Path]) -> Set:
    """What to set for a protocol, the password in a file."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "salespulse_kafka_password").write_text(f"{PASSWORD}\n")

    def chosen(protocol: str, **changed: str) -> dict[str, str]:
        user = {"kafka_user": USER} if protocol.startswith("SASL") else {}
        common = {"kafka": kafka[protocol], "kafka_security_protocol": protocol, "kafka_ca": str(authority[1])}
        return common | user | {"topic_prefix": topic_prefix, "secrets_dir": str(tmp_path / "secrets")} | changed

    return chosen


def of(named: dict[str, Any], tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, _env_file=None, **named)


def run(named: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SALESPULSE_")}
    kept |= {f"SALESPULSE_{name.upper()}": value for name, value in named.items()}
    return subprocess.run(
        [sys.executable, "-m", "deploy", *words], cwd=ROOT, env=kept, capture_output=True, text=True, timeout=120
    )


def test_a_worker_turns_events_into_kpis_by_tls_and_scram(named: Set, tmp_path: Path) -> None:
    chosen = named("SASL_SSL")
    settings = of(chosen, tmp_path)
    topics.create(settings)
    worker = Worker(settings, "worker", **chosen)
    try:
        assert produce(settings, EXAMPLE.read_bytes().splitlines()).n == 11
        until(lambda: any(reading.records(settings, settings.topic("kpi.response"))), "there are KPIs")
        until(lambda: worker.is_ready(), "the worker is ready")
        assert any(reading.records(settings, settings.topic("dead-letters")))
    finally:
        worker.end()
    assert PASSWORD not in worker.stderr


@pytest.mark.parametrize(("protocol", "mechanism"), [("SSL", "PLAIN"), ("SASL_SSL", "PLAIN")])
async def test_both_libraries_get_in_by_other_ways_too(
    named: Set, tmp_path: Path, protocol: str, mechanism: str
) -> None:
    settings = of(named(protocol, kafka_sasl_mechanism=mechanism), tmp_path)
    topics.create(settings)
    assert topics.check(settings) == []
    assert not (await recall(settings, 0)).has(b"message", 0)


def test_who_has_not_the_password_is_told_so(named: Set) -> None:
    ended = run(named("SASL_SSL", kafka_password="guessed"), "topics", "check")
    assert ended.returncode == 1
    assert re.search("(?i)authentication", ended.stderr), ended.stderr
    assert "Traceback" not in ended.stderr and "guessed" not in ended.stderr, ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("salespulse: ")


def test_clickhouse_is_reached_by_tls_and_a_password_from_a_file(
    clickhouse: str, tmp_path: Path, authority: tuple[trustme.CA, Path]
) -> None:
    (tmp_path / "salespulse_clickhouse_password").write_text(PASSWORD)
    with before_clickhouse(clickhouse, authority[0]) as address:
        stranger = {"clickhouse": f"https://{USER}@{address}/default", "clickhouse_ca": str(authority[1])}
        settings = of(stranger | {"secrets_dir": str(tmp_path)}, tmp_path)
        for reached in (connect, session, client_of):
            with closing(reached(settings)) as client:
                assert client.command("SELECT 1") == 1
        with pytest.raises(ClickHouseError, match="CERTIFICATE_VERIFY_FAILED"):
            connect(settings.model_copy(update={"clickhouse_ca": None}))
        ended = run(stranger, "kpis")
    [line] = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert "AUTHENTICATION_FAILED" in line


def test_no_client_is_made_but_by_the_settings() -> None:
    """A client that is told only an address would fail where TLS or a password is asked for."""
    for path in (found for name in ("agents", "deploy", "sinks") for found in (ROOT / name).rglob("*.py")):
        if path.name == "kafka.py" and path.parent.name == "local":
            continue
        text = path.read_text()
        assert not re.search(r"bootstrap_servers|get_(async_)?client\((?!\s*\*\*connection\.clickhouse\()", text), path
