"""Records to events: one pass into frozen structs, or a ``Rejected`` that says why not.

The plain event takes the fast way: one typed decode by msgspec. Whatever that refuses, or may not
give back word for word (unknown fields, nulls, an unusual time), takes the careful way, which
finds the reason of the refusal or keeps the event's canonical JSON beside its fields.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any, Final

import msgspec
import orjson
from msgspec import structs

from schemas.envelope import Headers, Reason, Rejected, structured
from schemas.envelopes import ENVELOPES, Envelope
from schemas.event import Event
from schemas.events import TOPIC_OF, TYPES, EmailReplied, Judgement, Millis
from schemas.instants import UNUSUAL, parse, spell
from schemas.publishing import dumps
from schemas.results import DeadLetter, timestamp

__all__ = ["Reason", "Rejected", "canonical", "dead_letter", "decoder", "encode"]

LARGEST: Final = 1 << 20
"""Bytes of the largest value that is read."""
EARLIEST: Final[Millis] = 946_684_800_000
"""2000-01-01: events before it are ancient."""
LATEST: Final[Millis] = 253_370_764_800_000
"""9999-01-01: events after it are future on any clock, so that no window ends past the calendar."""
FUTURE_SKEW: Final[Millis] = 600_000

_null = re.compile(b"null").search

Decode = Callable[[bytes | None, bytes | None, Headers, Millis | None], Event]
"""Key, value, headers and the broker's time (None on the event clock) to the event, or ``Rejected``."""

Judge = Callable[[EmailReplied], Judgement | None]
"""What is made of a reply that has a text, while it has it."""


def decoder(
    topic: str, *, future_skew: Millis = FUTURE_SKEW, keep_text: bool = False, judge: Judge | None = None
) -> Decode:
    """What reads the records of one input topic, named without its prefix.

    Without ``keep_text`` the text of a reply is forgotten here, and conflicting contents are
    compared without it; before that ``judge`` is asked about it.
    """
    union: Any = reduce(or_, (ENVELOPES[kind] for kind in TYPES[topic]))
    decode = msgspec.json.Decoder(union).decode
    last_measured = LATEST - future_skew

    def read(key: bytes | None, value: bytes | None, headers: Headers, broker_time: Millis | None) -> Event:
        if headers:
            value = structured(value, headers)
        if value is None or len(value) > LARGEST:
            raise _unreadable(value)
        try:
            found = decode(value)
            time, spelling = parse(found.time)
            data = found.data
            plain = spelling != UNUSUAL and not _null(value)
        except (ValueError, msgspec.MsgspecError, RecursionError):
            plain = False
        if plain:
            judged = None
            if type(data) is EmailReplied and data.text is not None:
                judged = judge(data) if judge is not None else None
                data = data if keep_text else structs.replace(data, text=None)
            event = Event(found.kind, time, found.source, found.id, found.subject, data, spelling, None, judged)
        else:
            event = _careful(topic, value, keep_text, judge)
            time = event.time
        if key != event.subject.encode():
            raise Rejected("key_mismatch", "$.subject", "the record's key is not the subject in UTF-8")
        # A record without a timestamp has -1, and a producer's own may be any number.
        latest = LATEST
        if broker_time is not None and 0 <= broker_time <= last_measured:
            latest = broker_time + future_skew
        if not EARLIEST <= time <= latest:
            raise _untimely(time)
        return event

    return read


def canonical(event: Event) -> str:
    """The event's canonical JSON: structured mode, keys sorted, no spaces."""
    return event.raw if event.raw is not None else _rebuilt(event).decode()


def encode(event: Event) -> bytes:
    """The event in structured mode, as it is produced."""
    return canonical(event).encode()


