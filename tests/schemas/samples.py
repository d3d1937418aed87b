"""Strategies for events as producers write them, made from the structs themselves."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from schemas.events import TOPIC_OF, TYPES

NASTY = (b"null", b"NaN", b"-0", b"1e999", b'"', b"{}", b"[" * 300, b"\\ud800", b"\xff")
OFFSETS = ("Z", "Z", "Z", "+00:00", "-00:00", "+05:30", "-05:00", "+05:45", "-11:07", "+14:00", "z")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
finite = st.floats(allow_nan=False, allow_infinity=False)
junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def values(shape: inspect.Type) -> st.SearchStrategy[Any]:
    """Whatever a field of this type may hold."""
    match shape:
        case inspect.UnionType(types):
            return st.one_of([values(one) for one in types])
        case inspect.LiteralType(names):
            return st.sampled_from(names)
        case inspect.StrType(pattern=str(pattern)):
            return st.from_regex(pattern, fullmatch=True)
        case inspect.StrType(min_length=least):
            return st.text(st.characters(exclude_categories=["Cs"]), min_size=least or 0, max_size=12)
        case inspect.IntType(ge=low, le=high):
            return st.integers(low if low is None else math.ceil(low), high if high is None else math.floor(high))
        case inspect.FloatType(ge=low, le=high):
            return st.floats(low, high, allow_nan=False, allow_infinity=False)
        case inspect.DictType():
            return st.dictionaries(texts, texts, max_size=3)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
    raise TypeError(shape)


def payloads(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Data of a type: required fields always, the others now and then."""
    info = inspect.type_info(TYPES[TOPIC_OF[kind]][kind])
    assert isinstance(info, inspect.StructType)
    required = {field.encode_name: values(field.type) for field in info.fields if field.required}
    optional = {field.encode_name: values(field.type) for field in info.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional)


@st.composite
def times(draw: st.DrawFn) -> str:
    """RFC 3339 in every spelling, 2000 to 9998."""
    day = draw(st.dates(min_value=date(2000, 1, 2), max_value=date(9998, 12, 30)))
    clock = draw(st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59)))
    digits = draw(st.sampled_from(["{0}", "{3}", "{1,12}"]))
    fraction = draw(st.from_regex(rf"\.[0-9]{digits}", fullmatch=True)) if digits != "{0}" else ""
    letter = draw(st.sampled_from("TTTt"))
    return f"{day}{letter}{clock[0]:02}:{clock[1]:02}:{clock[2]:02}{fraction}{draw(st.sampled_from(OFFSETS))}"


@st.composite
def documents(draw: st.DrawFn, extras: bool = True) -> dict[str, Any]:
    """A valid structured event; with ``extras``, unknown fields here and there."""
    kind = draw(st.sampled_from(sorted(TOPIC_OF)))
    names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": draw(names),
        "source": draw(names),
        "type": kind,
        "time": draw(times()),
        "subject": draw(names),
        "data": draw(payloads(kind)),
    }
    if extras and draw(st.booleans()):
        # No field of the contract begins with an x.
        unknown = st.dictionaries(texts.map("x{}".format), junk, max_size=2)
        document |= draw(unknown)
        document["data"] |= draw(unknown)
    shuffled = draw(st.permutations(sorted(document)))
    return {name: document[name] for name in shuffled}


@st.composite
def written(draw: st.DrawFn, document: dict[str, Any]) -> bytes:
    """JSON of it, compact or airy, escaped or not."""
    style: dict[str, Any] = draw(st.sampled_from([{"separators": (",", ":")}, {}, {"indent": 2}]))
    return json.dumps(document, ensure_ascii=draw(st.booleans()), **style).encode()


encoded = documents().flatmap(lambda document: st.tuples(st.just(document), written(document)))
"""Pairs of an event and its JSON."""


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """JSON of a valid event with a few places changed, which may leave it valid or not."""
    _, line = draw(encoded)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(line)))
        to = draw(st.integers(at, min(len(line), at + 8)))
        middle = draw(st.binary(max_size=4) | st.sampled_from(NASTY) | st.just(line[at:to] * 2))
        line = line[:at] + middle + line[to:]
    return line
