"""The board as a worker serves it, on both real stages and the real engine; only Kafka is left out."""

from __future__ import annotations

import asyncio
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import orjson

from agents.engine.clock import now
from agents.web import serve
from deploy.board.web import board
from schemas.policy import NOTHING, PolicyFile
from schemas.settings import Settings
from sinks.clickhouse.rows import parsers
from sinks.clickhouse.schema import connect, migrate
from sinks.clickhouse.writer import Batch, Writer
from streams.policies import Policies
from tests.agents.driving import Pipeline
from tests.agents.workers import free_port
from tests.sinks.test_clickhouse_tables import Written
from tests.sinks.test_reconciliation import record

T = TypeVar("T")

_TICK_SECONDS = 0.2


class Served:
    """A floor with a board; ``dsn`` is of a database that it fills as the sink would."""

    def __init__(
        self, directory: Path, dsn: str | None, policies: PolicyFile = NOTHING, partitions: int = 2, **changed: Any
    ) -> None:
        self.settings = Settings(_env_file=None, data_dir=directory, port=free_port(), clickhouse=dsn, **changed)
        self.url = f"http://127.0.0.1:{self.settings.port}/board/"
        self.pipeline = Pipeline(self.settings, directory, partitions, policies)
        self._policies = policies
        self._client = None if dsn is None else connect(self.settings)
        if self._client is not None:
            migrate(self._client, self.settings)
        self._copied: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        self._thread.start()
        assert self._is_up.wait(30)

    async def _serve(self) -> None:
        pages = board(self.settings, self._policies)(self.pipeline.floor, [])
        async with serve(self.settings, [], self.pipeline.metrics, Policies(self._policies), pages):
            self._is_up.set()
            while not self._over.is_set():
                # As the engine's cycles do, with or without events.
                self.pipeline.commit(now())
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), _TICK_SECONDS)

    def feed(self, lines: Iterable[bytes]) -> None:
        """Have events processed, and copied to ClickHouse with all that was made of them."""
        lines = list(lines)
        self._run(self._process(lines))
        if self._client is not None:
            record(self._client, lines, self.settings, at=now())
            self._copy()

    async def _process(self, lines: list[bytes]) -> None:
        self.pipeline.feed(lines, now())
        self.pipeline.commit(now())

    def lose(self, partition: int) -> None:
        """Another worker takes a partition of the windows over."""
        self._run(self._lose(partition))

    async def _lose(self, partition: int) -> None:
        self.pipeline.floor.drop(partition)
        self.pipeline.windows.made[partition].tick = lambda clock, exhausted: None
        self.pipeline.windows.made[partition].drain = lambda cycle: []

    def _copy(self) -> None:
        parse, batch = parsers(self.settings), Batch()
        for name, records in self.pipeline.published.items():
            topic = self.settings.topic(name)
            for key, value in records[self._copied[name] :] if topic in parse else ():
                self._copied[name] += 1
                batch.add(parse[topic](Written(key, value or None, self._copied[name], now())))
        assert self._client is not None
        Writer(self._client).write(batch)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def get(self, path: str = "", **headers: str) -> tuple[int, Any]:
        """Status, and the body: as JSON where it is."""
        return self._ask(urllib.request.Request(self.url + path, headers=headers))

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """The same of a question in JSON."""
        headers = {"Content-Type": "application/json"} | headers
        return self._ask(urllib.request.Request(self.url + path, data=orjson.dumps(body), headers=headers))

    def _ask(self, request: urllib.request.Request) -> tuple[int, Any]:
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read()
            is_json = answer.headers.get_content_type() == "application/json"
            return answer.status, orjson.loads(body) if is_json else body.decode()

    def end(self) -> None:
        """As a worker ends, whoever is looking."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(30)
        assert not self._thread.is_alive()
        self.pipeline.leads.close()
        self.pipeline.windows.close()
        if self._client is not None:
            self._client.close()
