from __future__ import annotations

import hashlib
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from deploy.local import jars
from deploy.local.jars import Jar, JarsFailed, class_path, pinned
from deploy.local.kafka import KafkaFailed, LocalKafka

ROOT = Path(__file__).parents[2]
OWNER = """
import sys, threading
from pathlib import Path
from uuid import UUID
from deploy.local.kafka import LocalKafka
broker = LocalKafka(Path(sys.argv[1]), Path(sys.argv[2]))
# Started from a thread that ends: the broker belongs to the process, not to the thread.
thread = threading.Thread(target=broker.start)
thread.start()
thread.join()
print(broker.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def broker(tmp_path: Path, jar_cache: Path) -> Iterator[LocalKafka]:
    with LocalKafka(tmp_path / "kafka", jar_cache) as local:
        yield local


def eventually(claim: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def write(bootstrap: str, value: bytes) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    if "kept" not in admin.list_topics():
        admin.create_topics({"kept": {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    producer.send("kept", value).get(timeout=30)
    producer.close()


def read(bootstrap: str) -> list[bytes]:
    place = TopicPartition("kept", 0)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    consumer.assign([place])
    [end] = consumer.end_offsets([place]).values()
    found: list[bytes] = []
    deadline = time.monotonic() + 30
    while len(found) < end:
        assert time.monotonic() < deadline
        found += [record.value for batch in consumer.poll(timeout_ms=200).values() for record in batch]
    consumer.close()
    return found


def test_it_listens_on_loopback_only(broker: LocalKafka) -> None:
    broker.start()
    listening = {c.laddr.ip for c in psutil.Process(broker.pid).net_connections() if c.status == psutil.CONN_LISTEN}
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


def test_after_a_crash_it_serves_what_it_acknowledged_at_the_same_address(broker: LocalKafka) -> None:
    address = broker.start()
    write(address, b"before")
    broker.kill()
    assert broker.pid is None
    assert broker.start() == address
    write(address, b"after")
    assert read(address) == [b"before", b"after"]


def test_it_stops_cleanly_and_quickly(broker: LocalKafka) -> None:
    broker.start()
    pid = broker.pid
    start = time.monotonic()
    broker.stop()
    assert pid is not None and is_gone(pid)
    assert time.monotonic() - start < 10
    assert (broker.directory / "data" / ".kafka_cleanshutdown").exists()


def test_a_taken_port_is_avoided(broker: LocalKafka) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert broker.start(port).startswith("127.0.0.1:")
        assert (broker.directory / "port").read_text() != str(port)


def test_a_port_that_is_taken_at_the_last_moment_is_avoided_too(
    broker: LocalKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the choice of a port and its use by the broker anybody may take it."""
    from deploy.local import kafka

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answers = [taken.getsockname()[1]]
        free = kafka._free_port
        monkeypatch.setattr(kafka, "_free_port", lambda wanted: answers.pop() if answers else free(wanted))
        address = broker.start()
    write(address, b"served")
    assert read(address) == [b"served"]


def test_a_second_one_on_the_directory_is_refused_in_one_line(broker: LocalKafka) -> None:
    address = broker.start()
    with pytest.raises(KafkaFailed) as refused:
        LocalKafka(broker.directory, broker.cache).start()
    assert str(broker.directory) in str(refused.value) and "\n" not in str(refused.value)
    write(address, b"the first goes on")


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_process_that_started_it_and_frees_the_directory(
    broker: LocalKafka, way: signal.Signals
) -> None:
    command = [sys.executable, "-c", OWNER, str(broker.directory), str(broker.cache)]
    owner = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert owner.stdout is not None and owner.stdin is not None
    pid = int(owner.stdout.readline())
    assert not is_gone(pid)
    owner.send_signal(way)
    owner.wait()
    assert eventually(lambda: is_gone(pid))
    broker.start()
    owner.stdin.close()
    owner.stdout.close()


def test_no_watcher_is_left_when_the_broker_ends(broker: LocalKafka) -> None:
    broker.start()
    assert broker.pid is not None
    watchers = psutil.Process(broker.pid).children()
    broker.kill()
    assert len(watchers) == 1 and eventually(lambda: is_gone(watchers[0].pid))


def test_a_broker_that_cannot_start_shows_the_end_of_its_log(broker: LocalKafka) -> None:
    broker.directory.mkdir()
    (broker.directory / "data").write_text("in the way")
    with pytest.raises(KafkaFailed, match=r"kafka\.log\n[\s\S]*data"):
        broker.start()
    assert broker.pid is None


def listing(cache: Path, jar: Jar) -> Path:
    (cache / "listing").write_text(f"# a comment\n{jar.sha256} {jar.size} {jar.coordinate}")
    return cache / "listing"


SMALL = next(jar for jar in pinned() if "slf4j-api" in jar.coordinate)


def test_every_jar_is_there_and_is_the_pinned_one(jar_cache: Path) -> None:
    found = [Path(name) for name in class_path(jar_cache).split(":")]
    assert [path.name for path in found] == [jar.file for jar in pinned()]
    assert all(zipfile.is_zipfile(path) for path in found)
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in found] == [jar.sha256 for jar in pinned()]


def test_a_damaged_jar_is_fetched_again(tmp_path: Path) -> None:
    listed = listing(tmp_path, SMALL)
    told: list[str] = []
    path = Path(class_path(tmp_path, listed=listed))
    path.write_bytes(path.read_bytes()[:-1])
    assert SMALL.is_whole(Path(class_path(tmp_path, told.append, listed)))
    assert len(told) == 1 and class_path(tmp_path, told.append, listed) and len(told) == 1


def test_a_jar_that_is_not_the_pinned_one_is_named_and_not_kept(tmp_path: Path) -> None:
    listed = listing(tmp_path, Jar("0" * 64, SMALL.size, SMALL.coordinate))
    with pytest.raises(JarsFailed, match=f"{SMALL.coordinate}: .*sha256"):
        class_path(tmp_path, listed=listed)
    assert not (tmp_path / "jars" / SMALL.file).exists()


def test_a_broken_connection_is_tried_again_and_then_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = listing(tmp_path, SMALL)
    tries: list[Jar] = []

    def fails(jar: Jar, scratch: Path, advance: Callable[[int], None]) -> Path:
        tries.append(jar)
        raise ConnectionError("reset by peer")

    monkeypatch.setattr(jars, "_download", fails)
    with pytest.raises(JarsFailed, match=f"{SMALL.coordinate}: reset by peer"):
        class_path(tmp_path, listed=listed)
    assert len(tries) == 3


def test_two_at_once_fetch_each_jar_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = listing(tmp_path, SMALL)
    fetched: list[Jar] = []
    download = jars._download

    def counted(jar: Jar, scratch: Path, advance: Callable[[int], None]) -> Path:
        fetched.append(jar)
        return download(jar, scratch, advance)

    monkeypatch.setattr(jars, "_download", counted)
    threads = [threading.Thread(target=class_path, args=[tmp_path, lambda line: None, listed]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fetched == [SMALL] and SMALL.is_whole(tmp_path / "jars" / SMALL.file)


def test_a_cluster_id_may_begin_with_a_dash(tmp_path: Path, jar_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in sixty-four does, and Kafka's own tool then takes it for an option."""
    monkeypatch.setattr("deploy.local.kafka.uuid.uuid4", lambda: UUID(bytes=b"\xfb" * 16))
    with LocalKafka(tmp_path / "kafka", jar_cache) as broker:
        assert broker.start()
