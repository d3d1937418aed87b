"""Processes of ``salespulse worker``, and a reader of what they publish."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition

from deploy.readings import Samples, scrape
from schemas.settings import Settings
from tests.agents.driving import is_empty
from tests.conftest import KEPT

ROOT = Path(__file__).parents[2]
FAMILIES = ("response", "follow-up", "reply", "activity", "deal")

SESSION_SECONDS = 6

Row = dict[str, Any]


class Worker:
    """One process, with a directory and a port of its own; ``module`` is what Python runs."""

    def __init__(
        self,
        settings: Settings,
        name: str,
        *,
        module: str = "deploy",
        env: Mapping[str, str] = MappingProxyType({}),
        **changed: Any,
    ) -> None:
        port = free_port()
        named = {
            "kafka": str(settings.kafka),
            "topic_prefix": settings.topic_prefix,
            "data_dir": str(settings.data_dir / name),
            "windows": settings.windows,
            "port": str(port),
            "session_timeout": f"{SESSION_SECONDS}s",
            **{name: f"{getattr(settings, name)}ms" for name in KEPT},
        }
        if settings.policies is not None:
            named["policies"] = str(settings.policies)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SALESPULSE_")}
        kept |= {f"SALESPULSE_{name.upper()}": value for name, value in (named | changed).items()}
        kept |= env
        self.directory = Path(kept["SALESPULSE_DATA_DIR"])
        self.address = f"127.0.0.1:{port}"
        self._url = f"http://{self.address}"
        self._stages = [settings.topic(stage) for stage in ("leads", "windows")]
        self._log = settings.data_dir / f"{name}.log"
        with self._log.open("ab") as log:
            words = [sys.executable, "-m", module, "worker"]
            self.process = subprocess.Popen(words, cwd=ROOT, env=kept, stdout=subprocess.DEVNULL, stderr=log)

    @property
    def stderr(self) -> str:
        return self._log.read_text()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body; 0 while nothing answers."""
        try:
            with urllib.request.urlopen(f"{self._url}{path}", timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.stderr
        return self.get("/readyz")[0] == 200

    def partitions(self) -> list[list[int]]:
        """Those of each stage."""
        body = orjson.loads(self.get("/readyz")[1] or b"{}")
        return [body.get(stage, {}).get("partitions", []) for stage in self._stages]

    def metrics(self) -> Samples:
        return scrape(f"{self._url}/metrics")

    def events(self) -> float:
        """How many it has accepted."""
        return self.metrics().total("sales_events_total") or 0

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


class Reader:
    """The KPI topics to a ``read_committed`` reader, which looks at every row as it comes."""

    def __init__(self, settings: Settings) -> None:
        self.standing: dict[bytes, Row] = {}
        self._consumer = KafkaConsumer(
            bootstrap_servers=settings.kafka, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        names = [settings.topic(f"kpi.{family}") for family in FAMILIES]
        self._places = [TopicPartition(name, number) for name in names for number in range(settings.partitions)]
        self._consumer.assign(self._places)

    def told(self) -> list[Row]:
        """The standing rows, as of now, that say something."""
        ends = self._consumer.end_offsets(self._places)
        while any(self._consumer.position(place) < ends[place] for place in self._places):
            for records in self._consumer.poll(timeout_ms=200).values():
                for record in records:
                    self._take(record.key, orjson.loads(record.value))
        return [row for row in self.standing.values() if not is_empty(row)]

    def _take(self, key: bytes, row: Row) -> None:
        before = self.standing.get(key)
        assert before is None or row["revision"] > before["revision"], f"the last row is not the greatest: {row}"
        assert faults(key, row) == []
        self.standing[key] = row

    def close(self) -> None:
        self._consumer.close()


def faults(key: bytes, row: Row) -> list[str]:
    """What no row may be, however little of the input is in it."""
    name = [row["kpi"], row["grouping"], row["dimensions"], row["window"], row["start"]]
    statistics = row["statistics"]
    within = list(statistics.get("within", {}).values())
    parts = [statistics.get(rest, 0) for rest in ("censored", "cancelled", "machine")]
    broken = {
        "its key is another's": key != orjson.dumps(name, option=orjson.OPT_SORT_KEYS),
        "it counts fewer than none": min(row["count"], *parts, *within) < 0,
        "more were answered within a time than within a longer one": within != sorted(within),
        "more were answered within a time than at all": max(within, default=0) > row["count"],
        "its share is none": row["kpi"].endswith("_rate") and not 0 <= (row["value"] or 0) <= 1,
        "it has no watermark": not row["watermark"],
    }
    return [f"{fault}: {row}" for fault, is_so in broken.items() if is_so]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(claim: Callable[[], Any], what: str, seconds: float = 120) -> None:
    """Wait for the claim; the test fails where it does not come true."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)
