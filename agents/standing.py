"""What the clock changes of one partition's leads: deals as they stand now, and what is planned; kept in the store."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agents.appointments import Appointments
from agents.engine.store import Store
from schemas.events import Millis
from streams.accumulators import Vector, difference
from streams.contributions import Change, Key
from streams.lead import Lead
from streams.pipeline import Standing, standing
from streams.rules import Rules
from streams.selection import Selection

_STANDING = b"d"
_A_CYCLE = 1_000
"""At most so many leads are looked at in a cycle because of the time."""

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(tuple[list[tuple[Key, Vector]], Millis | None]).decode


class StandingDeals:
    """An index over the timelines: what each lead adds to cells that changes with events and the clock."""

    def __init__(self, store: Store, selection: Selection, rules: Rules) -> None:
        self._store = store
        self._selection = selection
        self._rules = rules
        self._again = Appointments()
        self._leads: set[str] = set()
        for key, value in store.scan(_STANDING):
            lead = key[len(_STANDING) :].decode()
            self._leads.add(lead)
            self._again.make(lead, _decode(value)[1])

    @property
    def has_more(self) -> bool:
        """Leads wait to be looked at, beyond those of one cycle."""
        return bool(self._again)

    def update(self, lead: str, view: Lead, clock: Millis) -> list[Change]:
        """Follow what is now known of a lead; what is to be added to cells."""
        found, old = standing(view, self._selection, self._rules, clock), self._stored(lead)
        if found == old:
            return []
        self._keep(lead, found)
        self._again.make(lead, found.until)
        changed: list[Change] = []
        for key, vector in found.adds.items():
            was = old.adds.get(key)
            if was != vector:
                changed.append((key, vector if was is None else difference(vector, was)))
        changed += [(key, difference({}, was)) for key, was in old.adds.items() if key not in found.adds]
        return changed

    def tick(self, clock: Millis) -> None:
        """Let time pass: leads of which something counts no longer are looked at with the next ``settle``."""
        self._again.tick(clock)

    def settle(self, view_of: Callable[[str], Lead], clock: Millis) -> list[Change]:
        """Look at leads of which nothing was heard but the time."""
        changed: list[Change] = []
        for lead in self._again.take(_A_CYCLE, clock):
            changed += self.update(lead, view_of(lead), clock)
        return changed

    def recount(self) -> list[Change]:
        """What is to be added to cells that were emptied: everything."""
        return [change for lead in self._leads for change in self._stored(lead).adds.items()]

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
