"""What one record becomes: a row of a table, the end of a key, a lead to be forgotten, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol, get_args

import msgspec
import orjson
from msgspec import Raw, Struct

from schemas.catalogue import Family
from schemas.classification import classify, judge
from schemas.decoding import Rejected, canonical, decoder
from schemas.event import Event
from schemas.events import Millis
from schemas.forgetting import TOPIC as FORGETS
from schemas.forgetting import Forget, request
from schemas.results import DeadLetter, LeadFacts
from schemas.settings import Settings


class Record(Protocol):
    """What is used of a record read from Kafka; ``timestamp`` in milliseconds."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> Millis: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Row(NamedTuple):
    """Values in the order of ``COLUMNS[table]``."""

    table: str
    values: tuple[Any, ...]


class Tombstone(NamedTuple):
    """The end of all rows of ``table`` under ``key`` that were written before (``written_at``, ``position``)."""

    table: str
    key: tuple[Any, ...]
    written_at: Millis
    position: int


class Unusable(Exception):
    """A record that is not what its topic promises. On the input topics the worker makes it a dead letter."""


Parsed = Row | Tombstone | Forget | None
Parse = Callable[[Record], Parsed]

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "events": (
        *("subject", "topic", "source", "id", "time", "type", "body", "reply_class", "reply_kind", "received_at"),
        "position",
    ),
    "kpis": (
        *("family", "kpi", "grouping", "dimensions", "window", "start", "end", "basis", "value", "exact", "count"),
        *("numerator", "denominator", "statistics", "revision", "final", "watermark", "written_at", "position"),
        "deleted",
    ),
    "lead_facts": (*LeadFacts.__struct_fields__, "written_at", "position", "deleted"),
    "sla_events": (
        *("lead", "identity", "name", "clock", "policy", "step", "team", "owner", "at", "revision", "body"),
        "written_at",
    ),
    "dead_letters": (*DeadLetter.__struct_fields__, "written_at"),
}
"""Table → the columns that are written; the others have defaults."""

_LATEST: Final[Millis] = 4_102_444_800_000
INPUTS: Final = ("leads", "calls", "emails", "deals", "observations", "targets")
FAMILIES: Final = (*get_args(Family), "target")


class _Kpi(Struct):
    kpi: str
    grouping: str
    dimensions: Raw
    window: str
    start: str
    end: str | None
    basis: str
    value: float | str | None
    count: int
    numerator: float | str | None
    denominator: float | str | None
    statistics: Raw
    revision: int = 0
    final: bool = False
    watermark: str | None = None


_KPI: Final = msgspec.json.Decoder(_Kpi)
_KPI_KEY: Final = msgspec.json.Decoder(tuple[str, str, dict[str, str], str, str])
_FACTS: Final = msgspec.json.Decoder(LeadFacts)
_LETTER: Final = msgspec.json.Decoder(DeadLetter)
_FACT_TIMES: Final = frozenset(
    {"engaged_at", "first_touch_at", "contact_made_at", "closed_at", "last_event_at"} & set(LeadFacts.__struct_fields__)
)


def parsers(settings: Settings) -> dict[str, Parse]:
    """Full topic name → what makes rows of its records; they raise ``Unusable``."""
    by_name: dict[str, Parse] = {name: _event_parser(name, settings) for name in INPUTS}
    by_name |= {f"kpi.{family}": _kpi_parser(family, settings) for family in FAMILIES}
    by_name |= {"lead-facts": _lead_facts, "sla": _sla_event, "dead-letters": _dead_letter, FORGETS: _forget}
    return {settings.topic(name): _strict(parse) for name, parse in by_name.items()}


def _strict(parse: Parse) -> Parse:
    def parsed(record: Record) -> Parsed:
        try:
            return parse(record)
        except (Rejected, msgspec.MsgspecError, ValueError, TypeError) as error:
            raise Unusable(str(error)) from error

    return parsed


