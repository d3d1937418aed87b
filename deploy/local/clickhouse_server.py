"""ClickHouse's HTTP interface over the embedded engine: enough of it for clickhouse-connect, sync and async."""

from __future__ import annotations

import asyncio
import gzip
import json
import signal
import socket
import uuid
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import lz4.frame  # type: ignore[import-untyped]
from aiohttp import web
from backports import zstd

from deploy.local.clickhouse_engine import Answer, Engine, EngineError, Statement

# What the HTTP interface itself understands; every other parameter is a setting of the query.
_TRANSPORT: Final = frozenset(
    """query database default_format session_id session_timeout session_check query_id quota_key role user password
    compress decompress buffer_size wait_end_of_query client_protocol_version enable_http_compression
    http_zlib_compression_level send_progress_in_http_headers http_headers_progress_interval_ms
    add_http_cors_header cancel_http_readonly_queries_on_client_close""".split()  # noqa: SIM905, a page of commas
)


def _unlz4(data: bytes) -> bytes:
    # clickhouse-connect sends a frame per block; lz4.frame.decompress would stop after the first.
    parts = []
    while data:
        frame = lz4.frame.LZ4FrameDecompressor()
        parts.append(frame.decompress(data))
        if not frame.eof:
            raise EOFError("the lz4 frame is cut off")
        data = frame.unused_data or b""
    return b"".join(parts)


_COMPRESS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
    "gzip": lambda data: gzip.compress(data, 1),
    "deflate": zlib.compress,
}
_DECOMPRESS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "lz4": _unlz4,
    "zstd": zstd.decompress,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "": bytes,
    "identity": bytes,
}
_NOT_FOUND: Final = frozenset({46, 60, 81, 115})  # unknown function, table, database, setting
_BAD_REQUEST: Final = frozenset({6, 27, 36, 38, 41, 42, 43, 44, 47, 53, 62, 72, 117, 386, 456})
_LARGEST_BODY: Final = 2**31
_THREADS: Final = 8


def application(engine: Engine, threads: ThreadPoolExecutor, zone: str) -> web.Application:
    """The web application: ``/`` runs statements, ``/ping`` answers ``Ok.``."""

    async def run(request: web.Request) -> web.Response:
        parameters, body = await _received(request)
        headers = {
            "X-ClickHouse-Query-Id": parameters.get("query_id") or str(uuid.uuid4()),
            "X-ClickHouse-Timezone": zone,
            "X-ClickHouse-Server-Display-Name": "local",
        }
        coding = _coding(request, parameters)
        form = request.headers.get("X-ClickHouse-Format")
        encoding = request.headers.get("Content-Encoding", "")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            threads, lambda: _response(engine, parameters, form, body, encoding, coding, headers)
        )

    app = web.Application(client_max_size=_LARGEST_BODY)
    app.router.add_route("*", "/", run)
    app.router.add_get("/ping", _ping)
    return app


async def _ping(_: web.Request) -> web.Response:
    return web.Response(text="Ok.\n")


async def _received(request: web.Request) -> tuple[dict[str, str], bytes]:
    parameters = dict(request.query)
    if not request.content_type.startswith("multipart/"):
        return parameters, await request.read()
    fields = await request.post()
    return parameters | {name: value for name, value in fields.items() if isinstance(value, str)}, b""


def _coding(request: web.Request, parameters: Mapping[str, str]) -> str | None:
    """Content coding that the client asks for and accepts; None for plain bytes."""
    if parameters.get("enable_http_compression") != "1":
        return None
    accepted = {part.split(";")[0].strip() for part in request.headers.get("Accept-Encoding", "").split(",")}
    return next((coding for coding in _COMPRESS if coding in accepted), None)


def _response(
    engine: Engine,
    parameters: Mapping[str, str],
    form: str | None,
    body: bytes,
    encoding: str,
    coding: str | None,
    headers: dict[str, str],
) -> web.Response:
    try:
        answer = engine.run(_statement(parameters, form, _plain(body, encoding)))
    except EngineError as error:
        return _refusal(error, headers)
    return _success(answer, coding, headers)


def _plain(body: bytes, encoding: str) -> bytes:
    decompress = _DECOMPRESS.get(encoding.lower())
    if decompress is None:
        raise EngineError(
            f"Code: 89. DB::Exception: Unknown compression method {encoding} (UNKNOWN_COMPRESSION_METHOD)"
        )
    try:
        return decompress(body)
    except (RuntimeError, EOFError, OSError, ValueError, zlib.error, zstd.ZstdError) as error:
        raise EngineError(f"Code: 271. DB::Exception: Cannot decompress: {error} (CANNOT_DECOMPRESS)") from error


def _statement(parameters: Mapping[str, str], form: str | None, body: bytes) -> Statement:
    query = parameters.get("query", "").encode()
    return Statement(
        # Data follows the statement on a line of its own, as where both stand in the body.
        sql=query + b"\n" if query and body else query or body,
        data=body if query else b"",
        form=parameters.get("default_format") or form or "TabSeparated",
        database=parameters.get("database", ""),
        session=parameters.get("session_id", ""),
        settings={
            name: value
            for name, value in parameters.items()
            if name not in _TRANSPORT and not name.startswith("param_")
        },
        parameters={name[6:]: value for name, value in parameters.items() if name.startswith("param_")},
    )


def _success(answer: Answer, coding: str | None, headers: dict[str, str]) -> web.Response:
    headers["X-ClickHouse-Summary"] = json.dumps(answer.summary)
    body = answer.body
    if answer.form:
        headers["X-ClickHouse-Format"] = answer.form
    if coding and body:
        headers["Content-Encoding"] = coding
        body = _COMPRESS[coding](body)
    return web.Response(body=body, headers=headers)


def _refusal(error: EngineError, headers: dict[str, str]) -> web.Response:
    headers["X-ClickHouse-Exception-Code"] = str(error.code)
    status = 404 if error.code in _NOT_FOUND else 400 if error.code in _BAD_REQUEST else 500
    return web.Response(status=status, text=f"{error}\n", headers=headers)


def serve(path: Path, listener: socket.socket, database: str, ready: Callable[[], None]) -> None:
    """Serve the engine's ``path`` on ``listener`` until SIGTERM or SIGINT; calls ``ready`` once it answers."""
    engine = Engine(path)
    engine.run(Statement(f"CREATE DATABASE IF NOT EXISTS `{database}`".encode()))
    zone = engine.run(Statement(b"SELECT timezone()")).body.decode().strip()
    try:
        with ThreadPoolExecutor(_THREADS, "clickhouse") as threads:
            asyncio.run(_served(application(engine, threads, zone), listener, ready))
    finally:
        engine.close()


async def _served(app: web.Application, listener: socket.socket, ready: Callable[[], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # Bodies are decompressed by us: aiohttp does not know lz4.
    runner = web.AppRunner(app, access_log=None, auto_decompress=False)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    ready()
    await stop.wait()
    await runner.cleanup()
