"""``salespulse`` with something wrong inside: what no signal from outside can bring about at the right instant.

``python -m tests.faults.hooked …`` takes the words of the command; the environment says what is wrong:
``FAULT_AT`` and ``FAULT_SIGNAL`` (``KILL`` or ``STOP``) end or freeze the process at the ``FAULT_COUNT``-th
passing of a step, ``FAULT_CLOCK`` names a file with the milliseconds that the clock is wrong by,
``FAULT_FILE_BYTES``
is the largest file that the disk takes, ``FAULT_BUG`` a lead whose events raise, ``FAULT_SETTINGS`` those of
ClickHouse, as ``name=value,…``.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import clickhouse_connect

from agents.engine import clock, partition, recovery, store, transactions
from agents.leads import Leads
from deploy.cli import main
from schemas.event import Event
from sinks.clickhouse.sink import Sink

STEPS = (
    "take and sends",
    "sends and offsets",
    "offsets and commit",
    "commit and store",
    "store and the next",
)
"""Of the commit cycle, the gaps between two of its steps."""


class Trap:
    """Ends or freezes the process at the n-th passing of one place."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._at = env.get("FAULT_AT")
        self._left = int(env.get("FAULT_COUNT", "1"))
        self._signal = getattr(signal, f"SIG{env.get('FAULT_SIGNAL', 'KILL')}")

    def passed(self, step: str) -> None:
        if step == self._at:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), self._signal)


def set_traps(trap: Trap) -> None:
    """In the commit cycle of every partition, and in the sink between insert and commit."""

    async def between(self: transactions.Transactions, steps: str) -> None:
        trap.passed(steps)

    transactions.Transactions._between = between  # type: ignore[method-assign]
    commit, apply, commit_offsets = transactions.Transactions.commit, store.Store.apply, Sink._commit

    async def committed(self: Any, *parts: Any) -> Any:
        trap.passed("take and sends")
        reached = await commit(self, *parts)
        trap.passed("commit and store")
        return reached

    def applied(self: Any, *parts: Any) -> None:
        apply(self, *parts)
        trap.passed("store and the next")

    def offsets_committed(self: Any) -> None:
        trap.passed("insert and commit")
        commit_offsets(self)

    transactions.Transactions.commit = committed  # type: ignore[method-assign, assignment]
    store.Store.apply = applied  # type: ignore[method-assign, assignment]
    Sink._commit = offsets_committed  # type: ignore[method-assign]


def misset_clock(file: Path) -> None:
    """Let the machine's clock be wrong by the milliseconds that ``file`` holds at the moment."""
    true: Callable[[], int] = clock.now

    def wrong() -> int:
        return true() + int(file.read_text() or 0)

    for module in (clock, partition, recovery, transactions):
        module.now = wrong  # type: ignore[attr-defined]


def plant_bug(lead: str) -> None:
    """Let the fold of that lead's events raise."""
    join = Leads._join

    def joined(self: Leads, subject: str, event: Event) -> None:
        if subject == lead:
            raise ZeroDivisionError("a bug in the fold")
        join(self, subject, event)

    Leads._join = joined  # type: ignore[method-assign, assignment]


def starve(settings: str) -> None:
    """Let every session with ClickHouse have settings that it cannot work under."""
    limits = dict(one.split("=") for one in settings.split(","))
    get_client = clickhouse_connect.get_client

    def limited(**named: Any) -> Any:
        return get_client(**named, settings=limits)

    clickhouse_connect.get_client = limited


if __name__ == "__main__":
    if "FAULT_AT" in os.environ:
        set_traps(Trap(os.environ))
    if "FAULT_CLOCK" in os.environ:
        misset_clock(Path(os.environ["FAULT_CLOCK"]))
    if "FAULT_FILE_BYTES" in os.environ:
        limit = int(os.environ["FAULT_FILE_BYTES"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    if "FAULT_SETTINGS" in os.environ:
        starve(os.environ["FAULT_SETTINGS"])
    if "FAULT_BUG" in os.environ:
        plant_bug(os.environ["FAULT_BUG"])
    main()
