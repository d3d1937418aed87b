"""The board's addresses: its page, the floor as server-sent events, and answers in JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
import structlog
from aiohttp import web

from agents.app import StageApp
from agents.engine.clock import now
from agents.web import Board
from deploy.board.guard import HEADERS, HOME, OPEN, REFUSED, Guard
from deploy.board.live import Live
from deploy.board.recorded import DIMENSIONS, Recorded, Unavailable
from deploy.failures import Failure
from schemas.events import Millis
from schemas.policy import PolicyFile
from schemas.settings import Settings
from sinks.floor import RUNNING, Floor
from streams.windows import window_bounds

log = structlog.get_logger(__name__)

_PAGES: Final = "static"
_UNGUARDED: Final = ("enter", "enter.html", "enter.js", "theme.js", "board.css", "icon.svg")
"""What the page that asks for the token is made of."""
_MOST_LOOKING: Final = 64
"""Streams of one worker: each costs it a little every second."""
_WHICH: Final = ("waiting", "at_risk", "breached", "engaged")


class Asked(msgspec.Struct, frozen=True):
    """Which leads: ``of`` names a team, rep, temperature or source. In a body, so that no log has who was asked for."""

    which: str = "waiting"
    of: dict[str, str] = {}
    window: str = "1d"


class One(msgspec.Struct, frozen=True):
    """Which lead."""

    lead: str


def board(settings: Settings, policies: PolicyFile) -> Board:
    """Makes the board of a worker."""
    guard = Guard(settings)
    if guard.refuses:
        log.warning("the board is closed", why=REFUSED.strip())

    def made(floor: Floor, apps: Sequence[StageApp]) -> web.Application:
        recorded = Recorded(settings, policies)
        return Pages(settings, policies, Live(settings, policies, floor, apps, recorded), recorded).application(guard)

    return made


class Pages:
    """What answers under ``/board/``."""

    def __init__(self, settings: Settings, policies: PolicyFile, live: Live, recorded: Recorded) -> None:
        self._settings = settings
        self._policies = policies
        self._live = live
        self._recorded = recorded
        self._looking = 0

    def application(self, guard: Guard) -> web.Application:
        """All of it, behind the guard."""
        app = web.Application(middlewares=[guard.middleware, _told], client_max_size=64 * 1024)
        with as_file(files(__package__) / _PAGES) as pages:
            found = Path(pages)
        app[OPEN] = frozenset(f"{HOME}{name}" for name in _UNGUARDED)
        app.add_routes(
            [
                web.get("/", lambda request: _page(found / "index.html")),
                web.post("/enter", guard.enter),
                web.get("/about", self._about),
                web.get("/live", self._stream),
                web.get("/past", self._past),
                web.get("/floor", self._floor),
                web.get("/history", self._history),
                web.post("/leads", self._leads),
                web.post("/lead", self._lead),
                web.get("/letters", self._letters),
                web.static("/", found),
            ]
        )
        app.cleanup_ctx.append(self._ticking)
        app.on_shutdown.append(self._let_go)
        return app

    async def _ticking(self, app: web.Application) -> AsyncIterator[None]:
        running = asyncio.create_task(self._live.run())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    async def _let_go(self, app: web.Application) -> None:
        await self._live.end()

    async def _about(self, request: web.Request) -> web.Response:
        """What does not change while the worker runs."""
        return _json(
            {
                "shown_by": self._live.shown_by,
                "target": self._live.target,
                "timezone": self._settings.timezone,
                "crm_url": self._policies.notify.crm_url,
            }
        )

    async def _floor(self, request: web.Request) -> web.Response:
        """One look at what ``/live`` streams."""
        by, window = self._view_of(request)
        return _json({"pulse": self._live.pulse(), "floor": orjson.Fragment(self._live.view(by, window))})

    async def _past(self, request: web.Request) -> web.Response:
        return _json(self._live.past())

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """``pulse`` each second, ``floor`` whenever a figure has changed."""
        by, window = self._view_of(request)
        if self._looking >= _MOST_LOOKING:
            raise web.HTTPServiceUnavailable(
                text="too many are looking at this worker\n", headers={"Retry-After": "30"}
            )
        answer = web.StreamResponse(
            headers=HEADERS
            | {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        self._looking += 1
        try:
            await answer.prepare(request)
            said = b""
            # They are gone: a reload, a closed lid.
            with suppress(ConnectionResetError):
                async for _ in self._live.seconds():
                    view = self._live.view(by, window)
                    if view != said:
                        said = view
                        await answer.write(b"event: floor\ndata: " + view + b"\n\n")
                    await answer.write(b"event: pulse\ndata: " + orjson.dumps(self._live.pulse()) + b"\n\n")
        finally:
            self._looking -= 1
        return answer

    def _view_of(self, request: web.Request) -> tuple[str, str]:
        return _one_of(request.query, "by", self._live.shown_by), _one_of(request.query, "window", RUNNING)

    async def _history(self, request: web.Request) -> web.Response:
        window = _one_of(request.query, "window", RUNNING)
        return _json(await self._recorded.history(window, request.query.get("team"), now()))

    async def _leads(self, request: web.Request) -> web.Response:
        asked = await _body(request, Asked)
        if asked.which not in _WHICH or asked.window not in RUNNING or not asked.of.keys() <= DIMENSIONS.keys():
            raise web.HTTPBadRequest(text=f"which is one of {', '.join(_WHICH)}; of names {', '.join(DIMENSIONS)}\n")
        return _json(await self._recorded.leads(asked.which, asked.of, self._start(asked.window)))

    def _start(self, window: str) -> Millis:
        return window_bounds(window, now(), self._settings.timezone)[0]

    async def _lead(self, request: web.Request) -> web.Response:
        try:
            account = await self._recorded.lead((await _body(request, One)).lead)
        except Failure as failure:
            raise web.HTTPNotFound(text=str(failure)) from None
        return web.Response(body=msgspec.json.encode(account), content_type="application/json")

    async def _letters(self, request: web.Request) -> web.Response:
        return _json(await self._recorded.letters(request.query.get("reason")))


@web.middleware
async def _told(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What ClickHouse cannot say is no fault of the worker's."""
    try:
        return await handler(request)
    except Unavailable as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from None


async def _page(path: Path) -> web.FileResponse:
    return web.FileResponse(path)


async def _body(request: web.Request, shape: type[Any]) -> Any:
    # Whatever a form elsewhere could send is no JSON by its name.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="expected application/json\n")
    try:
        return msgspec.json.decode(await request.read(), type=shape)
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest(text=f"{error}\n") from None


def _one_of(query: Mapping[str, str], name: str, values: Sequence[str]) -> str:
    value = query.get(name, values[0])
    if value not in values:
        raise web.HTTPBadRequest(text=f"{name} is one of {' '.join(values)}\n")
    return value


def _json(body: Any) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")
