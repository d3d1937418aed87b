"""ClickHouse on this machine: the embedded engine in a process of its own, served over HTTP on loopback.

``python -m deploy.local.clickhouse DIR`` is that process; ``LocalClickHouse`` starts and stops it.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from deploy.local import leash

DATABASE: Final = "salespulse"
_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 20
_LOCK_SECONDS: Final = 2
_POLL_SECONDS: Final = 0.05
_LOG_LINES: Final = 8


class ClickHouseFailed(Exception):
    """The local ClickHouse could not be started: why, in one line, and the end of its log where that says more."""


class LocalClickHouse:
    """A ClickHouse that keeps its data in ``directory`` and dies with the process that started it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.expanduser().absolute()
        self.log = self.directory / "clickhouse.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, port: int | None = None, report: Callable[[str], None] = lambda line: None) -> str:
        """Start it and wait until it serves; the DSN of its database. A taken port is avoided.

        Without ``port`` the one of the last run is taken where it is free. ``ClickHouseFailed`` where
        another process owns the directory or the engine does not come up.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        report("starting ClickHouse")
        heard, said = os.pipe()
        command = [sys.executable, "-m", "deploy.local.clickhouse", str(self.directory), "--announce", str(said)]
        with self.log.open("ab") as log:
            self._process = leash.start(command + (["--port", str(port)] if port else []), log, keep=[said])
        os.close(said)
        with open(heard, "rb") as announcement:
            return self._announced(announcement)

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

    def _announced(self, announcement: IO[bytes]) -> str:
        ready, _, _ = select.select([announcement], [], [], _START_SECONDS)
        line = announcement.readline() if ready else b""
        said = json.loads(line) if line else {"error": f"the local ClickHouse did not start\n{self._last_lines()}"}
        if "error" in said:
            self.kill()
            raise ClickHouseFailed(said["error"])
        return f"http://{_HOST}:{said['port']}/{DATABASE}"

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


def _owned(directory: Path) -> IO[str] | None:
    """The lock on ``directory``, held while the file is open; None where another process keeps it."""
    lock = (directory / "lock").open("a")
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            # The one before may be on its way out: its parent has just been killed.
            if time.monotonic() > deadline:
                lock.close()
                return None
            time.sleep(_POLL_SECONDS)


def _bound(ports: list[int]) -> socket.socket:
    """A listening socket on loopback at the first free one of ``ports``, else at any free port."""
    for port in [*ports, 0]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, port))
        except OSError:
            listener.close()
        else:
            return listener
    raise OSError("no free port on loopback")


def _remembered_port(directory: Path) -> list[int]:
    try:
        return [int((directory / "port").read_text())]
    except (OSError, ValueError):
        return []


def _say(to: int, **what: str | int) -> None:
    os.write(to, json.dumps(what).encode() + b"\n")


def main() -> int:
    """Serve one directory until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="ClickHouse in one process, over HTTP on loopback")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--announce", type=int, default=1, help="file descriptor that is told the port, or the fault")
    asked = parser.parse_args()
    asked.directory.mkdir(parents=True, exist_ok=True)
    lock = _owned(asked.directory)
    if lock is None:
        _say(asked.announce, error=f"another local ClickHouse is running on {asked.directory}: stop it first")
        return 1
    listener = _bound([asked.port] if asked.port else _remembered_port(asked.directory))
    # The engine takes a moment to load: a second instance is refused before it does.
    from deploy.local.clickhouse_server import serve

    port = listener.getsockname()[1]
    (asked.directory / "port").write_text(str(port))
    serve(asked.directory / "data", listener, DATABASE, ready=lambda: _say(asked.announce, port=port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
