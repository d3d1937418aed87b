"""What befalls workers and their stores."""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from kafka.admin import ConfigResource, ConfigResourceType

from agents.app import TRANSACTION_SECONDS
from deploy.simulator.reading import refusal
from tests.agents.workers import Worker, until
from tests.faults import hooked
from tests.faults.floor import Floor


def _nothing(floor: Floor, worker: Worker) -> None:
    pass


def delete(floor: Floor, worker: Worker) -> None:
    shutil.rmtree(worker.directory)


def kill_workers(floor: Floor, then: Callable[[Floor, Worker], None] = _nothing, times: int = 4) -> None:
    with floor.feeding():
        for _ in range(times):
            worker = floor.worker()
            floor.moment()
            worker.end()
            then(floor, worker)
            floor.injected += 1
        floor.worker()


def roll_back(floor: Floor) -> None:
    """The directory as it was some commits ago, as from a backup or a snapshot of the disk."""
    with floor.feeding():
        for _ in range(3):
            worker = floor.worker()
            floor.moment()
            worker.end()
            older = floor.copy_of(worker)
            worker = floor.worker()
            floor.moment()
            worker.end()
            shutil.rmtree(worker.directory)
            older.rename(worker.directory)
            floor.injected += 1
        floor.worker()


def kill_idle(floor: Floor) -> None:
    """Nothing is on its way: what was committed is all there is."""
    first = floor.worker()
    with floor.feeding(0):
        pass
    until(lambda: first.events() > 1_000, "some was read")
    for _ in range(2):
        first.end()
        floor.injected += 1
        first = floor.worker()


def take_over(floor: Floor) -> None:
    """From the kill until the other is ready with everything: the session has to time out first."""
    first, other = floor.worker("one"), floor.worker("two")
    with floor.feeding(80):
        for _ in range(2):
            floor.moment()
            first.end()
            killed = time.monotonic()
            until(lambda: _owns_all(floor, other) and other.is_ready(), "the other has everything", 90)
            floor.took_over = max(floor.took_over, time.monotonic() - killed)
            floor.injected += 1
            first = floor.worker("one")


def restart_in_turn(floor: Floor) -> None:
    names = ["one", "two", "three"]
    running = {name: floor.worker(name, ready=False) for name in names}
    until(lambda: all(worker.is_ready() for worker in running.values()), "all are ready", 120)
    with floor.feeding():
        for name in names:
            _end_politely(running[name])
            running[name] = floor.worker(name)
            floor.injected += 1


def come_and_go(floor: Floor) -> None:
    floor.worker("one")
    with floor.feeding():
        for _ in range(3):
            second = floor.worker("two")
            floor.moment()
            _end_politely(second)
            floor.injected += 1


def _end_politely(worker: Worker) -> None:
    worker.process.terminate()
    assert worker.process.wait(60) == 0, worker.stderr


def freeze(floor: Floor) -> None:
    """A worker that is paused past its session, replaced, and goes on as if nothing had been."""
    zombie = floor.worker("one")
    other = floor.worker("two")
    with floor.feeding(80):
        for _ in range(2):
            floor.moment()
            zombie.process.send_signal(signal.SIGSTOP)
            until(lambda: _owns_all(floor, other), "the other has everything", 90)
            zombie.process.send_signal(signal.SIGCONT)
            floor.injected += 1
            until(lambda: zombie.is_ready() and other.is_ready(), "both are back", 90)


def _owns_all(floor: Floor, worker: Worker) -> bool:
    return worker.partitions() == [list(range(floor.settings.partitions))] * 2


def kill_between_steps(floor: Floor) -> None:
    with floor.feeding():
        for step in hooked.STEPS:
            count = floor.rng.randint(1, 12)
            worker = floor.worker(ready=False, fault={"at": step, "count": count})
            assert worker.process.wait(90) == -signal.SIGKILL, worker.stderr
            floor.injected += 1
        floor.worker()


