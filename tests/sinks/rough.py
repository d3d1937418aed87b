"""Leads whose events come thick and in no sensible order: what a simulated floor hardly ever does."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

import orjson

from schemas.results import timestamp

START: Final = 1_772_442_000_000
"""2026-03-02T09:00:00Z."""
_MINUTE: Final = 60_000
_SPANS: Final = (4, 40, 3_000, 60_000)
"""Minutes over which a lead's events are spread."""

_MESSAGES = ("m-1", "m-2", "m-3")
_REPS = (None, "r-1", "r-2")
_YES = (None, True, False)
_HEADERS: Final[tuple[dict[str, str] | None, ...]] = (
    None,
    {},
    {"Subject": "hi"},
    {"Auto-Submitted": " No"},
    {"AUTO-submitted": "auto-replied"},
    {"Precedence": "Bulk "},
    {"X-Autoreply": ""},
    {"precedence": "auto_reply"},
)
_PRICES: Final[dict[str, tuple[Any, ...]]] = {
    "amount": (None, "100", "0.10", "-3.000000000001", 12.5, 40),
    "currency": (None, "EUR", "USD", ""),
    "units": (None, 1, 2.5),
}
_KINDS: Final[dict[str, dict[str, tuple[Any, ...]]]] = {
    "lead.engaged": {
        "qualified": (None, True, False, True),
        "owner": (*_REPS, ""),
        "team": (None, "t-1"),
        "temperature": (None, "hot", "cold"),
        "source": (None, "web", "", 'o\'neill \\ "söhne"\n'),
        "region": (None, "emea"),
    },
    "lead.assigned": {"owner": ("r-1", "r-2", "r-3"), "team": (None, "t-1", "t-2")},
    "lead.closed": {"reason": (None, "disqualified", "recycled", "disqualified", "duplicate")},
    "lead.stage_changed": {"stage": ("mql", "sql", "lead"), "temperature": (None, "hot", "warm")},
    "call.completed": {
        "direction": ("outbound", "inbound"),
        "rep": _REPS,
        "team": (None, "t-9"),
        "answered": _YES,
        "automatic": (*_YES, None),
        "kind": (None, "call", "demo", "meeting"),
        "talk_seconds": (None, 0, 29.5, 30, 90),
        "rep_talk_seconds": (None, 20, 40.25),
        "duration_seconds": (None, 5, 31),
        "outcome": (None, None, "positive", "negative"),
        "customer": (None, "new", "existing"),
    },
    "email.sent": {
        "message_id": _MESSAGES,
        "rep": _REPS,
        "channel": (None, "sms", "email"),
        "automatic": (None, None, True),
        "personalized_elements": (None, 0, 2),
        "customer": (None, "new"),
    },
    "email.delivered": {"message_id": _MESSAGES},
    "email.bounced": {"message_id": (*_MESSAGES, "m-4")},
    "email.opened": {"message_id": _MESSAGES, "machine": _YES},
    "email.clicked": {"message_id": _MESSAGES, "machine": _YES},
    "email.replied": {
        "in_reply_to": (None, "m-1", "m-2", "m-9"),
        "channel": (None, "sms"),
        "class": (None, "positive", "negative", "neutral", "auto", "bounce"),
        "headers": _HEADERS,
    },
    "deal.opened": {
        "deal_id": ("d", "e"),
        "stage": (None, "proposal", "contract"),
        "rep": (None, "r-5"),
        "region": (None, "apac"),
        **_PRICES,
    },
    "deal.stage_changed": {"deal_id": ("d", "e"), "stage": ("proposal", "contract"), "team": (None, "t-5")},
    "deal.won": {
        "deal_id": ("d", "e"),
        "rep": (*_REPS, ""),
        "team": (None, "t-5"),
        "region": (None, "emea"),
        **_PRICES,
    },
    "deal.lost": {"deal_id": ("d", "e"), "reason": (None, "price", ""), "rep": _REPS, "amount": (None, "5")},
    "call.scheduled": {
        "call_id": ("c", "f"),
        "due_at": (None, "2026-03-05T10:00:00Z", "2026-03-05T10:00:00+05:00", "soon", "1999-01-01T00:00:00Z"),
        "rep": _REPS,
    },
    "call.missed": {"call_id": ("c",)},
}
_OFTEN: Final = (*_KINDS, "lead.engaged", "call.completed", "email.sent", "email.replied")


def rough(seed: int, leads: int) -> list[bytes]:
    """JSON lines in a random order: repeats, conflicting contents, nulls and merges (circles too) among them."""
    random = Random(seed)
    lines: list[bytes] = []
    for number in range(leads):
        span = random.choice(_SPANS)
        for _ in range(random.randint(1, 25)):
            event = _event(random, number, span, len(lines))
            lines += [orjson.dumps(one) for one in _told(random, event)]
    random.shuffle(lines)
    return lines


def _event(random: Random, lead: int, span: int, ident: int) -> dict[str, Any]:
    kind = random.choice(_OFTEN)
    data = {name: random.choice(values) for name, values in _KINDS[kind].items()}
    # Now and then null rather than absent, which means the same.
    data = {name: value for name, value in data.items() if value is not None or random.random() < 0.1}
    if random.random() < 0.02:
        kind, data = "lead.merged", {"into": f"lead-{random.randint(max(0, lead - 3), lead + 3)}"}
    return {
        "specversion": "1.0",
        "id": f"e-{ident}",
        "source": random.choice(("crm", "dialer")),
        "type": kind,
        "time": timestamp(START + random.randint(-3, span) * random.choice((_MINUTE, _MINUTE, _MINUTE // 2, 1))),
        "subject": f"lead-{lead}",
        "data": data,
    }


def _told(random: Random, event: dict[str, Any]) -> list[dict[str, Any]]:
    """The event, and sometimes what contradicts it."""
    contradictions: tuple[Callable[[], dict[str, Any]], ...] = (
        lambda: event,
        lambda: event | {"time": timestamp(START + random.randint(-2, 2) * _MINUTE)},
        lambda: event | {"data": event["data"] | {"aside": 1}},
    )
    return [event, *(told() for told in contradictions if random.random() < 0.1)]
