"""What a cell holds: its accumulator taken apart by KPI, and what came to it since its rows were last made."""

from __future__ import annotations

from streams.accumulators import SLOTS, Vector, difference

Parts = dict[int, Vector]
"""The position of a KPI in the catalogue → its slots, counted from 0; no vector is empty."""


class CellSum:
    """``parts`` is what the cell's rows were last made of, ``pending`` what was added since, with its zeros."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.pending: Vector = {}

    @staticmethod
    def of(vector: Vector) -> CellSum:
        """A cell whose rows were made of all that it holds."""
        found = CellSum({})
        found.add(vector)
        found.take()
        return found

    def add(self, delta: Vector) -> None:
        """Add to what is pending."""
        pending = self.pending
        for slot, amount in delta.items():
            pending[slot] = pending.get(slot, 0) + amount

    def change_to(self, vector: Vector) -> None:
        """Let what is pending lead to the sum ``vector``."""
        self.pending = difference(vector, joined(self.parts))

    def take(self) -> Parts:
        """Add what is pending to ``parts``, for rows to be made of; the changes, without zeros."""
        change: Parts = {}
        for slot, amount in self.pending.items():
            if amount:
                position = slot // SLOTS
                changed = change.get(position)
                if changed is None:
                    changed = change[position] = {}
                changed[slot - position * SLOTS] = amount
        self.pending = {}
        for position, changed in change.items():
            self._add(position, changed)
        return change

    def _add(self, position: int, changed: Vector) -> None:
        part = self.parts.get(position)
        if part is None:
            part = self.parts[position] = {}
        for slot, amount in changed.items():
            n = part.get(slot, 0) + amount
            if n:
                part[slot] = n
            else:
                del part[slot]
        if not part:
            del self.parts[position]

    def before(self, position: int, change: Parts) -> Vector:
        """What the rows of a KPI were made of before the change that was taken last; not to be changed."""
        part = self.parts.get(position, {})
        changed = change.get(position)
        return part if changed is None else difference(part, changed)

    def all_before(self, change: Parts) -> Parts:
        """``before`` of all KPIs."""
        positions = {*self.parts, *change}
        return {position: part for position in positions if (part := self.before(position, change))}


def joined(parts: Parts) -> Vector:
    """What was taken apart by KPI, as one accumulator."""
    return {position * SLOTS + slot: amount for position, part in parts.items() for slot, amount in part.items()}
