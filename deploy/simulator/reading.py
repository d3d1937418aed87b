"""From lines or dicts to histories: what is valid, what is the same event, what was merged into what."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import orjson

from deploy.simulator.history import Happening
from deploy.simulator.script import EventDict
from schemas.events import TOPIC_OF, TYPES, Millis
from schemas.publishing import dumps

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ANCIENT: Final = datetime(2000, 1, 1, tzinfo=UTC)
LARGEST: Final = 1024 * 1024
ATTRIBUTES: Final = ("specversion", "id", "source", "type", "time", "subject", "data")

Identity = tuple[str, str, str, str]


class Log:
    """All that was read: the standing event of each identity, and the distinct payloads that are of no use."""

    def __init__(self) -> None:
        self.read = 0
        self.standing: dict[Identity, tuple[bytes, EventDict]] = {}
        self.refused: dict[bytes, str] = {}

    def take(self, item: EventDict | bytes) -> None:
        """Keep an event or a line; of two contents of one identity the smaller canonical JSON stands."""
        self.read += 1
        if isinstance(item, bytes):
            reason = refusal(item.strip())
            if reason is not None:
                self.refused[item.strip()] = reason
                return
        event = orjson.loads(item) if isinstance(item, bytes) else dict(item)
        # The text of replies is not kept, so it is no part of what is compared.
        kept = event | {"data": {name: value for name, value in event["data"].items() if name != "text"}}
        identity = (TOPIC_OF[event["type"]], event["subject"], event["source"], event["id"])
        content = (dumps(kept, option=orjson.OPT_SORT_KEYS), event)
        self.standing[identity] = min(self.standing.get(identity, content), content, key=lambda pair: pair[0])

    def counts(self) -> dict[str, Any]:
        """Read, distinct and dead letters by reason, as ``replay --json`` gives them."""
        reasons = sorted(self.refused.values())
        letters = {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
        return {"read": self.read, "distinct": len(self.standing), "dead_letters": letters}

    def leads(self) -> dict[str, list[Happening]]:
        """Every subject that was not merged away → its events and those of what was merged into it."""
        events = [event for _, event in self.standing.values()]
        into = _merged([event for event in events if event["type"] == "lead.merged"])
        leads: dict[str, list[Happening]] = defaultdict(list)
        for event in events:
            lead = _last(event["subject"], into)
            if lead is not None and event["type"] != "lead.merged":
                leads[lead].append(happening(event))
        return leads


def refusal(line: bytes) -> str | None:
    """Why a line of a recorded log is a dead letter; None where it is an event."""
    if len(line) > LARGEST:
        return "too_large"
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return "undecodable"
    if not isinstance(event, dict):
        return "wrong_type"
    if any(name not in event for name in ATTRIBUTES):
        return "missing_field"
    if not all(isinstance(event[name], str) and event[name] for name in ATTRIBUTES[:-1]):
        return "wrong_type"
    if event["specversion"] != "1.0":
        return "wrong_type"
    if event["type"] not in TOPIC_OF:
        return "unknown_type"
    return _untimely(event["time"]) or _misfit(event["type"], event["data"])


def _untimely(text: str) -> str | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return "wrong_type"
    if time.tzinfo is None:
        return "wrong_type"
    return "ancient" if time < ANCIENT else None


def _misfit(kind: str, data: Any) -> str | None:
    """Whether the known fields are what the contract says; unknown ones are ignored."""
    if not isinstance(data, dict):
        return "wrong_type"
    shape = TYPES[TOPIC_OF[kind]][kind]
    known = set(shape.__struct_encode_fields__)
    try:
        msgspec.convert({name: value for name, value in data.items() if name in known}, shape)
    except msgspec.ValidationError as error:
        return "missing_field" if "missing required field" in str(error) else "wrong_type"
    return None


def happening(event: EventDict) -> Happening:
    """The event with its time in milliseconds."""
    return Happening(millis(event["time"]), event["source"], event["id"], event["type"], event["data"])


def millis(text: str) -> Millis:
    """RFC 3339 → milliseconds since 1970, cut down."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)


def _merged(events: list[EventDict]) -> dict[str, str]:
    """Subject → what it was first merged into."""
    into: dict[str, str] = {}
    for event in sorted(events, key=lambda event: happening(event).order):
        into.setdefault(event["subject"], event["data"]["into"])
    return into


def _last(lead: str, into: dict[str, str]) -> str | None:
    """The end of a chain of merges; None for a circle, from which no lead is left."""
    seen: set[str] = set()
    while lead in into:
        if lead in seen:
            return None
        seen.add(lead)
        lead = into[lead]
    return lead
