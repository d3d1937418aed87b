"""The kind *now* of clocks: how many run, are at risk or breached, and how long they have stood still."""

from __future__ import annotations

from typing import Final

from schemas.catalogue import index_of
from schemas.events import Millis
from streams.accumulators import SLOTS, Vector
from streams.calendars import NEVER
from streams.clocks import ServiceClock
from streams.figures import Figures

# Slots: clocks by level, then sums from which both lengths of time follow at any later instant.
RUNNING, AT_RISK, BREACHED = range(3)
_STARTED, _STOOD, _STANDING, _SINCE = range(3, 7)
_FIRST: Final = index_of["sla_at_risk"] * SLOTS


def level(clock: ServiceClock, at: Millis) -> int:
    """What has passed of a clock that runs: its deadline, a warning, or neither."""
    if clock.due < at:
        return BREACHED
    return AT_RISK if any(warned < at for _, warned in clock.warnings) else RUNNING


def running_vector(clock: ServiceClock, at: Millis) -> Vector:
    """What a clock that runs adds to its cells of *now*: the same until its next instant or event."""
    stood, since = _stood(clock)
    vector = {_FIRST + level(clock, at): 1, _FIRST + _STARTED: clock.start, _FIRST + _STOOD: stood}
    if since is not None:
        vector |= {_FIRST + _STANDING: 1, _FIRST + _SINCE: since}
    return {slot: amount for slot, amount in vector.items() if amount}


def _stood(clock: ServiceClock) -> tuple[Millis, Millis | None]:
    """How long it stood still in pauses that have an end, and since when it stands still now."""
    total, done = 0, clock.start
    for pause, resume in clock.pauses:
        pause = max(pause, done)
        if resume >= NEVER:
            return total, pause
        if pause < resume:
            total, done = total + resume - pause, resume
    return total, None


def figures(vector: Vector, before: Vector, clock: Millis | None) -> dict[str, Figures]:
    """The figures of the KPIs of clocks that run, as of ``clock``; nothing where a cell has and had no such clock."""
    own = {slot - _FIRST: amount for slot, amount in vector.items() if 0 <= slot - _FIRST < SLOTS}
    if not own and not any(0 <= slot - _FIRST < SLOTS for slot in before):
        return {}
    at_risk, breached = own.get(AT_RISK, 0), own.get(BREACHED, 0)
    n = own.get(RUNNING, 0) + at_risk + breached
    return {
        "sla_at_risk": Figures(at_risk, at_risk, statistics={"running": n}),
        "sla_breached": Figures(breached, breached, statistics={"running": n}),
        "paused_share": _paused_share(own, n, clock),
    }


def _paused_share(own: Vector, n: int, clock: Millis | None) -> Figures:
    if clock is None:
        return Figures(None, n)
    elapsed = max(0, n * clock - own.get(_STARTED, 0))
    paused = own.get(_STOOD, 0) + own.get(_STANDING, 0) * clock - own.get(_SINCE, 0)
    paused = min(max(0, paused), elapsed)
    return Figures(paused / elapsed if elapsed else None, n, paused / 1000, elapsed / 1000)
