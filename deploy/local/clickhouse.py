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
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

DATABASE: Final = "salespulse"
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 20
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
        command = [sys.executable, "-m", "deploy.local.clickhouse", str(self.directory), "--with-parent"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command + (["--port", str(port)] if port else []),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # A Ctrl-C in the terminal is for the command, which then stops its parts in order.
                start_new_session=True,
                cwd=Path(__file__).parents[2],
            )
        return self._announced(self._process)

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

    def _announced(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
        line = process.stdout.readline() if ready else b""
        said = json.loads(line) if line else {"error": f"the local ClickHouse did not start\n{self._last_lines()}"}
        if "error" in said:
            self.kill()
            raise ClickHouseFailed(said["error"])
        return f"http://127.0.0.1:{said['port']}/{DATABASE}"

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
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _owned(directory: Path) -> IO[str] | None:
    """The lock on ``directory``, held while the file is open; None where another process has it."""
    lock = (directory / "clickhouse.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _bound(ports: list[int]) -> socket.socket:
    """A listening socket on loopback at the first free one of ``ports``, else at any free port."""
    for port in [*ports, 0]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
        else:
            return listener
    raise OSError("no free port on 127.0.0.1")


def _end_with_parent() -> None:
    """Wait for the end of standard input, which the parent's death closes too, however it died."""
    while os.read(0, 1024):
        pass
    last_resort = threading.Timer(_STOP_SECONDS, os._exit, [1])
    last_resort.daemon = True
    last_resort.start()
    os.kill(os.getpid(), signal.SIGTERM)


def _remembered_port(directory: Path) -> list[int]:
    try:
        return [int((directory / "clickhouse.port").read_text())]
    except (OSError, ValueError):
        return []


def _say(**what: str | int) -> None:
    print(json.dumps(what), flush=True)


def main() -> int:
    """Serve one directory until SIGTERM, SIGINT or, with ``--with-parent``, the end of standard input."""
    parser = argparse.ArgumentParser(description="ClickHouse in one process, over HTTP on loopback")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--with-parent", action="store_true", help="end when standard input does")
    asked = parser.parse_args()
    asked.directory.mkdir(parents=True, exist_ok=True)
    lock = _owned(asked.directory)
    if lock is None:
        _say(error=f"another ClickHouse is already running on {asked.directory}")
        return 1
    listener = _bound([asked.port] if asked.port else _remembered_port(asked.directory))
    if asked.with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    # The engine takes a moment to load: a second instance is refused before it does.
    from deploy.local.clickhouse_server import serve

    port = listener.getsockname()[1]
    (asked.directory / "clickhouse.port").write_text(str(port))
    serve(asked.directory / "clickhouse", listener, DATABASE, ready=lambda: _say(port=port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
