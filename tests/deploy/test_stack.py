from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.failures import Failure
from deploy.stack import running, stack
from schemas.settings import Settings


@pytest.fixture
def local(tmp_path: Path) -> Settings:
    """Settings that name no server."""
    return Settings(data_dir=tmp_path, _env_file=None, kafka=None, clickhouse=None)


@pytest.fixture
def server() -> Iterator[int]:
    """A port on which something answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def note(settings: Settings, address: str, pid: int) -> None:
    (settings.data_dir / "running").mkdir()
    (settings.data_dir / "running" / "kafka.json").write_text(json.dumps({"address": address, "pid": pid}))


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_local_part_that_runs_is_found(local: Settings, server: int) -> None:
    note(local, f"127.0.0.1:{server}", os.getpid())
    with stack(local, clickhouse=False) as ready:
        assert ready.kafka == f"127.0.0.1:{server}"


def test_a_note_of_a_process_that_is_gone_counts_for_nothing(local: Settings, server: int) -> None:
    note(local, f"127.0.0.1:{server}", ended_process())
    assert running(local, "kafka") is None


def test_a_note_of_a_silent_port_counts_for_nothing(local: Settings) -> None:
    note(local, "127.0.0.1:9", os.getpid())
    assert running(local, "kafka") is None


def test_a_note_that_cannot_be_read_counts_for_nothing(local: Settings) -> None:
    note(local, "127.0.0.1:9", os.getpid())
    (local.data_dir / "running" / "kafka.json").write_text("{")
    assert running(local, "kafka") is None


def test_a_part_that_is_started_is_found_by_others_and_stopped_at_the_end(local: Settings) -> None:
    said: list[str] = []
    with stack(local, kafka=False, report=said.append) as first, stack(local, kafka=False) as second:
        assert first.clickhouse is not None
        assert (second.clickhouse, first.kafka) == (first.clickhouse, None)
    assert running(local, "clickhouse") is None
    port = int(str(first.clickhouse).rpartition(":")[2].partition("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert said == ["starting ClickHouse", "stopping ClickHouse"]


def test_servers_that_are_set_are_taken_as_they_are(tmp_path: Path, server: int) -> None:
    settings = Settings(
        data_dir=tmp_path,
        kafka=f"127.0.0.1:9,127.0.0.1:{server}",
        clickhouse=f"http://u:p@127.0.0.1:{server}/db",
        _env_file=None,
    )
    with stack(settings) as ready:
        assert ready == settings
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_set_and_silent_is_named(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, _env_file=None, kafka="127.0.0.1:9")
    with pytest.raises(Failure, match=r"nothing answers at SALESPULSE_KAFKA \(127\.0\.0\.1:9\)"), stack(settings):
        pass


def test_a_patient_user_waits_for_a_server_that_comes_late(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    opened: list[socket.socket] = []
    settings = Settings(data_dir=tmp_path, _env_file=None, kafka=f"127.0.0.1:{port}")

    def open_it(line: str) -> None:
        assert line.endswith("waiting for it")
        opened.append(socket.create_server(("127.0.0.1", port)))

    with stack(settings, clickhouse=False, patient=True, report=open_it) as ready:
        assert ready.kafka == settings.kafka
    [server] = opened
    server.close()
