"""Apps that are run until they are told to stop."""

from __future__ import annotations

import asyncio
from typing import Any

from agents.run import run


class App:
    """Says in which order it was asked for what."""

    crashed = False

    def __init__(self, asked: list[str]) -> None:
        self._asked = asked
        self._crashed = asyncio.Event()

    async def start(self) -> None:
        self._asked.append("start")

    async def stop(self) -> None:
        self._asked.append("stop")


async def test_it_is_said_that_the_end_begins_before_anything_can_hang_that_is_stopped() -> None:
    asked: list[str] = []
    stop = asyncio.Event()
    app: Any = App(asked)
    running = asyncio.create_task(run([app], stop, lambda: asked.append("ending")))
    while not asked:
        await asyncio.sleep(0)
    stop.set()
    assert await running == 0
    assert asked == ["start", "ending", "stop"]
