"""The parts of the demo that run as processes of their own: ``salespulse worker`` and the like, each with its log."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from deploy.local import leash

_STOP_SECONDS = 30
_LOG_LINES = 15


class Child(Struct, frozen=True):
    """A running subcommand."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def has_ended(self) -> bool:
        """Whether it is gone, for whatever reason."""
        return self.process.poll() is not None

    def last_lines(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])

    def stop(self) -> None:
        """Ask it to end and wait; it is killed where it takes too long."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def child(name: str, arguments: Sequence[str], environment: Mapping[str, str], logs: Path) -> Iterator[Child]:
    """``salespulse ARGUMENTS`` with ``environment`` added to ours; it never outlives this process."""
    logs.mkdir(parents=True, exist_ok=True)
    path = logs / f"{name}.log"
    added = [f"{variable}={value}" for variable, value in environment.items()]
    with path.open("wb") as log:
        process = leash.start(["/usr/bin/env", *added, sys.executable, "-m", "deploy", *arguments], log)
    started = Child(name, process, path)
    try:
        yield started
    finally:
        started.stop()
