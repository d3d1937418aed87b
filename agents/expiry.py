"""Forgetting expired windows: a few in each cycle, found by range scans each time that retention's clock moves."""

from __future__ import annotations

from agents.engine.store import Store
from schemas.events import Millis
from streams.retention import Retention, step

_A_CYCLE = 500


class Expiry:
    """Follows the clock of one partition; ``kept`` says which windows are still kept by it.

    The cells are entries of the store under ``prefix``.
    """

    def __init__(self, store: Store, prefix: bytes, retention: Retention, clock: Millis) -> None:
        self._store = store
        self._prefix = prefix
        self._retention = retention
        self._step = step(clock)
        self.kept = retention.kept(clock)
        self._ranges = self.kept.expired()

    def follow(self, clock: Millis) -> bool:
        """Let time pass; True where it made a step."""
        if step(clock) <= self._step:
            return False
        self._step = step(clock)
        self.kept = self._retention.kept(clock)
        self._ranges = self.kept.expired()
        return True

    def expired(self) -> list[bytes]:
        """Keys of entries to be deleted in this cycle, in order, the others being left to the next."""
        found: list[bytes] = []
        while self._ranges and len(found) < _A_CYCLE:
            first, end = self._ranges[-1]
            keys = self._store.keys(self._prefix + first, self._prefix + end, _A_CYCLE - len(found))
            found += keys
            if len(found) < _A_CYCLE:
                self._ranges.pop()
        return found
