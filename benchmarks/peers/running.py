"""One engine, one process, one core: run until all it was given is committed and its answers are the truth's."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition
from msgspec import Struct

from benchmarks.peers.answers import Answers, Reader, differences
from benchmarks.peers.truth import Cells
from benchmarks.peers.watching import Logs, Watch
from benchmarks.peers.work import TOPICS
from deploy.local import leash

_POLL_SECONDS: Final = 0.2
_STALL_SECONDS: Final = 90
_LOG_LINES: Final = 12
ROOT: Final = Path(__file__).parents[2]
ENGINE_CORE: Final = 0
BROKER_CORE: Final = 1


class RunFailed(Exception):
    """An engine did not do its work: why, and the end of what it said."""


class Input(Struct, frozen=True):
    """The work on a broker: ``prefix`` of the four topics, how many events are in them, what the answers have to be."""

    kafka: str
    logs: Path
    prefix: str
    events: int
    truth: Cells

    @property
    def topics(self) -> list[str]:
        return [f"{self.prefix}.{topic}" for topic in TOPICS]


class Job(Struct, frozen=True):
    """What to start, and how to tell that it is done.

    ``ends``: it ends by itself. Else it is done when its ``group``, if there is one, has committed all events. In
    either case the last values in ``results`` have to be the truth. ``keyed``: results have keys, and so may be in
    several partitions.
    """

    command: list[str]
    env: dict[str, str]
    directory: Path
    ends: bool = False
    group: str | None = None
    results: tuple[str, ...] = ()
    reader: Reader | None = None
    keyed: bool = True


class Cost(Struct, frozen=True):
    """CPU seconds of the process and its children; ``consuming`` from the first event to the end of the work.

    ``second_half`` is what the second half of the events took, None where that is not known.
    """

    events: int
    whole: float
    consuming: float
    second_half: float | None
    seconds: float
    peak_mib: int
    kafka_mib: float
    results: int


def run(job: Job, given: Input) -> Cost:
    """Do it; ``RunFailed`` where it stops, stalls or answers wrongly."""
    job.directory.mkdir(parents=True)
    said = job.directory / "log"
    logs = Logs(given.logs, given.topics)
    with ExitStack() as stack:
        answers = offsets = None
        if job.reader is not None:
            answers = stack.enter_context(closing(Answers(given.kafka, list(job.results), job.reader)))
        if job.group is not None:
            offsets = stack.enter_context(closing(Offsets(given, job.group)))
        with said.open("wb") as log, _environment(job.env), on_core(ENGINE_CORE):
            process = leash.start(job.command, log)
        stack.callback(_end, process)
        watch = Watch(process.pid)
        watch.start()
        stack.callback(watch.stop)
        _until_done(process, job, given, answers, offsets, logs, said)
        end = _mark(job.directory, "done") or (watch.last if job.ends else time.monotonic_ns())
        time.sleep(_POLL_SECONDS)
    start, half = _mark(job.directory, "consuming"), _mark(job.directory, "half")
    if start is None:
        raise _failed("it never said that it read anything", said)
    return Cost(
        events=given.events,
        whole=watch.cpu(end),
        consuming=watch.cpu(end) - watch.cpu(start),
        second_half=None if half is None else watch.cpu(end) - watch.cpu(half),
        seconds=(end - start) / 1e9,
        peak_mib=round(watch.peak / 2**20),
        kafka_mib=round(logs.grown() / 2**20, 1),
        results=answers.records if answers is not None else 0,
    )


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """What is started inside stays on that core, where there are two."""
    before = os.sched_getaffinity(0)
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _environment(env: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ |= env | {"PYTHONPATH": str(ROOT)}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def _until_done(
    process: subprocess.Popen[bytes],
    job: Job,
    given: Input,
    answers: Answers | None,
    offsets: Offsets | None,
    logs: Logs,
    said: Path,
) -> None:
    progress, since = (-1, -1), time.monotonic()
    while True:
        ended = process.poll() is not None
        if ended and (process.returncode or not job.ends):
            raise _failed(f"it ended with {process.returncode}", said)
        logs.grown()
        if answers is not None:
            answers.read()
        committed = offsets.committed() if offsets is not None else given.events
        if (ended or not job.ends) and committed == given.events and (answers is None or answers.cells == given.truth):
            return
        now = committed, answers.records if answers is not None else 0
        if now != progress:
            progress, since = now, time.monotonic()
        if time.monotonic() - since > _STALL_SECONDS and not (job.ends and not ended and answers is None):
            raise _failed(_stalled(committed, given, answers), said)
        time.sleep(_POLL_SECONDS)


def _stalled(committed: int, given: Input, answers: Answers | None) -> str:
    what = f"nothing happened any more, {committed:,} of {given.events:,} events committed"
    if answers is None or not (wrong := differences(answers.cells, given.truth)):
        return what
    return f"{what}, {len(wrong):,} cells wrong of {len(given.truth):,}: {wrong[0]}"


class Offsets:
    """How many events of the input a group has committed."""

    def __init__(self, given: Input, group: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": given.kafka, "group.id": group, "enable.auto.commit": False})
        found = self._consumer.list_topics().topics
        self._places = [TopicPartition(topic, part) for topic in given.topics for part in found[topic].partitions]

        self._last = 0

    def committed(self) -> int:
        with suppress(KafkaException):  # no coordinator as long as the group is being made
            places = self._consumer.committed(self._places, timeout=30)
            self._last = sum(max(0, place.offset) for place in places)
        return self._last

    def close(self) -> None:
        self._consumer.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _mark(directory: Path, name: str) -> int | None:
    path = directory / name
    return int(path.read_text()) if path.exists() else None


def _failed(why: str, said: Path) -> RunFailed:
    last = "\n".join(said.read_text(errors="replace").splitlines()[-_LOG_LINES:])
    return RunFailed(f"{why}\n{last}".rstrip())
