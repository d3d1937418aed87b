"""``salespulse notify`` for tests: in this process or one of its own, and clock events for it to read."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from agents.engine.clock import now as wall_clock
from agents.notify.service import notify
from schemas.partitioning import partition_of
from schemas.policy import PolicyFile
from schemas.publishing import published
from schemas.results import SlaEvent
from schemas.settings import Settings

ROOT = Path(__file__).parents[3]


def announce(settings: Settings, events: Iterable[SlaEvent | tuple[str, bytes]]) -> None:
    """Put clock events, or anything else under the key of a lead, where the worker puts them."""
    with closing(KafkaProducer(bootstrap_servers=settings.kafka, acks="all")) as producer:
        for event in events:
            lead, value = (event.lead, published(event)) if isinstance(event, SlaEvent) else event
            place = partition_of(lead.encode(), settings.partitions)
            producer.send(settings.topic("sla"), value, lead.encode(), partition=place)
        producer.flush()


@contextmanager
def notifying(
    settings: Settings, file: PolicyFile, port: int | None = None, now: Callable[[], int] = wall_clock
) -> Iterator[None]:
    """Run it in a thread of this process meanwhile; what it fails with is raised at the end."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            loop.run_until_complete(notify(settings, file, stop, port, now))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        thread.join(40)
        assert not thread.is_alive(), "it does not stop"
        loop.close()
    for error in failed:
        raise error


class Process:
    """One process of ``salespulse notify``."""

    def __init__(self, settings: Settings, **env: str) -> None:
        named = {
            "kafka": str(settings.kafka),
            "topic_prefix": settings.topic_prefix,
            "data_dir": str(settings.data_dir),
            "policies": str(settings.policies),
            "session_timeout": "6s",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SALESPULSE_")}
        kept |= {f"SALESPULSE_{name.upper()}": value for name, value in named.items()} | env
        self._log = settings.data_dir / "notify.log"
        words = [sys.executable, "-m", "deploy", "notify"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(words, cwd=ROOT, env=kept, stdout=subprocess.DEVNULL, stderr=log)

    @property
    def stderr(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        """Its exit status after SIGTERM."""
        self.process.terminate()
        return self.process.wait(40)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: Any) -> None:
        self.kill()
