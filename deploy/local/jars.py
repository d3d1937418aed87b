"""The jars of Kafka, or of another list: fetched once, each checked against its pinned sha256 every time it is used."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from jgo.maven import MavenContext, PythonResolver
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

KAFKA: Final = Path(__file__).with_name("jars.sha256")
_TRIES: Final = 3
_TIMEOUT_SECONDS: Final = 60

Advance = Callable[[int], None]


class JarsFailed(Exception):
    """A jar could not be fetched, or is not the pinned one: which and why, in one line."""


class Jar(Struct, frozen=True):
    """One pinned jar; ``size`` in bytes, ``coordinate`` as ``group:artifact:version``."""

    sha256: str
    size: int
    coordinate: str

    @property
    def file(self) -> str:
        """Its file name, ``artifact-version.jar``."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def is_whole(self, path: Path) -> bool:
        """Whether ``path`` holds exactly this jar."""
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def pinned(listed: Path = KAFKA) -> list[Jar]:
    """The jars of a committed list, in the order of the class path."""
    rows = [line.split() for line in listed.read_text().splitlines() if not line.startswith("#")]
    return [Jar(sha256, int(size), coordinate) for sha256, size, coordinate in rows]


def class_path(cache: Path, report: Callable[[str], None] = lambda line: None, listed: Path = KAFKA) -> str:
    """The class path of a list, each of its jars in ``cache`` and checked; ``JarsFailed`` where one cannot be had."""
    folder = cache / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [jar for jar in pinned(listed) if not jar.is_whole(folder / jar.file)]
        if missing:
            what = "Kafka" if listed == KAFKA else listed.parent.name
            size = sum(jar.size for jar in missing) / 1e6
            report(f"fetching {what}: {len(missing)} jars, {size:.0f} MB, kept in {cache}")
            _fetch_all(missing, folder)
    return os.pathsep.join(str(folder / jar.file) for jar in pinned(listed))


def _fetch_all(jars: list[Jar], folder: Path) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("Kafka", total=sum(jar.size for jar in jars))
        for jar in jars:
            _fetch(jar, folder, lambda count: bar.advance(task, count))


def _fetch(jar: Jar, folder: Path, advance: Advance) -> None:
    """A jar appears in ``folder`` whole or not at all."""
    reason: object = None
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            try:
                path = _download(jar, Path(scratch), advance)
            except (OSError, RuntimeError) as error:
                reason = error
                continue
            if jar.is_whole(path):
                path.replace(folder / jar.file)
                return
            reason = "what came is not the pinned file (sha256 differs)"
    raise JarsFailed(f"cannot fetch {jar.coordinate}: {reason}")


def _download(jar: Jar, scratch: Path, advance: Advance) -> Path:
    @contextmanager
    def progress(name: str, size: int) -> Iterator[Advance]:
        yield advance

    resolver = PythonResolver(progress_callback=progress)
    context = MavenContext(resolver=resolver, repo_cache=scratch, local_repos=[], timeout=_TIMEOUT_SECONDS)
    return Path(context.create_dependency(jar.coordinate).artifact.resolve())
