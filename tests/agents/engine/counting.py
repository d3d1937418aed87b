"""A stage that counts records per key: the smallest thing that is wrong as soon as the engine is.

``python -m tests.agents.engine.counting`` runs it as a process of its own, to be killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from agents.app import plan, stage_app
from agents.engine import transactions
from agents.engine.processor import Context, Outgoing, Processor, Record
from agents.run import run
from schemas.settings import Settings

STAGE = "counting"
INPUTS = ("a", "b")
OUTPUT = "counts"


class Counting:
    """Keeps a count per key, and publishes each that changed."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._output = settings.topic(OUTPUT)
        self._context = context
        self._dirty: set[bytes] = set()
        self.clock = 0

    def process(self, topic: str, records: Sequence[Record]) -> None:
        store = self._context.store
        for record in records:
            if record.value == b"bug":
                raise ValueError("a bug")
            key = b"k" + (record.key or b"")
            store.put(key, str(int(store.get(key) or b"0") + 1).encode())
            self._dirty.add(key)

    def tick(self, clock: int, exhausted: frozenset[str]) -> None:
        assert clock >= self.clock
        self.clock = clock

    def drain(self, cycle: int) -> list[Outgoing]:
        records = [(key[1:], self._context.store.get(key)) for key in sorted(self._dirty)]
        self._dirty.clear()
        return [Outgoing(self._output, self._context.partition, list(records))] if records else []

    has_more = False

    def close(self) -> None:
        pass


def stop_at(steps: str, commits: int) -> None:
    """Let the process kill itself between two steps of its ``commits``-th commit."""
    done = 0

    async def between(self: transactions.Transactions, reached: str) -> None:
        nonlocal done
        done += reached == steps
        if done == commits:
            os.kill(os.getpid(), signal.SIGKILL)

    transactions.Transactions._between = between  # type: ignore[method-assign, assignment]


def main() -> int:
    settings = Settings()
    if steps := os.environ.get("KILL_BETWEEN"):
        stop_at(steps, int(os.environ["KILL_AT"]))

    def factory(context: Context) -> Processor:
        return Counting(settings, context)

    async def started() -> int:
        app = stage_app(settings, plan(settings, STAGE, INPUTS, factory, full=10_000), lambda seconds: None)
        return await run([app])

    return asyncio.run(started())


if __name__ == "__main__":
    sys.exit(main())
