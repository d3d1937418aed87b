"""A TCP proxy on loopback that can cut, hold, delay and throttle what goes through it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

_CHUNK: Final = 64 * 1024
_HOST: Final = "127.0.0.1"


class Proxy:
    """Passes connections on to ``target``, a port, until told otherwise; may be told so by any thread.

    ``refusing`` closes what connects, ``holding`` keeps connections open and passes nothing on (half-open),
    ``delay`` is the seconds that each chunk waits, ``rate`` the bytes per second of each direction, 0 for any.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.refusing = False
        self.delay = 0.0
        self.rate = 0
        self.port = 0
        self._flow = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Close every connection, as a switch that restarts would."""
        self._loop.call_soon_threadsafe(self._close_all)

    def refuse(self) -> None:
        """End every connection, and each that is tried."""
        self.refusing = True
        self.cut()

    def hold(self) -> None:
        """Pass nothing on, either way, until ``release``; nobody is told."""
        self._loop.call_soon_threadsafe(self._flow.clear)

    def release(self) -> None:
        """Go on."""
        self._loop.call_soon_threadsafe(self._flow.set)

    def mend(self) -> None:
        """Be a plain wire again."""
        self.refusing, self.delay, self.rate = False, 0.0, 0
        self.release()

    async def _listen(self) -> int:
        self._flow.set()
        self._server = await asyncio.start_server(self._connected, _HOST, 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        self._server.close()
        self._close_all()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _close_all(self) -> None:
        for writer in self._open:
            writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self.refusing:
                return
            server_reader, server_writer = await asyncio.open_connection(_HOST, self.target)
            self._open.add(server_writer)
            try:
                both = [self._pass(reader, server_writer), self._pass(server_reader, writer)]
                await asyncio.wait([asyncio.ensure_future(one) for one in both], return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._open.discard(server_writer)
                server_writer.close()
        except OSError:
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await self._flow.wait()
                await asyncio.sleep(self.delay + (len(chunk) / self.rate if self.rate else 0))
                writer.write(chunk)
                await writer.drain()