def dead_letter(
    rejected: Rejected,
    topic: str,
    partition: int,
    offset: int,
    broker_time: Millis,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
) -> DeadLetter:
    """The record whole, with its address and why it was refused; ``topic`` is the full name."""
    return DeadLetter(
        reason=rejected.reason,
        path=rejected.path,
        detail=rejected.detail,
        topic=topic,
        partition=partition,
        offset=offset,
        # A producer can stamp a record with any number at all.
        time=timestamp(min(max(broker_time, 0), LATEST)),
        key=_base64(key),
        value=_base64(value),
        headers=[(name, _base64(text)) for name, text in headers],
    )


def _careful(topic: str, value: bytes, keep_text: bool, judge: Judge | None) -> Event:
    document = _object(value)
    found = _converted(document, _kind(document, topic))
    judged = None
    if isinstance(found.data, EmailReplied):
        judged = judge(found.data) if judge is not None and found.data.text is not None else None
        if not keep_text:
            document["data"].pop("text", None)
            found.data = structs.replace(found.data, text=None)
    try:
        time, spelling = parse(found.time.upper())
    except ValueError as error:
        raise Rejected("wrong_type", "$.time", str(error)) from None
    event = Event(found.kind, time, found.source, found.id, found.subject, found.data, max(spelling, 0), None, judged)
    if not EARLIEST <= time <= LATEST:
        raise _untimely(time)
    whole = _canonical(document)
    if whole != _rebuilt(event):
        event.raw = whole.decode()
    return event


def _object(value: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Rejected("undecodable", "$", str(error)) from None
    if not isinstance(document, dict):
        raise Rejected("wrong_type", "$", "expected an object")
    return document


def _kind(document: dict[str, Any], topic: str) -> str:
    if "type" not in document:
        raise Rejected("missing_field", "$.type", "Object missing required field `type`")
    kind = document["type"]
    if not isinstance(kind, str):
        raise Rejected("wrong_type", "$.type", "expected a string")
    if kind not in TOPIC_OF:
        raise Rejected("unknown_type", "$.type", f"no such type: {kind}")
    if TOPIC_OF[kind] != topic:
        raise Rejected("wrong_topic", "$.type", f"{kind} belongs to the topic {TOPIC_OF[kind]}")
    return kind


def _converted(document: dict[str, Any], kind: str) -> Envelope:
    envelope = ENVELOPES[kind]
    known = {name: document[name] for name in (*envelope.__struct_fields__, "type") if name in document}
    if isinstance(known.get("data"), dict):
        names = TYPES[TOPIC_OF[kind]][kind].__struct_encode_fields__
        known["data"] = {name: known["data"][name] for name in names if name in known["data"]}
    try:
        return msgspec.convert(known, envelope)
    except msgspec.ValidationError as error:
        raise refusal(str(error)) from None


_PLACE = re.compile(r"(.*) - at `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(\w+)`")


def refusal(message: str) -> Rejected:
    """What one of msgspec's validation messages says, in the contract's words."""
    place = _PLACE.fullmatch(message)
    detail, path = place.groups() if place else (message, "$")
    missing = _MISSING.fullmatch(detail)
    if missing:
        return Rejected("missing_field", f"{path}.{missing[1]}", detail)
    return Rejected("wrong_type", path, detail)


def _unreadable(value: bytes | None) -> Rejected:
    if value is None:
        return Rejected("undecodable", "$", "the record has no value")
    return Rejected("too_large", "$", f"{len(value)} bytes, at most {LARGEST} are read")


def _untimely(time: Millis) -> Rejected:
    if time < EARLIEST:
        return Rejected("ancient", "$.time", "before 2000")
    return Rejected("future", "$.time", "ahead of the broker's clock by more than the future skew")


def _canonical(document: dict[str, Any]) -> bytes:
    try:
        return dumps(document, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        # orjson reads what is nested more deeply than it writes.
        raise Rejected("undecodable", "$", str(error)) from None


def _rebuilt(event: Event) -> bytes:
    document = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": spell(event.time, event.spelling),
        "subject": event.subject,
        "data": msgspec.to_builtins(event.data),
    }
    return dumps(document, option=orjson.OPT_SORT_KEYS)


def _base64(content: bytes | None) -> str | None:
    return None if content is None else b64encode(content).decode()
