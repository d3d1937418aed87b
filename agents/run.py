"""Running apps until they are told to stop, or one of them fails."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from agents.app import StageApp

log = structlog.get_logger(__name__)

_STOP_SECONDS = 30.0


async def run(
    apps: Sequence[StageApp], stop: asyncio.Event | None = None, ending: Callable[[], None] = lambda: None
) -> int:
    """Start the apps, wait for SIGTERM, SIGINT, ``stop`` or a failure, stop them; the exit status, 0 or 1.

    Why an app stopped itself is for the caller to say (``stopped_for``). ``ending`` is called before they are stopped.
    """
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        starting = asyncio.gather(*(app.start() for app in apps))
        crashed = [asyncio.ensure_future(app._crashed.wait()) for app in apps]
        waiting = asyncio.ensure_future(stop.wait())
        await _first(starting, waiting, *crashed)
        if starting.done():
            await starting
            await _first(waiting, *crashed)
        for task in (starting, waiting, *crashed):
            task.cancel()
        await asyncio.gather(starting, waiting, *crashed, return_exceptions=True)
        ending()
        failed = [app for app in apps if app.crashed]
        for app in failed:
            if app.stopped_for is None:
                log.error("stopping", reason=repr(app.crash_reason))
        await asyncio.wait_for(asyncio.gather(*(app.stop() for app in apps), return_exceptions=True), _STOP_SECONDS)
        return 1 if failed else 0
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _first(*tasks: asyncio.Future[Any]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
