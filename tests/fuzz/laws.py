"""What holds for any record at all: it is an event or a dead letter, whole, and both readers say the same of it."""

from __future__ import annotations

from base64 import b64decode
from functools import cache
from typing import Any, Final, get_args

import orjson
from jsonschema import Draft202012Validator

from deploy.render.schemas import files
from deploy.topics import TOPICS
from schemas.decoding import Rejected, canonical, dead_letter, decoder, encode
from schemas.envelope import Reason
from schemas.event import Event
from schemas.events import TYPES
from schemas.publishing import published
from schemas.settings import Settings
from sinks.clickhouse.rows import Parsed, Row, Unusable, parsers
from streams.timelines import Timeline, absorb
from tests.fuzz.records import Arrival

SETTINGS: Final = Settings(_env_file=None, row_interval=0, windows="1h,1d,all", dead_letter_share=1, keep_text=True)
REASONS: Final = frozenset(get_args(Reason))
_DECODERS: Final = {topic: decoder(topic, keep_text=True) for topic in TYPES}
_PARSERS: Final = parsers(SETTINGS)
_LARGEST_LETTER: Final = next(
    int(topic.config["max.message.bytes"]) for topic in TOPICS if topic.name == "dead-letters"
)


def judge(arrival: Arrival) -> Event | Rejected:
    """What the worker makes of a record, after all that holds for it has been asserted."""
    outcome = decoded(arrival)
    row = written(SETTINGS.topic(arrival.topic), arrival)
    if isinstance(outcome, Event):
        _is_kept(outcome, arrival)
        assert isinstance(row, Row), f"the worker uses what the sink skips: {row}"
        assert row.values[:7] == (
            *(outcome.subject, arrival.topic, outcome.source, outcome.id, outcome.time, outcome.type),
            canonical(outcome),
        )
    else:
        _is_whole(outcome, arrival)
        # A target is withdrawn by a record without a value, which no worker reads.
        assert isinstance(row, Unusable) or arrival.topic == "targets", (
            f"the sink writes what the worker refuses: {row}"
        )
    return outcome


def decoded(arrival: Arrival) -> Event | Rejected:
    """The worker's reading of it."""
    try:
        return _DECODERS[arrival.topic](arrival.key, arrival.value, arrival.headers, arrival.timestamp)
    except Rejected as rejected:
        return rejected


def written(topic: str, arrival: Arrival) -> Parsed | Unusable:
    """The sink's reading of it; ``topic`` is the full name."""
    try:
        return _PARSERS[topic](arrival)
    except Unusable as reason:
        return reason


def check(name: str, value: bytes | None) -> dict[str, Any]:
    """The JSON of a published result, valid against its schema."""
    document = orjson.loads(value or b"")
    error = next(_validator(name).iter_errors(document), None)
    assert error is None, f"{name}: {error}"
    assert isinstance(document, dict)
    return document


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(orjson.loads(files()[f"deploy/schemas/{name}.json"]))


def _is_kept(event: Event, arrival: Arrival) -> None:
    """It is written back as it came, reads the same again, and survives being stored."""
    again = _DECODERS[arrival.topic](event.subject.encode(), encode(event), (), None)
    assert (again, canonical(again)) == (event, canonical(event))
    if arrival.topic in ("observations", "targets"):
        return
    timeline = Timeline(event.subject)
    absorb(timeline, event)
    [loaded] = Timeline.load(event.subject, [timeline.encode_chunk(0)]).events
    assert (loaded, canonical(loaded)) == (event, canonical(event))


def _is_whole(rejected: Rejected, arrival: Arrival) -> None:
    """Its dead letter is valid, carries every byte, and fits into its topic and its table."""
    assert rejected.reason in REASONS
    topic = SETTINGS.topic(arrival.topic)
    record = (topic, 3, arrival.offset, arrival.timestamp, arrival.key, arrival.value, arrival.headers)
    value = published(dead_letter(rejected, *record))
    is_carried(check("dead-letter", value), arrival)
    assert len(value) + len(arrival.key or b"") < _LARGEST_LETTER, f"a letter of {len(value)} bytes"
    assert isinstance(written(SETTINGS.topic("dead-letters"), arrival._replace(value=value, headers=())), Row)


def is_carried(letter: dict[str, Any], arrival: Arrival) -> None:
    """The letter holds the record's bytes."""
    held = (_bytes(letter["key"]), _bytes(letter["value"]), [(name, _bytes(text)) for name, text in letter["headers"]])
    assert held == (arrival.key, arrival.value, [tuple(pair) for pair in arrival.headers])


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text, validate=True)
