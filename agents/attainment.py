"""What policies make of the leads of one partition, as it has been added to KPIs; kept in the store, lead by lead."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agents.engine.store import Store
from schemas.events import Millis
from schemas.forgetting import mark
from streams.accumulators import Vector, difference
from streams.attainment import Numbers, Terms, is_of_now, numbers
from streams.clocks import ServiceClock
from streams.contributions import Change, Key
from streams.lead import Lead

_COUNTED, _LEFT = b"a", b"b"

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(list[tuple[Key, Vector]]).decode


class Attainment:
    """An index over the timelines: the numbers that each lead has added, so that what changes can be told.

    They depend on policies and clock as well, so that no timeline alone could say what they were.
    """

    def __init__(self, store: Store, terms: Terms) -> None:
        self._store = store
        self._terms = terms
        self._changes: list[Change] = []

    def update(self, view: Lead, clocks: Sequence[ServiceClock], clock: Millis) -> None:
        """Follow what is now known of a lead."""
        key = _COUNTED + view.id.encode()
        old, new = self._stored(key), numbers(view, clocks, self._terms, clock)
        if old != new:
            self._put(key, new)
            self._change(old, new)

    def take(self) -> list[Change]:
        """What is to be added to cells because of updates since the last call."""
        changes, self._changes = self._changes, []
        return changes

    def recount(self) -> list[Change]:
        """What is to be added to cells that were emptied: everything, in place of the changes since the last call."""
        self._changes = []
        for prefix in (_COUNTED, _LEFT):
            for _, value in self._store.scan(prefix):
                self._change({}, dict(_decode(value)))
        return self.take()

    def leads(self) -> list[str]:
        """All that have added anything."""
        return [key[len(_COUNTED) :].decode() for key, _ in self._store.scan(_COUNTED)]

    def forget(self, lead: str) -> None:
        """Keep what the lead added to windows, under its mark; its clocks run no more."""
        key = _COUNTED + lead.encode()
        old = self._stored(key)
        left = {at: vector for at, vector in old.items() if not is_of_now(at)}
        self._put(key, {})
        if left:
            self._put(_LEFT + mark(lead).encode(), left)
        self._change(old, left)

    def _stored(self, key: bytes) -> Numbers:
        stored = self._store.get(key)
        return {} if stored is None else dict(_decode(stored))

    def _put(self, key: bytes, found: Numbers) -> None:
        self._store.put(key, _encode(list(found.items())) if found else None)

    def _change(self, old: Numbers, new: Numbers) -> None:
        for key in old.keys() | new.keys():
            if delta := difference(new.get(key, {}), old.get(key, {})):
                self._changes.append((key, delta))
