"""/metrics, /livez and /readyz of a worker, and the pages that whoever runs it adds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import orjson
from aiohttp import web

from agents.app import StageApp
from agents.engine.clock import monotonic, now
from schemas.settings import Settings
from sinks.floor import Floor
from sinks.prometheus import Metrics
from streams.policies import Policies

Board = Callable[[Floor, Sequence[StageApp]], web.Application]
"""Makes the pages under ``/board`` of a worker's floor and stages."""

_STUCK_SECONDS = 60.0
_PARTING_SECONDS = 5.0
"""Whoever is still being answered when the worker ends."""


@asynccontextmanager
async def serve(
    settings: Settings,
    apps: Sequence[StageApp],
    metrics: Metrics,
    policies: Policies,
    board: web.Application | None = None,
) -> AsyncIterator[None]:
    """Answer on ``settings.host`` and ``settings.port`` while the body runs; ``board`` answers under ``/board``."""
    app = web.Application()
    app.add_routes(
        [
            web.get("/metrics", lambda request: _metrics(metrics, apps, policies)),
            web.get("/livez", lambda request: _livez(apps)),
            web.get("/readyz", lambda request: _readyz(apps)),
        ]
    )
    if board is not None:
        app.add_routes([web.get(path, _to_the_board) for path in ("/", "/board")])
        app.add_subapp("/board/", board)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_PARTING_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        yield
    finally:
        await runner.cleanup()


async def _to_the_board(request: web.Request) -> web.Response:
    # Relative: behind a proxy the worker may have another address.
    raise web.HTTPFound("board/")


async def _metrics(metrics: Metrics, apps: Sequence[StageApp], policies: Policies) -> web.Response:
    metrics.calendars(policies.open_calendars(now()))
    for app in apps:
        metrics.lag(app.engine.lag())
        metrics.stopped(str(app.conf.id), len(app.engine.status()["failures"]))
    body, content_type = metrics.exposition()
    return web.Response(body=body, headers={"Content-Type": content_type})


async def _livez(apps: Sequence[StageApp]) -> web.Response:
    """Fails where a partition has not committed, or found nothing to commit, for a minute."""
    at = monotonic()
    stuck = {
        f"{app.conf.id}[{partition.number}]": round(at - partition.last_commit)
        for app in apps
        for partition in app.engine.partitions.values()
        if partition.failure is None and at - partition.last_commit > _STUCK_SECONDS
    }
    return _answer(not stuck, {"stuck_seconds": stuck})


async def _readyz(apps: Sequence[StageApp]) -> web.Response:
    """Fails until every partition is recovered, and while one is stopped."""
    status = {str(app.conf.id): app.engine.status() for app in apps}
    return _answer(all(stage["ready"] for stage in status.values()), status)


def _answer(good: bool, body: object) -> web.Response:
    text = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2).decode()
    return web.Response(text=text + "\n", status=200 if good else 503, content_type="application/json")