def freeze_between_steps(floor: Floor) -> None:
    """The frozen one holds an open transaction, or knows less or more than its store; it wakes among the living."""
    other: Worker | None = None
    with floor.feeding(60):
        for step in hooked.STEPS:
            zombie = floor.worker(
                f"zombie-{floor.injected}",
                ready=False,
                fault={"at": step, "count": floor.rng.randint(2, 8), "signal": "STOP"},
            )
            until(lambda: _is_frozen(zombie), f"frozen between {step}", 90)  # noqa: B023
            if other is None:
                other = floor.worker("other", ready=False)
            until(lambda: _owns_all(floor, other), "the other has everything", 120)  # noqa: B023
            zombie.process.send_signal(signal.SIGCONT)
            floor.injected += 1
            until(zombie.is_ready, "the zombie is back among the members", 90)
            zombie.end()


def _is_frozen(worker: Worker) -> bool:
    assert worker.process.poll() is None, worker.stderr
    state = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


def outlast_the_transaction(floor: Floor) -> None:
    """Frozen inside its transaction until the broker has given it up, with nobody to take over."""
    worker = floor.worker(ready=False, fault={"at": "sends and offsets", "count": 5, "signal": "STOP"})
    with floor.feeding(60):
        until(lambda: _is_frozen(worker), "frozen in the transaction", 90)
        floor.moment(0.1)
        floor.last(TRANSACTION_SECONDS + 5)
        worker.process.send_signal(signal.SIGCONT)
        floor.injected += 1
        until(worker.is_ready, "it is back", 90)


def refuse_the_changelog(floor: Floor) -> None:
    """The broker takes no such record: its partition stops and says why; the limit raised, it goes on."""
    name = floor.settings.topic("internal.leads-changelog")
    _configure(floor, name, {"max.message.bytes": "300"})
    worker = floor.worker()
    with floor.feeding():
        until(lambda: "takes no" in worker.stderr, "a partition has stopped", 60)
        assert "raise its max.message.bytes" in worker.stderr
        assert worker.process.poll() is None
        assert worker.get("/readyz")[0] == 503
        floor.injected += 1
        _configure(floor, name, {"max.message.bytes": str(16 << 20)})
        worker.end()
        floor.worker()


def _configure(floor: Floor, name: str, config: dict[str, str]) -> None:
    with floor.brokers.admin() as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, config)])


def fill_the_disk(floor: Floor) -> None:
    """The disk takes no more of the store; with room made, the same directory serves again."""
    with floor.feeding():
        for _ in range(2):
            limit = floor.rng.randint(60_000, 200_000)
            worker = floor.worker(ready=False, fault={"file_bytes": limit})
            assert worker.process.wait(120) == 1, worker.stderr
            # A store that could not be closed properly is written to while it is opened.
            assert re.search(r"cannot be (written|opened).*File too large$", worker.stderr), worker.stderr
            floor.injected += 1
        floor.worker()


def plant_a_bug(floor: Floor) -> None:
    """The fold of one lead's events raises: its partition stops, seen from outside, and no other does."""
    engaged = next(line for line in floor.lines if b"lead.engaged" in line and refusal(line) is None)
    lead = str(orjson.loads(engaged)["subject"])
    worker = floor.worker(fault={"bug": lead})
    with floor.feeding():
        until(lambda: worker.get("/readyz")[0] == 503, "it is not ready", 60)
        failures = orjson.loads(worker.get("/readyz")[1])[floor.settings.topic("leads")]["failures"]
        assert len(failures) == 1
        [reason] = failures.values()
        assert "a bug in the fold" in reason
        assert worker.metrics().total("sales_partitions_stopped") == 1
        read = worker.events()
        until(lambda: worker.events() > read + 100, "the others go on", 60)
        floor.injected += 1
        worker.end()
        floor.worker()


def misset_the_clock(floor: Floor) -> None:
    file = floor.settings.data_dir / "clock"
    file.write_text("0")
    floor.worker(fault={"clock": file})
    hour = 3_600_000
    with floor.feeding(100):
        for wrong in (hour, -hour, 30 * 24 * hour, -24 * hour, 0):
            floor.moment(2)
            file.write_text(str(wrong))
            floor.injected += 1
        floor.moment(2)
