"""The worker: one process, both stages or one of them, with metrics and health on loopback."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Sequence
from typing import Any

from agents import leads, windows
from agents.app import StageApp, plan, stage_app
from agents.engine.processor import Factory
from agents.run import run
from agents.web import Board, serve
from schemas.policy import NOTHING, PolicyFile
from schemas.settings import Settings
from sinks.floor import Floor
from sinks.prometheus import Metrics
from streams.policies import Policies
from streams.trailing import Trailing

BOTH = (1, 2)


async def work(
    settings: Settings,
    stages: Sequence[int] = BOTH,
    *,
    policies: PolicyFile = NOTHING,
    event_clock: leads.EventClock | None = None,
    stop: asyncio.Event | None = None,
    started: Callable[[Sequence[StageApp]], None] = lambda apps: None,
    ending: Callable[[], None] = lambda: None,
    board: Board | None = None,
) -> int:
    """Run until SIGTERM, SIGINT or ``stop``; the exit status: 0, or 1 where a stage failed.

    ``policies`` say what clocks there are; ``event_clock`` makes event time the clock, for a replay; ``started`` is
    given the apps before they start, ``ending`` called before they are stopped. ``board`` makes the pages under
    ``/board``.
    """
    # Timelines and cells are many and hold no circles: the collector's default pace costs a fifth of the worker.
    gc.set_threshold(1_000_000, 50, 1_000)
    metrics = metrics_of(settings, policies)
    floor = Floor()
    apps = [_app(settings, stage, metrics, floor, event_clock, policies) for stage in stages]
    started(apps)
    pages = None if board is None else board(floor, apps)
    async with serve(settings, apps, metrics, Policies(policies), pages):
        return await run(apps, stop, ending)


def metrics_of(settings: Settings, policies: PolicyFile) -> Metrics:
    """The metrics of a worker; those of service levels only where there are any."""
    return Metrics(settings, Trailing(Policies(policies)) if policies.policies else None)


def _app(
    settings: Settings,
    stage: int,
    metrics: Metrics,
    floor: Floor,
    event_clock: leads.EventClock | None,
    policies: PolicyFile,
) -> StageApp:
    made: dict[int, tuple[Any, Factory]] = {
        1: (leads, leads.LeadStage.of(settings, metrics, event_clock, policies).processor),
        2: (windows, windows.WindowStage.of(settings, metrics, floor).processor),
    }
    module, factory = made[stage]
    engine = plan(settings, module.STAGE, module.INPUTS, factory, full=module.FULL, pace=module.PACE)
    return stage_app(settings, engine, metrics.cycle)
