"""Stopping at a flood of bad input, which is a misconfigured topic rather than bad events."""

from __future__ import annotations

import msgspec

from agents.engine.processor import StopWorker
from agents.engine.store import Store

_KEY = b"flood"


class Flood:
    """The share of recent input that could not be used, kept across restarts.

    Recent means: each time ``sample`` records have been counted, what was counted weighs half. Of a topic that turns
    all bad fewer than ``sample / (1 - share)`` letters get out: the batch that stops the worker is not committed.
    """

    def __init__(self, share: float, sample: int, store: Store) -> None:
        self._share = share
        self._sample = sample
        self._store = store
        stored = store.get(_KEY)
        self._good, self._bad = (0, 0) if stored is None else msgspec.msgpack.decode(stored, type=tuple[int, int])
        self._kept = (self._good, self._bad)

    def note(self, good: int, bad: int, topic: str, partition: int) -> None:
        """Count a batch; raises StopWorker where too much of the recent input is unusable."""
        self._good += good
        self._bad += bad
        total = self._good + self._bad
        if bad and total >= self._sample and self._bad > self._share * total:
            raise StopWorker(
                f"{self._bad} of the last {total} records of {topic}[{partition}] cannot be used: stopped instead of "
                f"emptying the topic into the dead letters; mend its producer, or set SALESPULSE_DEAD_LETTER_SHARE=1"
            )
        while self._good + self._bad >= self._sample:
            self._good, self._bad = self._good // 2, self._bad // 2

    def keep(self) -> None:
        """Put the counts into the store, where they tell something new."""
        if self._bad != self._kept[1]:
            self._kept = (self._good, self._bad)
            self._store.put(_KEY, msgspec.msgpack.encode(self._kept))
