"""Recorded events read back, as the worker read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.classification import classify, judge
from schemas.decoding import decoder
from schemas.event import Event
from schemas.events import Judgement, Millis

TOPICS: Final = ("leads", "calls", "emails", "deals")
_DECODERS: Final = {topic: decoder(topic, keep_text=True, judge=judge) for topic in TOPICS}


class Recorded(NamedTuple):
    """An event, and when Kafka had it first."""

    event: Event
    received_at: Millis


def merges(client: Client) -> dict[str, str]:
    """Every lead that was merged into another, and which: the first that it was."""
    query = (
        "SELECT subject, argMin(JSONExtractString(body, 'data', 'into'), (time, source, id)) FROM events_once"
        " WHERE type = 'lead.merged' GROUP BY subject"
    )
    return dict(client.query(query).result_rows)


def subjects(client: Client, start: Millis | None = None, end: Millis | None = None) -> list[str]:
    """Whoever an event is of with its time in ``[start, end)``, in order; without bounds everybody."""
    query = (
        "SELECT DISTINCT subject FROM events WHERE topic IN %(topics)s"
        " AND time >= fromUnixTimestamp64Milli(%(start)s) AND time < fromUnixTimestamp64Milli(%(end)s)"
        " ORDER BY subject"
    )
    bounds = {"start": start or 0, "end": end or 4_102_444_800_000, "topics": TOPICS}
    return [subject for (subject,) in client.query(query, parameters=bounds).result_rows]


def events(client: Client, leads: Sequence[str]) -> list[Recorded]:
    """Everything recorded of these subjects, each content of an identity once."""
    query = (
        "SELECT topic, subject, body, any(if(reply_kind = '', reply_class, reply_kind)),"
        " min(toUnixTimestamp64Milli(received_at)) FROM events"
        " WHERE subject IN %(leads)s AND topic IN %(topics)s GROUP BY subject, topic, source, id, time, body"
    )
    found: Iterable[tuple[Any, ...]] = client.query(
        query, parameters={"leads": list(leads), "topics": TOPICS}
    ).result_rows
    return [
        Recorded(_judged(_DECODERS[topic](subject.encode(), body.encode(), (), None), kind), received_at)
        for topic, subject, body, kind, received_at in found
    ]


def _judged(event: Event, kind: Any) -> Event:
    """With what its text was found to be, which is not in the body where texts are not kept."""
    if event.type != "email.replied" or not kind or classify(event) is not None:
        return event
    event.judged = Judgement(kind, "its text when it came", 0)
    return event
