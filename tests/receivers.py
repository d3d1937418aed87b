"""A receiver of webhooks on loopback: it answers as it is told to, and keeps what it took."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import orjson


class Taken(NamedTuple):
    """A request: path, the key by which its repeats are known, and its body."""

    path: str
    key: str
    body: dict[str, Any]


class Answering(NamedTuple):
    """How a request is answered; ``until`` is waited for before."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    until: threading.Event | None = None


class Receiver:
    """``requests`` are all that came, in order; ``next`` are the answers to the next of them, then ``answer``."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Taken] = []
        self.next: deque[Answering] = deque()
        self.answer: Callable[[Taken], Answering] = lambda taken: Answering()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken = Taken(self.path, self.headers["Idempotency-Key"], orjson.loads(body))
                receiver.requests.append(taken)
                answering = receiver.next.popleft() if receiver.next else receiver.answer(taken)
                if answering.until is not None:
                    answering.until.wait()
                self.send_response(answering.status)
                for name, value in (*answering.headers, ("Content-Length", "0")):
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def posted(self, path: str = "/hook") -> list[str]:
        return [taken.key for taken in self.requests if taken.path == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
