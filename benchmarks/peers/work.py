"""The work as a peer in Python does it, with nothing of the pipeline in it: it runs in environments of the peers.

Of a lead the least is kept that gives the right answers whatever the order: the earliest engagement and touch, the
latest reply. Everything is JSON, so that any engine can keep it and send it.
"""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

LIMITS = (300_000, 900_000, 3_600_000, 14_400_000, 86_400_000)
"""Milliseconds within which answers are counted; the last is the horizon of the follow-up rate, too."""
FIELDS = ("engaged", "answered", "milliseconds", "5m", "15m", "1h", "4h", "24h", "followed_up", "contacted", "replied")
"""What a cell counts, in this order."""
WINDOW = 300_000
TOPICS = ("leads", "calls", "emails", "deals")

Change = tuple[str, int, list[int]]
"""Team, start of the window in milliseconds, and what to add to each field of the cell."""


class Work(NamedTuple):
    """Where an engine finds its work and leaves its results, from the environment."""

    kafka: str
    topics: list[str]
    results: str
    group: str
    directory: Path
    events: int

    @classmethod
    def given(cls) -> Work:
        env = os.environ
        return cls(
            env["PEERS_KAFKA"],
            [f"{env['PEERS_INPUT']}.{topic}" for topic in TOPICS],
            env["PEERS_RESULTS"],
            env["PEERS_GROUP"],
            Path(env["PEERS_DIRECTORY"]),
            int(env["PEERS_EVENTS"]),
        )


class Marks:
    """Says, in files that are seen from outside, when an engine read its first event and half of them."""

    def __init__(self, work: Work) -> None:
        self._directory = work.directory
        self._half = work.events // 2
        self._seen = 0

    def seen(self, events: int = 1) -> None:
        """So many more events were read."""
        before = self._seen
        self._seen += events
        if before == 0:
            self.mark("consuming")
        if before < self._half <= self._seen:
            self.mark("half")

    def mark(self, name: str) -> None:
        """Now is the instant that ``name`` stands for."""
        made = self._directory / f"{name}.making"
        made.write_text(str(time.monotonic_ns()))
        made.rename(self._directory / name)


def absorb(lead: list[Any] | None, event: dict[str, Any]) -> tuple[list[Any], list[Change]]:
    """The lead with the event in it, and by how much cells change.

    A lead is ``[engaged at, its team then, first touched at, its team then, last reply at]``, None where it is not
    known, times in milliseconds.
    """
    known = lead or [None, None, None, None, None]
    after = _with(known, event["type"], event)
    return (after, _changes(known, after)) if after is not known else (known, [])


def _with(lead: list[Any], kind: str, event: dict[str, Any]) -> list[Any]:
    engaged, team, touched, touch_team, replied = lead
    if kind == "lead.engaged":
        at = _millis(event["time"])
        if engaged is None or at < engaged:
            return [at, event["data"]["team"], touched, touch_team, replied]
    elif kind in ("call.completed", "email.sent"):
        at = _millis(event["time"])
        if touched is None or at < touched:
            return [engaged, team, at, event["data"]["team"], replied]
    elif kind == "email.replied":
        at = _millis(event["time"])
        if replied is None or at > replied:
            return [engaged, team, touched, touch_team, at]
    return lead


def _changes(before: list[Any], after: list[Any]) -> list[Change]:
    old, new = _contributions(before), _contributions(after)
    if old == new:
        return []
    changes: list[Change] = []
    for cell in old.keys() | new.keys():
        gone, come = old.get(cell, _NOTHING), new.get(cell, _NOTHING)
        if gone != come:
            changes.append((*cell, [b - a for a, b in zip(gone, come, strict=True)]))
    return changes


_NOTHING = [0] * len(FIELDS)


def _contributions(lead: list[Any]) -> dict[tuple[str, int], list[int]]:
    """What a lead adds to which cells."""
    engaged, team, touched, touch_team, replied = lead
    found: dict[tuple[str, int], list[int]] = {}
    if touched is not None:
        team = touch_team
        found[team, touched - touched % WINDOW] = [*_NOTHING[:9], 1, int(replied is not None and replied >= touched)]
    if engaged is not None:
        cell = found.setdefault((team, engaged - engaged % WINDOW), _NOTHING.copy())
        cell[0] = 1
        if touched is not None:
            waited = max(0, touched - engaged)
            cell[1], cell[2] = 1, waited
            cell[3:8] = [int(waited <= limit) for limit in LIMITS]
            cell[8] = cell[7]
    return found


def add(cell: list[int] | None, change: list[int]) -> list[int]:
    """A cell with a change added to it."""
    return [a + b for a, b in zip(cell, change, strict=True)] if cell else change


def _millis(time: str) -> int:
    at = datetime.fromisoformat(time)
    return int(at.timestamp()) * 1000 + at.microsecond // 1000
