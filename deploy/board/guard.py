"""Who may look at the board: whoever is on this machine, or knows the token."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from schemas.settings import Settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HOME: Final = "/board/"
OPEN: Final = web.AppKey("open", frozenset[str])
"""Paths that hold nothing of anybody: the style of the page that asks for the token."""

REFUSED: Final = (
    "The board shows leads, so beyond loopback it is for those who know a token. None is set:"
    " set SALESPULSE_BOARD_TOKEN (16 characters or more) and start the worker again,"
    " or set SALESPULSE_HOST=127.0.0.1.\n"
)

_COOKIE: Final = "salespulse-board"
_WRONG_SECONDS: Final = 1.0
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def is_loopback(host: str) -> bool:
    """Whether only this machine gets there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """Lets in by the token; without one whoever asks a worker that listens on loopback, by a name of loopback."""

    def __init__(self, settings: Settings) -> None:
        token = None if settings.board_token is None else settings.board_token.get_secret_value()
        self._token = token
        self._is_open = token is None and is_loopback(settings.host)
        # The cookie is no copy of the token, and is worth nothing once that is another.
        self._ticket = hmac.new((token or "").encode(), b"salespulse board", sha256).hexdigest()

    @property
    def refuses(self) -> bool:
        """Whether nobody is let in, for want of a token."""
        return self._token is None and not self._is_open

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse, ask for the token, or answer; every answer has the headers that keep a browser from mischief."""
        try:
            answer = await self._answer(request, handler)
        except web.HTTPException as error:
            error.headers.update(HEADERS)
            raise
        if not answer.prepared:
            answer.headers.update(HEADERS)
            # Stored pages would outlive the token.
            answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.refuses:
            raise web.HTTPForbidden(text=REFUSED)
        if self._is_open:
            # A page elsewhere may have its own name resolve to this machine, and read here what it likes.
            if not is_loopback(_named(request)):
                raise web.HTTPForbidden(text="Open the board by the name localhost, or set SALESPULSE_BOARD_TOKEN.\n")
            return await handler(request)
        if request.path in request.app[OPEN] or self._knows(request):
            return await handler(request)
        if request.path == HOME:
            raise web.HTTPSeeOther("enter.html")
        raise web.HTTPUnauthorized(text="The board's token is asked for.\n")

    def _knows(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._is_right(token.strip())
        return hmac.compare_digest(request.cookies.get(_COOKIE, "").encode(), self._ticket.encode())

    def _is_right(self, token: str) -> bool:
        # Of one length, whatever was typed.
        typed, right = (sha256(text.encode()).digest() for text in (token, self._token or ""))
        return hmac.compare_digest(typed, right)

    async def enter(self, request: web.Request) -> web.Response:
        """The token by a form: a cookie for the right one, the form again after a while for another."""
        form = await request.post()
        if not self._is_right(str(form.get("token", ""))):
            await asyncio.sleep(_WRONG_SECONDS)
            raise web.HTTPSeeOther("enter.html#wrong")
        answer = web.Response(status=303, headers={"Location": "./"})
        is_secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
        answer.set_cookie(_COOKIE, self._ticket, path="/", httponly=True, samesite="Strict", secure=is_secure)
        return answer


def _named(request: web.Request) -> str:
    """The name that the worker was asked by, without the port."""
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""
