"""One partition of the clock events: which messages are open, and up to where all is done."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from heapq import heappop, heappush
from itertools import count
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from schemas.decoding import Rejected
from schemas.events import Millis
from schemas.forgetting import mark
from schemas.instants import parse
from schemas.results import SlaEvent
from sinks.notify.metrics import Metrics
from sinks.notify.told import Outcome, Told, name
from sinks.notify.webhooks import Message
from streams.notices import Notice, Telling, is_stale, is_usable, silences
from streams.wording import Wording

UNDELIVERABLE: Final = "undeliverable"

_decode = msgspec.json.Decoder(SlaEvent).decode


class Open(NamedTuple):
    """A message that is not over, of the record at an offset."""

    notice: Notice
    message: Message
    record: Any
    name: bytes


class Effects(Protocol):
    """What a partition has done to the world outside."""

    def send(self, message: Message) -> None:
        """Post it when its turn comes."""

    def spawn(self, doing: Coroutine[Any, Any, None]) -> None:
        """See to it that this is done."""

    async def remember(self, partition: int, message: bytes, outcome: Outcome) -> None:
        """Return when what became of a message is written."""

    async def bury(self, record: Any, rejected: Rejected) -> None:
        """Return when the dead letter is written."""


class Judging(NamedTuple):
    """What all partitions go by."""

    telling: Telling
    wording: Wording
    metrics: Metrics
    now: Callable[[], Millis]


class Partition:
    """The messages of one partition, from the record at ``position`` on.

    Nothing is sent before ``release``: of what lay unread somebody may have taken care of meanwhile.
    """

    def __init__(self, number: int, position: int, told: Told, by: Judging, effects: Effects) -> None:
        self._told = told
        self._by = by
        self._effects = effects
        self._number = number
        self.position = position
        self._unfinished: dict[int, int] = {}
        self._open: dict[bytes, Open] = {}
        self._of_clock: dict[tuple[str, str], set[bytes]] = {}
        self._held: list[tuple[Millis, int, Open]] = []
        self._order = count()
        self._forgotten: set[str] = set()
        self._is_released = False

    @property
    def committable(self) -> int:
        """The offset up to which nothing is left to do."""
        return next(iter(self._unfinished), self.position)

    @property
    def waiting(self) -> tuple[int, int]:
        """How many messages wait for the end of quiet hours, and how many for their receiver."""
        held = sum(1 for _, _, each in self._held if not each.message.is_dropped)
        return held, len(self._open) - held

    def take(self, record: Any) -> None:
        """Follow a record of the topic."""
        self.position = record.offset + 1
        event = self._read(record)
        if event is not None:
            self._silence(event)
            for notice in self._by.telling.notices(event, self._was_told):
                self._add(notice, record)

    def forget(self, lead: str) -> None:
        """Send nothing more of a lead."""
        self._forgotten.add(mark(lead))
        for each in list(self._open.values()):
            if each.notice.event.lead == lead:
                self._drop(each, "forgotten")

    def release(self) -> None:
        """From now on messages are sent as soon as their time has come."""
        self._is_released = True

    def tick(self) -> None:
        """Send what has waited until now."""
        while self._is_released and self._held and self._held[0][0] <= self._by.now():
            _, _, each = heappop(self._held)
            if not each.message.is_dropped:
                self._effects.send(each.message)

    def close(self) -> None:
        """The partition is another's: nothing more is sent."""
        for each in self._open.values():
            each.message.is_dropped = True

    def _read(self, record: Any) -> SlaEvent | None:
        """The event; None of a record that is none, which becomes a dead letter."""
        try:
            event = _decode(record.value or b"")
            why = None if is_usable(event) else "its instants are none"
        except msgspec.MsgspecError as error:
            event, why = None, str(error)
        if why is None:
            return event
        self._by.metrics.dead_letters.labels("undecodable").inc()
        self._begin(record.offset)
        self._effects.spawn(self._refuse(record, Rejected("undecodable", "", f"no clock event: {why}")))
        return None

    async def _refuse(self, record: Any, rejected: Rejected) -> None:
        await self._effects.bury(record, rejected)
        self._finish(record.offset)

    def _silence(self, event: SlaEvent) -> None:
        for known in list(self._of_clock.get((event.clock, event.policy), ())):
            each = self._open[known]
            if (reason := silences(event, each.notice)) is not None:
                self._drop(each, reason)

    def _was_told(self, identity: str, audience: str) -> bool:
        known = name(identity, audience)
        return known in self._open or self._told.was_taken(known)

    def _add(self, notice: Notice, record: Any) -> None:
        known, audience = name(notice.event.identity, notice.audience), notice.audience
        if is_stale(notice.event):
            self._by.metrics.dropped.labels(audience, "ended").inc()
        elif known in self._open or self._told.has(known, record.offset):
            self._by.metrics.dropped.labels(audience, "told").inc()
        elif mark(notice.event.lead) in self._forgotten:
            self._by.metrics.dropped.labels(audience, "forgotten").inc()
        else:
            self._wait(notice, record, known)

    def _wait(self, notice: Notice, record: Any, known: bytes) -> None:
        now = self._by.now()
        at = self._by.telling.from_when(notice, now)
        over = self._over(notice, record, known, at if at > now else parse(notice.event.at)[0])
        body = self._by.wording.body(notice)
        message = Message(notice.event.identity, notice.audience, notice.receiver, body, over)
        each = Open(notice, message, record, known)
        self._begin(record.offset)
        self._open[known] = each
        self._of_clock.setdefault(notice.clock, set()).add(known)
        heappush(self._held, (at, next(self._order), each))

    def _over(
        self, notice: Notice, record: Any, known: bytes, due: Millis
    ) -> Callable[[str | None], Coroutine[Any, Any, None]]:
        metrics, audience = self._by.metrics, notice.audience

        async def over(why: str | None) -> None:
            if why is None:
                metrics.sent.labels(audience, notice.severity).inc()
                metrics.delay.observe(max(0, self._by.now() - due) / 1000)
            else:
                metrics.dead.labels(audience).inc()
                metrics.dead_letters.labels(UNDELIVERABLE).inc()
                await self._effects.bury(record, Rejected(UNDELIVERABLE, "", f"audience {audience}: {why}"))
            outcome = Outcome(why is None, record.offset)
            await self._effects.remember(self._number, known, outcome)
            self._told.add(known, outcome)
            self._close(self._open.get(known))

        return over

    def _drop(self, each: Open, reason: str) -> None:
        # What is on the wire is not to be caught any more.
        if not each.message.is_posting:
            each.message.is_dropped = True
            self._by.metrics.dropped.labels(each.notice.audience, reason).inc()
            self._close(each)

    def _close(self, each: Open | None) -> None:
        if each is not None and self._open.pop(each.name, None) is not None:
            self._of_clock[each.notice.clock].discard(each.name)
            if not self._of_clock[each.notice.clock]:
                del self._of_clock[each.notice.clock]
            self._finish(each.record.offset)

    def _begin(self, offset: int) -> None:
        self._unfinished[offset] = self._unfinished.get(offset, 0) + 1

    def _finish(self, offset: int) -> None:
        self._unfinished[offset] -= 1
        if not self._unfinished[offset]:
            del self._unfinished[offset]