def _event_parser(topic: str, settings: Settings) -> Parse:
    decode = decoder(topic, future_skew=settings.future_skew, keep_text=settings.keep_text, judge=judge)

    def parse(record: Record) -> Row | Tombstone:
        if topic == "targets" and record.value is None and record.key is not None:
            return Tombstone("targets", (record.key.decode(),), _written_at(record), record.offset)
        event = decode(record.key, record.value, record.headers, record.timestamp)
        body = canonical(event)
        identity = (event.subject, topic, event.source, event.id)
        return Row(
            "events",
            (*identity, event.time, event.type, body, *_found_to_be(event), _written_at(record), record.offset),
        )

    return parse


def _found_to_be(event: Event) -> tuple[str, str]:
    """Class and kind of a reply, whose text may not be kept; empty of one without class, and of all else."""
    judgement = classify(event) if event.type == "email.replied" else None
    return ("", "") if judgement is None else (judgement.class_, judgement.kind)


def _kpi_parser(family: str, settings: Settings) -> Parse:
    keep = settings.keep_windows

    def parse(record: Record) -> Row | Tombstone | None:
        if record.value is None:
            kpi, grouping, dimensions, window, start = _KPI_KEY.decode(record.key or b"")
            if window in keep and (_millis(start) or 0) + keep[window] <= _written_at(record):
                # The worker keeps the window no longer. How long its rows are kept here, their table's retention says.
                return None
            key = (kpi, grouping, window, _millis(start), _sorted_json(dimensions))
            return Tombstone("kpis", key, _written_at(record), record.offset)
        row = _KPI.decode(record.value)
        values = (
            *(family, row.kpi, row.grouping, _canonical_dimensions(bytes(row.dimensions)), row.window),
            *(_millis(row.start), _millis(row.end), row.basis, _number(row.value)),
            *(row.value if isinstance(row.value, str) else "", row.count),
            *(_number(row.numerator), _number(row.denominator), bytes(row.statistics).decode()),
            *(row.revision, row.final, _millis(row.watermark), _written_at(record), record.offset, 0),
        )
        return Row("kpis", values)

    return parse


def _lead_facts(record: Record) -> Row | Tombstone:
    if record.value is None:
        return Tombstone("lead_facts", ((record.key or b"").decode(),), _written_at(record), record.offset)
    facts = msgspec.structs.asdict(_FACTS.decode(record.value))
    for name in _FACT_TIMES:
        facts[name] = _millis(facts[name])
    return Row("lead_facts", (*facts.values(), _written_at(record), record.offset, 0))


def _sla_event(record: Record) -> Row:
    event = orjson.loads(record.value or b"")
    if not isinstance(event, dict):
        raise Unusable("expected an object")
    names = tuple(str(event.get(name) or "") for name in ("name", "clock", "policy", "step", "team", "owner"))
    lead = str(event.get("lead") or (record.key or b"").decode())
    whole = orjson.dumps(event, option=orjson.OPT_SORT_KEYS).decode()
    # An announcement without a name of its own is known by its content: twice the same is once.
    identity = str(event.get("identity") or whole)
    revision = int(event.get("revision") or 0)
    return Row("sla_events", (lead, identity, *names, _millis(event.get("at")), revision, whole, _written_at(record)))


def _dead_letter(record: Record) -> Row:
    letter = msgspec.structs.asdict(_LETTER.decode(record.value or b""))
    letter["time"] = _millis(letter["time"])
    letter["headers"] = orjson.dumps(letter["headers"]).decode()
    return Row("dead_letters", (*letter.values(), _written_at(record)))


def _forget(record: Record) -> Forget | None:
    found = request(record.key, record.value)
    # What one lead was given of another is in its timeline only; here each event has its own subject.
    return None if found is None or found.holder else found


def _written_at(record: Record) -> Millis:
    # A producer can stamp a record with any number at all; later than this, ClickHouse's retention overflows.
    return min(max(record.timestamp, 0), _LATEST)


def _number(value: float | str | None) -> float | None:
    return None if value is None else float(value)


@lru_cache(maxsize=100_000)
def _millis(text: str | None) -> Millis | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1000)


@lru_cache(maxsize=100_000)
def _canonical_dimensions(text: bytes) -> str:
    return _sorted_json(msgspec.json.decode(text, type=dict[str, str]))


def _sorted_json(dimensions: dict[str, str]) -> str:
    return orjson.dumps(dimensions, option=orjson.OPT_SORT_KEYS).decode()
