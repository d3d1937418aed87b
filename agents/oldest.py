"""The least of a changing collection of instants, per cell: what no accumulator can tell."""

from __future__ import annotations

from collections import Counter
from heapq import heapify, heappop, heappush

from schemas.events import Millis


class Oldest:
    """A multiset of instants that knows its least; every operation is O(log n), removals are done lazily."""

    def __init__(self) -> None:
        self._heap: list[Millis] = []
        self._gone: Counter[Millis] = Counter()

    def add(self, at: Millis) -> None:
        heappush(self._heap, at)

    def remove(self, at: Millis) -> None:
        """Take one occurrence out; it must be there."""
        self._gone[at] += 1
        if self._gone.total() > len(self._heap) // 2 + 16:
            self._compact()

    @property
    def least(self) -> Millis | None:
        """None where the collection is empty."""
        while self._heap and self._gone[self._heap[0]]:
            self._gone[heappop(self._heap)] -= 1
        return self._heap[0] if self._heap else None

    def _compact(self) -> None:
        kept = Counter(self._heap) - self._gone
        self._heap = list(kept.elements())
        heapify(self._heap)
        self._gone.clear()
