"""Of very many teams those that count most have series of their own, the rest is one."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Final

OTHER: Final = "other"
"""The team that stands for those without series of their own."""


def folded(counts: Mapping[str, int], most: int) -> Set[str]:
    """The teams beyond the ``most`` with the largest counts, by name where these are equal."""
    if len(counts) <= most:
        return frozenset()
    ranked = sorted(counts.keys() - {OTHER}, key=lambda team: (-counts[team], team))
    return counts.keys() - set(ranked[:most])
