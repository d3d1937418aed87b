"""Webhooks: messages posted to each address one at a time, in order, until they are taken or given up."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import aiohttp
import structlog

from schemas.events import Millis
from schemas.policy import Receiver
from sinks.notify.address import address
from sinks.notify.metrics import Metrics

log = structlog.get_logger(__name__)

IDEMPOTENCY_KEY: Final = "Idempotency-Key"

_TIMEOUT_SECONDS: Final = 10.0
_FIRST_RETRY_SECONDS: Final = 0.5
_LAST_RETRY_SECONDS: Final = 60.0
_REFUSED: Final = (400, 413, 415, 422)
"""What a receiver says of a message that it will never take; everything else may pass."""
_LARGEST_ANSWER: Final = 1 << 16

Clock = Callable[[], Millis]


class Message:
    """A message on its way. ``over`` is told how it ended: None if it was taken, else why it was given up."""

    def __init__(
        self,
        identity: str,
        audience: str,
        receiver: Receiver,
        body: bytes,
        over: Callable[[str | None], Coroutine[Any, Any, None]],
    ) -> None:
        self.identity = identity
        self.audience = audience
        self.receiver = receiver
        self.body = body
        self.over = over
        self.since: Millis = 0
        self.is_posting = False
        self.is_dropped = False


class Answer(NamedTuple):
    """What came of an attempt: an HTTP status, or the kind of error; how many seconds to wait if it says so."""

    said: str
    status: int = 0
    retry_after: float | None = None

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_refusal(self) -> bool:
        """Whether trying again is of no use."""
        return self.status in _REFUSED


class Webhooks:
    """The lanes of all addresses: each goes on by itself, so that a slow receiver holds up nobody else.

    ``patience`` is for how long a message is tried from the moment at which it could first be sent.
    """

    def __init__(self, session: aiohttp.ClientSession, patience: Millis, metrics: Metrics, clock: Clock) -> None:
        self._session = session
        self._patience = patience
        self._metrics = metrics
        self._clock = clock
        self._lanes: dict[tuple[str | None, str | None], Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    def send(self, message: Message) -> None:
        """Post the message when its turn comes."""
        place = (message.receiver.url_env, message.receiver.url_file)
        if place not in self._lanes:
            lane = Lane(self._session, self._patience, self._metrics, self._clock, self._stopping)
            self._lanes[place] = lane
            self._tasks.add(asyncio.create_task(lane.run()))
        message.since = self._clock()
        self._lanes[place].add(message)

    def check(self) -> None:
        """Raise what a lane has failed with, which is a bug."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def stop(self, seconds: float) -> None:
        """Let the messages that are being posted end, and no other begin."""
        self._stopping.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)


class Lane:
    """The messages to one address."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        patience: Millis,
        metrics: Metrics,
        clock: Clock,
        stopping: asyncio.Event,
    ) -> None:
        self._session = session
        self._patience = patience
        self._metrics = metrics
        self._clock = clock
        self._stopping = stopping
        self._waiting: deque[Message] = deque()
        self._news = asyncio.Event()
        self._failures = 0

    def add(self, message: Message) -> None:
        self._waiting.append(message)
        self._news.set()

    async def run(self) -> None:
        """Post what there is until all stop."""
        while not self._stopping.is_set():
            while self._waiting and self._waiting[0].is_dropped:
                self._waiting.popleft()
            if self._waiting:
                await self._try(self._waiting[0])
            else:
                self._news.clear()
                await self._first(self._news)

    async def _try(self, message: Message) -> None:
        message.is_posting = True
        answer = await self._post(message)
        message.is_posting = False
        if answer.is_taken or answer.is_refusal:
            self._failures = 0
            self._waiting.popleft()
            await message.over(None if answer.is_taken else f"refused: {answer.said}")
            return
        self._failures += 1
        self._metrics.failures.labels(message.audience).inc()
        if not await self._gave_up(answer):
            pause = self._pause(answer, message)
            log.warning("receiver is away", audience=message.audience, said=answer.said, again_in=round(pause, 1))
            await self._first(None, pause)

    async def _gave_up(self, answer: Answer) -> bool:
        """Whether some have waited for too long: all of these, as there is no use in trying each of them for itself."""
        late = [each for each in self._waiting if self._clock() - each.since >= self._patience]
        for message in late:
            self._waiting.remove(message)
            if not message.is_dropped:
                await message.over(f"given up: {answer.said}")
        return bool(late)

    async def _post(self, message: Message) -> Answer:
        try:
            url = address(message.receiver)
        except ValueError:
            return Answer("no address")
        headers = {"Content-Type": "application/json", IDEMPOTENCY_KEY: key(message.identity)}
        try:
            async with self._session.post(url, data=message.body, headers=headers, allow_redirects=False) as response:
                await response.content.read(_LARGEST_ANSWER)
                wait = retry_after(response.headers.get("Retry-After"), self._clock())
                return Answer(f"HTTP {response.status}", response.status, wait)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # Its text may hold the address.
            return Answer(type(error).__name__)

    def _pause(self, answer: Answer, message: Message) -> float:
        left = max(0, message.since + self._patience - self._clock()) / 1000
        if answer.retry_after is not None:
            return min(answer.retry_after, left)
        longest = min(_FIRST_RETRY_SECONDS * 2 ** min(self._failures - 1, 16), _LAST_RETRY_SECONDS)
        return min(random.uniform(longest / 2, longest), left)

    async def _first(self, event: asyncio.Event | None, seconds: float | None = None) -> None:
        """Wait for the event, the end of so many seconds, or the stop."""
        waits = [asyncio.ensure_future(each.wait()) for each in (event, self._stopping) if each is not None]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def session() -> aiohttp.ClientSession:
    """A client that follows no redirects, keeps no cookies and waits ten seconds for an answer."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
    )


def key(identity: str) -> str:
    """The identity as the value of a header: what has no place in one is percent-encoded."""
    return quote(identity, safe="/:@#%~!$&'()*+,;=?[]")


def retry_after(header: str | None, now: Millis) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; None where it says nothing."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now / 1000)
    except (ValueError, TypeError, OverflowError):
        return None
