"""The sales floor: when leads come, and all their events in the order of event time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Final, NamedTuple

from deploy.simulator.cast import DAY, HOUR, MINUTE
from deploy.simulator.script import EventDict, Line
from deploy.simulator.story import Storyteller
from schemas.events import Millis

START: Final = 1_772_409_600_000
"""2026-03-02T00:00:00Z, a Monday: where simulated time begins unless told otherwise."""

REGIONS: Final = ("emea", "emea", "emea", "amer", "amer", "amer", "apac", "apac")
NOON: Final = {"emea": 12 * HOUR, "amer": 18 * HOUR, "apac": 4 * HOUR}
LIVE_PACE: Final = 1 / 40
LIVE_HISTORY: Final = 3 * HOUR
LIVE_LEADS: Final = 7.0
"""Leads per second at speed 1; a lead makes six to seven events."""
HISTORY_LEADS: Final = 0.1
SKEW: Final = 2 * MINUTE
"""No event of a story is further before its first sign than this."""


class Arrival(NamedTuple):
    """A subject's first sign of life."""

    at: Millis
    region: str
    campaign: str | None


def simulate(seed: int, leads: int, start: Millis = START, days: float = 14) -> Iterator[EventDict]:
    """Events of ``leads`` subjects within ``[start, start + days)``, by (time, source, id).

    Equal arguments give equal events.
    """
    random = Random(seed)
    end = start + int(days * DAY)
    for line in _merged(Storyteller(random), _arrivals(random, leads, start, end)):
        if start <= line[0] < end:
            yield line[3]


def live(seed: int, now: Millis, speed: float = 1.0) -> Iterator[tuple[Millis, EventDict]]:
    """Endless events with the time at which each is due, in milliseconds since 1970.

    A floor that never closes and where everything goes 40 times as fast. A short history comes
    first, due at once (``now``); ``speed`` multiplies how many leads come after it.
    """
    random = Random(seed)
    for line in _merged(Storyteller(random, LIVE_PACE, office=False), _steady(random, now, speed)):
        yield max(now, line[0]), line[3]


def _merged(teller: Storyteller, arrivals: Iterable[Arrival]) -> Iterator[Line]:
    """All stories side by side, holding back only what a later arrival could still precede."""
    waiting: list[Line] = []
    for number, arrival in enumerate(arrivals, start=1):
        while waiting and waiting[0][0] < arrival.at - SKEW:
            yield heappop(waiting)
        for line in teller.tell(f"lead-{number}", arrival.region, arrival.at, arrival.campaign):
            heappush(waiting, line)
    while waiting:
        yield heappop(waiting)


def _arrivals(random: Random, leads: int, start: Millis, end: Millis) -> list[Arrival]:
    """A quarter in bursts after campaigns, the rest by the hours of the day and the days of the week."""
    campaigns = [(f"campaign-{n}", random.randrange(start, end)) for n in range(1, 2 + (end - start) // (2 * DAY))]
    return sorted(
        _burst(random, *random.choice(campaigns), end) if random.random() < 0.25 else _everyday(random, start, end)
        for _ in range(leads)
    )


def _burst(random: Random, campaign: str, launched: Millis, end: Millis) -> Arrival:
    at = launched + int(random.expovariate(1 / (40 * MINUTE)))
    return Arrival(min(at, end - 1), random.choice(REGIONS), campaign)


def _everyday(random: Random, start: Millis, end: Millis) -> Arrival:
    region = random.choice(REGIONS)
    while True:
        day = random.randrange(start // DAY, (end - 1) // DAY + 1)
        at = day * DAY + (NOON[region] + int(random.gauss(0, 4 * HOUR))) % DAY
        quiet = (day + 3) % 7 >= 5 and random.random() < 0.75
        if start <= at < end and not quiet:
            return Arrival(at, region, None if random.random() < 0.8 else "always-on")


def _steady(random: Random, now: Millis, speed: float) -> Iterator[Arrival]:
    at = now - LIVE_HISTORY
    for _ in count():
        rate = HISTORY_LEADS if at < now - 5 * MINUTE else LIVE_LEADS * speed
        at += int(random.expovariate(rate / 1000)) + 1
        yield Arrival(at, random.choice(REGIONS), "launch" if at // HOUR % 2 else None)
