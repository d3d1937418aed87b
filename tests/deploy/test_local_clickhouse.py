"""The local ClickHouse: the real HTTP client against the real engine, and a process that comes and goes."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from deploy.local.clickhouse import ClickHouseFailed, LocalClickHouse

ROWS: Final = 300_000
SECONDS: Final = 20


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with LocalClickHouse(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server.start()


@pytest.fixture
def client(dsn: str) -> Iterator[Client]:
    client = clickhouse_connect.get_client(dsn=dsn)
    client.command("CREATE OR REPLACE TABLE t (a Int64, b LowCardinality(String)) ENGINE = MergeTree ORDER BY a")
    yield client
    client.close()


@pytest.mark.parametrize("compress", [True, "lz4", "zstd", "gzip", False])
def test_blocks_of_rows_go_in_and_come_back_whole_however_they_are_compressed(
    client: Client, dsn: str, compress: bool | str
) -> None:
    other = clickhouse_connect.get_client(dsn=dsn, compress=compress)
    columns = [list(range(ROWS)), [f"x{number % 7}" for number in range(ROWS)]]
    summary = other.insert("t", columns, ["a", "b"], column_oriented=True)
    assert summary.written_rows == ROWS
    found = other.query("SELECT a, b FROM t ORDER BY a")
    assert list(found.result_rows) == list(zip(*columns, strict=True))
    assert found.summary["read_rows"] == str(ROWS)


def test_parameters_are_bound_whatever_they_hold(client: Client) -> None:
    values = {"a": "it's\t\n\\x ü", "b": datetime(2026, 3, 2, tzinfo=UTC), "c": ["y", "z" * 300_000]}
    query = "SELECT {a:String}, {b:DateTime64(3, 'UTC')}, {c:Array(String)}"
    [(a, b, c)] = client.query(query, parameters=values).result_rows
    assert (a, b.replace(tzinfo=UTC), c) == (values["a"], values["b"], values["c"])


@pytest.mark.parametrize(
    ("query", "code", "status"),
    [("SELEC 1", 62, 400), ("SELECT * FROM missing", 60, 404), ("SELECT throwIf(1)", 395, 500)],
)
def test_a_refused_statement_says_why_with_its_code(
    client: Client, dsn: str, query: str, code: int, status: int
) -> None:
    with pytest.raises(DatabaseError, match=f"Code: {code}") as refused:
        client.command(query)
    assert refused.value.code == code
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(dsn.rsplit("/", 1)[0], data=query.encode())
    assert answer.value.code == status
    assert answer.value.headers["X-ClickHouse-Exception-Code"] == str(code)


def test_an_insert_that_is_refused_writes_nothing(client: Client) -> None:
    with pytest.raises(DatabaseError):
        client.raw_insert("t", ["a", "b"], b"1,x\nno number,y\n", fmt="CSV")
    assert client.command("SELECT count() FROM t") == 0


def test_a_body_that_is_cut_off_is_refused(client: Client) -> None:
    with pytest.raises(DatabaseError, match="decompress"):
        client.raw_insert("t", ["a", "b"], b"\x04\x22\x4d\x18", fmt="CSV", compression="lz4")


def test_rows_may_stand_in_the_statement_or_behind_it(client: Client) -> None:
    client.command("INSERT INTO t VALUES (1, 'a; FORMAT')")
    client.raw_insert("t", ["a", "b"], b'2,"b"\n', fmt="CSV")
    client.command("INSERT INTO t (a, b) SELECT a + 10, b FROM t")
    client.command("INSERT INTO t FORMAT TabSeparated", data="3\tc\n")
    assert client.query("SELECT a FROM t ORDER BY a").result_columns == [[1, 2, 3, 11, 12]]


def test_a_setting_of_one_query_is_gone_with_the_next_and_one_of_a_session_stays_in_it(
    client: Client, dsn: str
) -> None:
    query = "SELECT getSetting('max_block_size')"
    usual = client.command(query)
    assert client.command(query, settings={"max_block_size": 77}) == 77
    assert client.command(query) == usual
    client.command("SET max_block_size = 78")
    client.command("CREATE TEMPORARY TABLE mine (a Int8)")
    assert client.command(query) == 78
    assert client.command("SELECT count() FROM mine") == 0
    without_session = clickhouse_connect.get_client(dsn=dsn, autogenerate_session_id=False)
    assert without_session.command(query) == usual


def test_an_unknown_setting_is_refused(dsn: str) -> None:
    for name in ("no_such_setting", "a%20b"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{dsn.rsplit('/', 1)[0]}/?{name}=1", data=b"SELECT 1")


def test_results_stream_and_other_formats_are_served(client: Client) -> None:
    with client.query_rows_stream("SELECT number FROM numbers(200000)") as stream:
        assert sum(number for (number,) in stream) == 19_999_900_000
    assert client.raw_query("SELECT 1 AS one FORMAT JSONEachRow") == b'{"one":1}\n'
    assert client.query("SELECT a, b FROM t LIMIT 0").column_names == ("a", "b")
    assert client.ping()


async def test_the_async_client_works_too_and_many_at_once(client: Client, dsn: str) -> None:
    other = await clickhouse_connect.get_async_client(dsn=dsn)
    await other.insert("t", [[1, "x"]], column_names=["a", "b"])
    assert (await other.query("SELECT a, b FROM t")).result_rows == [(1, "x")]
    await other.close()


@pytest.mark.parametrize("coding", ["lz4", "zstd", "gzip", "deflate"])
def test_a_result_is_compressed_only_for_who_asks_and_as_they_accept(dsn: str, coding: str) -> None:
    base = dsn.rsplit("/", 1)[0]
    for query, expected in (("?enable_http_compression=1", coding), ("", None)):
        request = urllib.request.Request(f"{base}/{query}", b"SELECT 1", {"Accept-Encoding": f"br, {coding}"})
        with urllib.request.urlopen(request) as answer:
            assert answer.headers["Content-Encoding"] == expected


def test_sessions_beyond_the_most_that_are_kept_replace_the_oldest(dsn: str) -> None:
    def told(session: int, query: bytes) -> bytes:
        with urllib.request.urlopen(f"{dsn.rsplit('/', 1)[0]}/?session_id=s{session}", query) as answer:
            return bytes(answer.read())

    for session in range(70):
        told(session, b"SET max_block_size = 79")
    query = b"SELECT getSetting('max_block_size')"
    assert (told(69, query), told(0, query)) == (b"79\n", told(999, query))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalClickHouse]:
    with LocalClickHouse(tmp_path / "clickhouse") as server:
        yield server


def ask(dsn: str, query: str) -> Any:
    client = clickhouse_connect.get_client(dsn=dsn, autogenerate_session_id=False)
    try:
        return client.command(query)
    finally:
        client.close()


def until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not claim():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.05)


def test_what_was_acknowledged_survives_kill_9_and_the_address_stays(server: LocalClickHouse) -> None:
    dsn = server.start()
    ask(dsn, "CREATE TABLE t (a Int64) ENGINE = MergeTree ORDER BY a SETTINGS fsync_after_insert = 1")
    for number in range(20):
        ask(dsn, f"INSERT INTO t VALUES ({number})")
    server.kill()
    assert server.pid is None
    assert server.start() == dsn
    assert ask(dsn, "SELECT sum(a) FROM t") == 190


def test_it_stops_cleanly_and_starts_again_on_its_data(server: LocalClickHouse) -> None:
    dsn = server.start()
    ask(dsn, "CREATE TABLE t (a Int64) ENGINE = MergeTree ORDER BY a AS SELECT 5")
    server.stop()
    server.stop()
    assert ask(server.start(), "SELECT a FROM t") == 5


def test_a_second_one_on_the_same_directory_is_refused_in_one_line(server: LocalClickHouse) -> None:
    dsn = server.start()
    with pytest.raises(ClickHouseFailed, match=r"another local ClickHouse is running on .*: stop it first"):
        LocalClickHouse(server.directory).start()
    assert ask(dsn, "SELECT 1") == 1


def test_a_taken_port_is_avoided(server: LocalClickHouse) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f":{port}/" not in server.start(port)


def test_an_engine_that_cannot_start_says_why(server: LocalClickHouse) -> None:
    server.directory.mkdir(parents=True)
    (server.directory / "data").write_text("in the way")
    with pytest.raises(ClickHouseFailed, match="did not start\n"):
        server.start()


def test_it_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from deploy.local.clickhouse import LocalClickHouse\n"
        "server = LocalClickHouse(Path(sys.argv[1]))\n"
        "server.start()\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until(lambda: not is_running(child))
    with LocalClickHouse(tmp_path) as next_one:
        next_one.start()


def is_running(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False
