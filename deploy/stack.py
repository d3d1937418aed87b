"""Where Kafka and ClickHouse are: as set, else the local ones that run, else local ones started here.

Whoever starts a local part leaves ``<data_dir>/running/<part>.json`` behind, so that the next command
finds it; a note whose process is gone, or whose port is silent, counts for nothing.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from deploy.failures import Failure
from schemas.settings import Settings

Report = Callable[[str], None]
_REACH_SECONDS = 5.0
_RETRY_SECONDS = 1.0


class Part(Protocol):
    """A local server: ``LocalKafka`` or ``LocalClickHouse``."""

    def start(self, port: int | None = None, report: Report = ...) -> str: ...
    def stop(self) -> None: ...
    @property
    def pid(self) -> int | None: ...


@contextmanager
def stack(
    settings: Settings,
    *,
    kafka: bool = True,
    clickhouse: bool = True,
    patient: bool = False,
    report: Report = lambda line: None,
) -> Iterator[Settings]:
    """The settings with the addresses of the wanted parts filled in; what is started here is stopped at the end.

    ``Failure`` where a configured server cannot be reached; with ``patient`` it is waited for.
    """
    with ExitStack() as parts:
        found: dict[str, str] = {}
        for name, wanted in (("kafka", kafka), ("clickhouse", clickhouse)):
            configured = getattr(settings, name)
            if wanted and configured is None:
                found[name] = running(settings, name) or parts.enter_context(_started(settings, name, report))
            elif wanted:
                _reach(name, configured, patient, report)
        yield settings.model_copy(update=found)


def _reach(name: str, configured: str, patient: bool, report: Report) -> None:
    silent = f"nothing answers at SALESPULSE_{name.upper()} ({_plain(configured)})"
    told = False
    while not any(_answers(*address) for address in _addresses(configured)):
        if not patient:
            raise Failure(silent)
        if not told:
            report(f"{silent}: waiting for it")
            told = True
        time.sleep(_RETRY_SECONDS)


def running(settings: Settings, name: str) -> str | None:
    """The address of the local ``kafka`` or ``clickhouse`` that runs on this data directory; None where none does."""
    with suppress(OSError, ValueError, KeyError):
        note = json.loads(_note(settings, name).read_text())
        os.kill(note["pid"], 0)
        if any(_answers(*address) for address in _addresses(note["address"])):
            return str(note["address"])
    return None


@contextmanager
def _started(settings: Settings, name: str, report: Report) -> Iterator[str]:
    part = _local(settings, name)
    try:
        address = part.start(report=report)
        note = _note(settings, name)
        note.parent.mkdir(parents=True, exist_ok=True)
        # Renamed into place: another command never reads half a note.
        half = note.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps({"address": address, "pid": part.pid}))
        half.replace(note)
        try:
            yield address
        finally:
            note.unlink(missing_ok=True)
            report(f"stopping {_NAMES[name]}")
    finally:
        part.stop()


_NAMES = {"kafka": "Kafka", "clickhouse": "ClickHouse"}


def _local(settings: Settings, name: str) -> Part:
    # Imported here: commands that are given both servers have no use for either.
    if name == "kafka":
        from deploy.local.kafka import LocalKafka

        return LocalKafka(settings.data_dir / "kafka", settings.cache_dir)
    from deploy.local.clickhouse import LocalClickHouse

    return LocalClickHouse(settings.data_dir / "clickhouse")


def _note(settings: Settings, name: str) -> Path:
    return settings.data_dir / "running" / f"{name}.json"


def _addresses(text: str) -> list[tuple[str, int]]:
    """Host and port of each server of a bootstrap list or a DSN."""
    if "://" in text:
        url = urlsplit(text)
        return [(url.hostname or "localhost", url.port or (8443 if url.scheme.endswith("s") else 8123))]
    pairs = [server.rpartition(":") for server in text.split(",")]
    return [(host.strip("[] "), int(port)) for host, _, port in pairs]


def _answers(host: str, port: int) -> bool:
    with suppress(OSError), closing(socket.create_connection((host, port), timeout=_REACH_SECONDS)):
        return True
    return False


def _plain(text: str) -> str:
    return ", ".join(f"{host}:{port}" for host, port in _addresses(text))
