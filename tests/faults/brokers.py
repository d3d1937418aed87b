"""One real Kafka broker, or three that replicate, to be killed and cut off; its log cleaner never rests."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from deploy.local import jars, leash
from deploy.local.kafka import JAVA
from deploy.topics import TOPICS
from schemas.settings import Settings
from tests.agents.workers import free_port, until
from tests.faults.proxy import Proxy

_CLUSTER: Final = "c2FsZXNwdWxzZS1mYXVsdHM"

_EAGER: Final = {
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "2000",
    "segment.ms": "2000",
}
"""Of a compacted topic: nothing stays uncompacted for longer than some seconds."""


class Brokers:
    """``count`` nodes of one cluster; clients of ``proxied`` reach them through ``proxies``."""

    def __init__(self, directory: Path, cache: Path, count: int = 1) -> None:
        self.directory = directory
        self.count = count
        self._class_path = jars.class_path(cache)
        self._ports = [free_port() for _ in range(count)]
        self._behind = [free_port() for _ in range(count)]
        self._controllers = [free_port() for _ in range(count)]
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self.proxies = [Proxy(port) for port in self._behind]

    def __enter__(self) -> Self:
        for proxy in self.proxies:
            proxy.__enter__()
        for node in range(self.count):
            self._format(node)
        self.start(*range(self.count))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in list(self._running):
            self.kill(node)
        for proxy in self.proxies:
            proxy.__exit__(kind, error, trace)

    @property
    def direct(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self._ports)

    @property
    def proxied(self) -> str:
        return ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.proxies)

    def start(self, *nodes: int) -> None:
        """Start nodes on their data, and wait until every one that runs is known to the cluster."""
        for node in nodes:
            log = (self._home(node) / "kafka.log").open("ab")
            command = [*JAVA, "-cp", self._class_path, "kafka.Kafka", str(self._home(node) / "server.properties")]
            self._running[node] = leash.start(command, log)
        until(lambda: len(self._known()) >= len(self._running), "the brokers serve", 120)

    def kill(self, node: int) -> None:
        """kill -9."""
        process = self._running.pop(node)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def compact(self, settings: Settings) -> None:
        """Have the log cleaner at every compacted topic all the time."""
        topics = [settings.topic(topic.name) for topic in TOPICS if topic.config["cleanup.policy"] == "compact"]
        with self.admin() as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, _EAGER) for name in topics])

    def compacted(self, settings: Settings) -> set[str]:
        """The topics of which the cleaner has been through some."""
        found: set[str] = set()
        for node in range(self.count):
            checkpoint = self._home(node) / "data" / "cleaner-offset-checkpoint"
            lines = checkpoint.read_text().splitlines()[2:] if checkpoint.exists() else []
            found |= {line.split()[0] for line in lines if int(line.split()[2])}
        return {name for name in found if name.startswith(f"{settings.topic_prefix}.")}

    def admin(self) -> _Admin:
        """An admin client for the length of a block."""
        return _Admin(self.direct)

    def _known(self) -> Sequence[Any]:
        try:
            with self.admin() as admin:
                brokers: Sequence[Any] = admin.describe_cluster()["brokers"]
                return brokers
        except (KafkaError, OSError):
            return ()

    def _home(self, node: int) -> Path:
        return self.directory / f"node-{node + 1}"

    def _format(self, node: int) -> None:
        home = self._home(node)
        home.mkdir(parents=True)
        (home / "server.properties").write_text(self._properties(node))
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={_CLUSTER}", "-c", str(home / "server.properties")]
        with (home / "kafka.log").open("ab") as log:
            subprocess.run([*JAVA, "-cp", self._class_path, *tool], stdout=log, stderr=log, check=True)

    def _properties(self, node: int) -> str:
        voters = ",".join(f"{n + 1}@127.0.0.1:{port}" for n, port in enumerate(self._controllers))
        replicas, enough = (3, 2) if self.count > 2 else (1, 1)
        own, behind, controller = self._ports[node], self._behind[node], self._controllers[node]
        return f"""\
process.roles=broker,controller
node.id={node + 1}
controller.quorum.voters={voters}
listeners=DIRECT://127.0.0.1:{own},PROXIED://127.0.0.1:{behind},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=DIRECT://127.0.0.1:{own},PROXIED://127.0.0.1:{self.proxies[node].port}
listener.security.protocol.map=DIRECT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=DIRECT
controller.listener.names=CONTROLLER
log.dirs={self._home(node) / "data"}
auto.create.topics.enable=false
min.insync.replicas={enough}
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=1000
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor={replicas}
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={enough}
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={enough}
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.backoff.ms=500
log.index.size.max.bytes=1048576
log.segment.bytes=67108864
file.delete.delay.ms=1000
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
num.network.threads=2
num.io.threads=2
"""


class _Admin:
    def __init__(self, servers: str) -> None:
        self._servers = servers

    def __enter__(self) -> Any:
        self._client = KafkaAdminClient(
            bootstrap_servers=self._servers.split(","), bootstrap_timeout_ms=2_000, request_timeout_ms=5_000
        )
        return self._client

    def __exit__(self, *error: object) -> None:
        self._client.close()
