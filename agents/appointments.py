"""Appointments: when each lead has to be looked at again though nothing is heard of it."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import islice

from schemas.events import Millis

_SPARE = 1_000


class Appointments:
    """At most one instant per lead; what it costs is O(log n) per change, and nothing for those that wait."""

    def __init__(self) -> None:
        self._next: dict[str, Millis] = {}
        self._heap: list[tuple[Millis, str]] = []
        self._ripe: dict[str, None] = {}

    def __bool__(self) -> bool:
        """Leads wait to be looked at, as far as time was let pass."""
        return bool(self._ripe)

    def at(self, lead: str) -> Millis | None:
        """When the lead is to be looked at, None for one without appointment."""
        return self._next.get(lead)

    def make(self, lead: str, at: Millis | None) -> bool:
        """Let the lead be looked at then instead, or no more; whether that is a change."""
        if self._next.get(lead) == at:
            return False
        if at is None:
            del self._next[lead]
            return True
        self._next[lead] = at
        if len(self._heap) > 2 * len(self._next) + _SPARE:
            # Without those that have been overtaken.
            self._heap = [(instant, name) for name, instant in self._next.items()]
            heapify(self._heap)
        else:
            heappush(self._heap, (at, lead))
        return True

    def tick(self, clock: Millis) -> None:
        """Let time pass."""
        while self._heap and self._heap[0][0] <= clock:
            at, lead = heappop(self._heap)
            if self._next.get(lead) == at:
                self._ripe[lead] = None

    def take(self, limit: int, clock: Millis) -> list[str]:
        """At most so many of the leads whose time has come, each to be given its next appointment by the caller."""
        looked = list(islice(self._ripe, limit))
        for lead in looked:
            del self._ripe[lead]
        # One that was heard of meanwhile was looked at then.
        return [lead for lead in looked if self._next.get(lead, clock + 1) <= clock]
