"""What a wire does to a clean log: repeats, disorder, lateness, two contents of one event, lines of no use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from random import Random
from typing import Final

from deploy.simulator.cast import DAY, HOUR, MINUTE
from deploy.simulator.reading import LARGEST, millis
from deploy.simulator.script import EventDict, spell
from schemas.events import Millis
from schemas.publishing import dumps


def disturb(
    events: Iterable[EventDict],
    seed: int,
    *,
    duplicates: float = 0.0,
    late: float = 0.0,
    disorder: Millis = MINUTE,
    malformed: float = 0.0,
    conflicts: float = 0.0,
) -> Iterator[bytes]:
    """JSON lines of events given in order of time, as they might arrive; equal arguments give equal lines.

    Shares 0…1: ``duplicates`` come again within a day, ``late`` ones hours to days after their
    time, ``conflicts`` again with another content, and for every ``malformed`` one a spoilt copy
    is added. ``disorder`` is how many milliseconds any event may be held up.
    """
    random = Random(seed)
    waiting: list[tuple[Millis, int, bytes]] = []
    sent = 0
    for event in events:
        at = millis(event["time"])
        while waiting and waiting[0][0] < at:
            yield heappop(waiting)[2]
        arrives = at + random.randint(0, disorder) + (random.randint(HOUR, 3 * DAY) if random.random() < late else 0)
        lines = [(arrives, dumps(event))]
        if random.random() < duplicates:
            lines.append((arrives + random.randint(0, DAY), lines[0][1]))
        if random.random() < conflicts:
            lines.append((at + random.randint(0, HOUR), dumps(_contradicted(event, at, random))))
        if random.random() < malformed:
            lines.append((at, _spoilt(event, random)))
        for due, line in lines:
            sent += 1
            heappush(waiting, (due, sent, line))
    while waiting:
        yield heappop(waiting)[2]


def _contradicted(event: EventDict, at: Millis, random: Random) -> EventDict:
    """Another content under the same identity: another time, or a field that nobody knows."""
    if random.random() < 0.7:
        return event | {"time": spell(at + random.randint(1, 5 * MINUTE), event["source"])}
    return event | {"data": event["data"] | {"aside": random.randint(1, 9)}}


def _spoilt(event: EventDict, random: Random) -> bytes:
    """A line that is refused, for one of the reasons that a line alone can have."""
    copy = event | {"id": f"{event['id']}-spoilt"}
    return _bloated(copy) if random.random() < 0.02 else random.choice(SPOILERS)(copy)


def _truncated(event: EventDict) -> bytes:
    return dumps(event)[:-5]


def _garbled(event: EventDict) -> bytes:
    return b"\xff\xfe" + dumps(event)


def _without_subject(event: EventDict) -> bytes:
    return dumps({name: value for name, value in event.items() if name != "subject"})


def _without_data(event: EventDict) -> bytes:
    return dumps({name: value for name, value in event.items() if name != "data"})


def _sideways(event: EventDict) -> bytes:
    return dumps(event | {"type": "call.completed", "data": {"direction": "sideways"}})


def _undated(event: EventDict) -> bytes:
    return dumps(event | {"time": "2026-03-02T09:00:00"})


def _of_new_type(event: EventDict) -> bytes:
    return dumps(event | {"type": "lead.sneezed"})


def _of_last_century(event: EventDict) -> bytes:
    return dumps(event | {"time": "1999-12-31T23:59:59.999Z"})


def _bloated(event: EventDict) -> bytes:
    return dumps(event | {"padding": "x" * LARGEST})


SPOILERS: Final[tuple[Callable[[EventDict], bytes], ...]] = (
    _truncated,
    _garbled,
    _without_subject,
    _without_data,
    _sideways,
    _undated,
    _of_new_type,
    _of_last_century,
)
"""One per fault, but for the costly one of size."""
