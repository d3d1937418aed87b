"""This pipeline: one stage of it, with the KPIs, the grouping and the window of the work (``benchmarks.cost.LIGHT``).

``python -m benchmarks.peers.engines.ours 1|2``; its settings are in the environment.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from agents.app import StageApp
from agents.worker import work
from benchmarks.peers.work import Marks, Work
from schemas.settings import Settings


async def stage(number: int, given: Work) -> int:
    """Run the stage until it is told to stop."""
    apps: list[StageApp] = []
    marking = asyncio.ensure_future(_mark(apps, Marks(given), given.events if number == 1 else None))
    try:
        return await work(Settings(), (number,), started=apps.extend)
    finally:
        marking.cancel()


async def _mark(apps: list[Any], marks: Marks, events: int | None) -> None:
    while not (apps and apps[0].engine.assigned):
        await asyncio.sleep(0.02)
    marks.mark("consuming")
    if events is None:
        return
    while sum(partition.records for partition in apps[0].engine.partitions.values()) < events // 2:
        await asyncio.sleep(0.1)
    marks.mark("half")


if __name__ == "__main__":
    sys.exit(asyncio.run(stage(int(sys.argv[1]), Work.given())))
