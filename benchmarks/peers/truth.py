"""What the answers have to be, computed from all the events at once; shares nothing with the engines' code."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

Cells = dict[tuple[str, int], tuple[int, ...]]
"""By team and start of the window (milliseconds since 1970): the fields of ``work.FIELDS``."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = 60_000
_DAY = 1440 * _MINUTE


def truth(lines: Iterable[bytes]) -> Cells:
    """The cells of all events, those that count nothing left out."""
    histories: defaultdict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for line in lines:
        event = json.loads(line)
        if not event["type"].startswith("deal."):
            histories[event["subject"]].append((_instant(event["time"]), event))
    cells: defaultdict[tuple[str, int], list[int]] = defaultdict(lambda: [0] * 11)
    for history in histories.values():
        _count(sorted(history, key=lambda item: item[0]), cells)
    return {key: tuple(cell) for key, cell in cells.items()}


def _instant(text: str) -> int:
    return round((datetime.fromisoformat(text) - _EPOCH).total_seconds() * 1000)


def _count(history: list[tuple[int, dict[str, Any]]], cells: dict[tuple[str, int], list[int]]) -> None:
    """One lead, its events in the order of their time."""
    engaged = next((at for at, event in history if event["type"] == "lead.engaged"), None)
    touches = [(at, event["data"]["team"]) for at, event in history if _is_touch(event)]
    replies = [at for at, event in history if event["type"] == "email.replied"]
    if touches:
        first, team = touches[0]
        cell = cells[team, first // (5 * _MINUTE) * 5 * _MINUTE]
        cell[9] += 1
        cell[10] += any(0 <= reply - at <= 30 * _DAY for reply in replies for at, _ in touches)
    if engaged is None:
        return
    answer = next(((at, team) for at, team in touches if at >= engaged - _MINUTE), None)
    owner = next(event["data"]["team"] for _, event in history if event["type"] == "lead.engaged")
    cell = cells[answer[1] if answer else owner, engaged // (5 * _MINUTE) * 5 * _MINUTE]
    cell[0] += 1
    if answer:
        waited = max(0, answer[0] - engaged)
        cell[1] += 1
        cell[2] += waited
        for field, minutes in enumerate((5, 15, 60, 240, 1440), start=3):
            cell[field] += waited <= minutes * _MINUTE
        cell[8] += waited <= _DAY


def _is_touch(event: dict[str, Any]) -> bool:
    data = event["data"]
    return event["type"] == "email.sent" or (event["type"] == "call.completed" and data["direction"] == "outbound")
