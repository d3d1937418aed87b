"""The deals of one partition as they stand now; kept in the store, lead by lead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

import msgspec

from agents.engine.store import Store
from schemas.events import Millis
from streams.accumulators import Vector, add_into, difference
from streams.contributions import Key
from streams.lead import Lead
from streams.pipeline import Standing, standing
from streams.rules import Rules
from streams.selection import Selection
from streams.windows import Cells

_STANDING = b"d"
_A_CYCLE = 1_000
"""At most so many leads are looked at in a cycle because of the time."""

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(tuple[list[tuple[Key, Vector]], Millis | None]).decode


class StandingDeals:
    """An index over the timelines: what each lead adds to cells of *now*, which changes with events and the clock."""

    def __init__(self, store: Store, cells: Cells, selection: Selection, rules: Rules) -> None:
        self._store = store
        self._cells = cells
        self._selection = selection
        self._rules = rules
        self._until: dict[str, Millis] = {}
        self._heap: list[tuple[Millis, str]] = []
        self._ripe: deque[str] = deque()
        self._leads: set[str] = set()
        for key, value in store.scan(_STANDING):
            lead = key[len(_STANDING) :].decode()
            self._leads.add(lead)
            self._schedule(lead, _decode(value)[1])

    @property
    def has_more(self) -> bool:
        """Leads wait to be looked at, beyond those of one cycle."""
        return bool(self._ripe)

    def update(self, lead: str, view: Lead, clock: Millis, deltas: dict[bytes, Vector]) -> None:
        """Follow what is now known of a lead; what changes for the cells goes to ``deltas``."""
        found, old = standing(view, self._selection, self._rules, clock), self._stored(lead)
        if found == old:
            return
        self._keep(lead, found)
        self._schedule(lead, found.until)
        for key in old.adds.keys() | found.adds.keys():
            self._add(key, difference(found.adds.get(key, {}), old.adds.get(key, {})), deltas)

    def tick(self, clock: Millis) -> None:
        """Let time pass: leads of which something counts no longer are looked at with the next ``settle``."""
        while self._heap and self._heap[0][0] <= clock:
            at, lead = heappop(self._heap)
            if self._until.get(lead) == at:
                self._ripe.append(lead)

    def settle(self, view_of: Callable[[str], Lead], clock: Millis, deltas: dict[bytes, Vector]) -> None:
        """Look at leads of which nothing was heard but the time."""
        for _ in range(min(_A_CYCLE, len(self._ripe))):
            lead = self._ripe.popleft()
            if self._until.get(lead, clock + 1) <= clock:
                self.update(lead, view_of(lead), clock, deltas)

    def recount(self, deltas: dict[bytes, Vector]) -> None:
        """Add everything anew, to cells that were emptied."""
        for lead in self._leads:
            for key, vector in self._stored(lead).adds.items():
                self._add(key, vector, deltas)

    def _stored(self, lead: str) -> Standing:
        stored = self._store.get(_STANDING + lead.encode()) if lead in self._leads else None
        if stored is None:
            return Standing({}, None)
        adds, until = _decode(stored)
        return Standing(dict(adds), until)

    def _keep(self, lead: str, found: Standing) -> None:
        if found.adds:
            self._leads.add(lead)
        else:
            self._leads.discard(lead)
        value = _encode((list(found.adds.items()), found.until)) if found.adds else None
        self._store.put(_STANDING + lead.encode(), value)

    def _add(self, key: Key, delta: Vector, deltas: dict[bytes, Vector]) -> None:
        if delta:
            for cell in self._cells(key):
                add_into(deltas.setdefault(cell, {}), delta)

    def _schedule(self, lead: str, until: Millis | None) -> None:
        if until is None:
            self._until.pop(lead, None)
        elif self._until.get(lead) != until:
            self._until[lead] = until
            heappush(self._heap, (until, lead))
