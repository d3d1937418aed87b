"""Which target stands, where several of one line overlap.

At every instant it is the one of the shortest period; of equally long ones that set last (event time, then source and
id). The order in which they came does not matter: each instant has one answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from schemas.events import Millis
from schemas.targets import Target

Span = tuple[Millis, Millis]


class Standing(NamedTuple):
    """A target, the parts of its period in which it stands, in order, and the targets that stand in its place."""

    target: Target
    spans: tuple[Span, ...]
    beaten_by: tuple[Target, ...] = ()


def standing(targets: Iterable[Target]) -> list[Standing]:
    """Every target with where it stands, by line, the shortest first; nowhere where others cover it."""
    lines: dict[tuple[str, str, str, str], list[Target]] = defaultdict(list)
    for target in targets:
        lines[target.line].append(target)
    return [one for line in sorted(lines) for one in _of_line(lines[line])]


def without(span: Span, taken: Iterable[Span]) -> list[Span]:
    """The parts of a span that none of ``taken``, which are in order and may overlap, covers."""
    start, end = span
    left: list[Span] = []
    for other_start, other_end in taken:
        if start < min(other_start, end):
            left.append((start, min(other_start, end)))
        start = max(start, other_end)
    return left if start >= end else [*left, (start, end)]


def _of_line(targets: list[Target]) -> list[Standing]:
    found: list[Standing] = []
    taken: list[Span] = []
    for target in _ranked(targets):
        spans = without((target.start, target.end), taken)
        beaten_by = tuple(other.target for other in found if any(_meet(span, target) for span in other.spans))
        found.append(Standing(target, tuple(spans), beaten_by))
        taken = sorted([*taken, *spans])
    return found


def _ranked(targets: list[Target]) -> list[Target]:
    latest = sorted(targets, key=lambda target: (target.time, target.source, target.id), reverse=True)
    return sorted(latest, key=lambda target: target.end - target.start)


def _meet(span: Span, target: Target) -> bool:
    return span[0] < target.end and target.start < span[1]
