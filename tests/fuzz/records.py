"""Records as nobody should send them: valid events broken at any place, as text, in their headers, in their key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson
from hypothesis import strategies as st
from msgspec import inspect

from schemas.events import TOPIC_OF, TYPES
from tests.agents.driving import BROKER_TIME

Headers = Sequence[tuple[str, bytes | None]]
Tree = bytes | list[tuple[bytes, Any]]
"""JSON text, or the pairs of an object, whose names are JSON text too and may come twice."""


class Arrival(NamedTuple):
    """A record and the topic (prefix left out) that it was sent to; it can be fed to both readers."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int = BROKER_TIME
    offset: int = 0


NUMBERS: Final = (
    b"0", b"-0", b"-0.0", b"1.0", b"184.5", b"-1", b"1e15", b"1e16", b"1e308", b"1e309", b"1e999999", b"1e-400", b"NaN",
    b"-Infinity", b"01", b"+1", b".5", b"1.", b"1_000", b"0x10", b"9223372036854775808", b"-9223372036854775809",
    b"18446744073709551616", b"1000000000000000000000000", b"1" + b"0" * 400, b"0." + b"1" * 400,
)  # fmt: skip
MONEY: Final = (
    "1e999999", "1_000", " 1 ", "٣", "1\n", "-0", "+1", "1.", ".1", "0x1", "NaN", "9" * 15, "9" * 16, "0." + "0" * 12,
    "1,5", "१२", "-", "--1", "1" * 5_000,
)  # fmt: skip
TIMES: Final = (
    "2016-12-31T23:59:60Z", "2026-03-02T09:14:60.999Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59",
    "2000-01-01T00:00:00Z", "1999-12-31T23:59:59.999999Z", "2000-01-01T00:00:00+00:01", "1999-12-31T00:01:00-23:59",
    "9999-01-01T00:00:00Z", "9999-01-01T00:00:00.0001Z", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:60-23:59",
    "2026-W10-1T09:14:05Z", "2026-061T09:14:05Z", "26-03-02T09:14:05Z", "2026-03-02 09:14:05Z", "2026-03-02",
    "2026-02-29T09:14:05Z", "2024-02-29T09:14:05Z", "2026-13-01T09:14:05Z", "2026-03-02T24:00:00Z",
    "2026-03-02T09:60:05Z", "2026-03-02T09:14:05", "2026-03-02T09:14Z", "2026-03-02T09:14:05,120Z",
    "2026-03-02T09:14:05.Z", "2026-03-02T09:14:05+0000", "2026-03-02T09:14:05+24:00", "2026-03-02T09:14:05+23:59",
    "2026-03-02T09:14:05-00:00", "2026-03-02T09:14:05−01:00", "2026-03-02t09:14:05z", "2026-03-02T09:14:05ſ",
    "٢٠٢٦-03-02T09:14:05Z", "2026-03-02T09:14:05Z\n", " 2026-03-02T09:14:05Z",
    "2026-03-02T09:14:05." + "1" * 3_000 + "Z",
    "2026-03-02T09:14:05.120000000001+05:45", "+2026-03-02T09:14:05Z", "1772442845", "now", "2150-01-01T00:00:00Z",
    "2262-04-12T00:00:00Z", "2299-12-31T23:59:59.999Z", "2300-01-01T00:00:00Z", "2106-02-07T06:28:16Z",
)  # fmt: skip
TEXTS: Final = (
    "", " ", "\0", "a\0b", "\0" * 5, "\ufeff", "e\u0301", "é", "\u202eabc", "\u200d", "\u2028", "\n", '"', "\\", "null",
    "NaN", "👩\u200d👩", "\U0010ffff", "\ufffe", "../../x", "%s{}$", "x" * 300, "ß" * 40_000, "unknown", "unassigned",
)  # fmt: skip
BROKEN: Final = (
    b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\ud83d"', b'"\xed\xa0\x80"', b'"\xff"', b'"\xc0\x80"', b'"\x00"', b'"\\x41"',
    b'"\n"', b"'a'", b'"', b"nul", b"True", b"undefined", b"//", b"", b" ", b"\xef\xbb\xbf1", b"[" * 2_000,
    b'{"a":' * 600,
    b"[" * 300 + b"]" * 300, b'{"":' * 200 + b"1" + b"}" * 200, b"]", b"}", b"[1,]", b'{"a":1,}', b'{"a"}',
)  # fmt: skip
WHOLE: Final = (
    b"null", b"true", b"false", b"[]", b"{}", b"[null]", b'{"a":null}', b'{"$":{"$":[]}}', b'[{"a":[1.0,-0.0,1e15]}]',
    b"[1e15" + b",1e15" * 500 + b"]", b'{"a":1,"a":2}', b'{"a":"\\u0000","\\u0000":1}',
)  # fmt: skip
STAMPS: Final = (BROKER_TIME, BROKER_TIME, BROKER_TIME, BROKER_TIME, 0, -1, -(2**63), 2**63 - 1, 1_772_442_845_120)
ODD: Final = NUMBERS + BROKEN + WHOLE + tuple(orjson.dumps(text) for text in (*MONEY, *TIMES, *TEXTS))
_CONTENT: Final = (
    b"application/json", b"application/json; charset=UTF-8", b"application/cloudevents+json", b"text/plain",
    b"\xff", b"",
    b"application/cloudevents+json; charset=utf-16", b"application/cloudevents-batch+json",
)  # fmt: skip
_NAMES: Final = (
    "ce_", "ce_data", "ce_type", "CE_TYPE", "ce_id", "ce_time", "ce_subject", "ce_specversion", "ce_\0", "ce_x", "",
    "content-type", "Content-Type", "ſ", "x" * 300, "\ufeff", "ce_datacontenttype", "ce_data_base64",
)  # fmt: skip


def whole(kind: str, n: int = 1) -> dict[str, Any]:
    """A valid event of the type with every field that it may have; ``n`` tells several of a few leads apart."""
    info = inspect.type_info(TYPES[TOPIC_OF[kind]][kind])
    assert isinstance(info, inspect.StructType)
    data = {field.encode_name: _some(field.encode_name, field.type) for field in info.fields}
    envelope = {"specversion": "1.0", "id": f"e-{n}", "source": "crm/eu", "type": kind, "subject": f"lead-{n % 3}"}
    return envelope | {"time": f"2026-03-{n:02}T09:14:05.120Z", "data": data}


def _some(name: str, shape: inspect.Type) -> Any:
    match shape:
        case inspect.UnionType(types):
            return _some(name, next(one for one in types if not isinstance(one, inspect.NoneType)))
        case inspect.LiteralType(names):
            return names[0]
        case inspect.StrType(pattern=str()):
            return "12.50"
        case inspect.StrType():
            return f"{name}-1"
        case inspect.DictType():
            return {"precedence": "bulk"}
        case inspect.BoolType():
            return True
    return 3


def tree(value: Any) -> Tree:
    """A JSON value as a tree."""
    if isinstance(value, dict):
        return [(orjson.dumps(name), tree(inner)) for name, inner in value.items()]
    return orjson.dumps(value)


def text(found: Tree) -> bytes:
    """The tree as JSON, or as what looks like it."""
    if isinstance(found, bytes):
        return found
    return b"{" + b",".join(name + b":" + text(inner) for name, inner in found) + b"}"


_VARIANTS: Final = 5
EVENTS: Final = tuple(
    (TOPIC_OF[kind], tree(whole(kind, n))) for kind in sorted(TOPIC_OF) for n in range(1, _VARIANTS + 1)
)
_FIELDS: Final = sorted(
    {orjson.dumps(name) for event in map(whole, TOPIC_OF) for fields in (event, event["data"]) for name in fields}
)


def everywhere() -> Iterator[Arrival]:
    """Every odd value in every place of an event of every type, under the key that its subject asks for."""
    for topic, event in EVENTS[::_VARIANTS]:
        for changed in _replaced(event):
            value = text(changed)
            yield Arrival(topic, _subject(value), value)


def _replaced(found: Tree) -> Iterator[Tree]:
    yield from ODD
    if isinstance(found, list):
        for at, (name, inner) in enumerate(found):
            for changed in _replaced(inner):
                yield [*found[:at], (name, changed), *found[at + 1 :]]


odd = st.sampled_from(ODD)
_times, _money = (st.sampled_from([orjson.dumps(text) for text in texts]) for texts in (TIMES, MONEY))
_names_of_leads = st.sampled_from([orjson.dumps(text) for text in TEXTS])
_OF_ITS_OWN: Final = {
    b'"time"': _times,
    **dict.fromkeys((b'"amount"', b'"cost"', b'"value"'), _money | st.sampled_from(NUMBERS)),
    **dict.fromkeys((b'"subject"', b'"id"', b'"into"'), _names_of_leads),
}
names = st.sampled_from(_FIELDS) | st.sampled_from([b'"\\u0000"', b'""', b'"x"', b"x", b'"\\ud800"', b'"da\\u0074a"'])


@st.composite
def _edited(draw: st.DrawFn, found: Tree, name: bytes = b"") -> Tree:
    """The tree with one place changed: at the bottom the value, above that what an object holds."""
    if isinstance(found, bytes):
        return draw(_OF_ITS_OWN.get(name, odd) | odd)
    at = draw(st.integers(0, len(found)))
    before, after = found[:at], found[at + 1 :]
    if at == len(found):
        return [*found, (draw(names), draw(odd))]
    name, inner = found[at]
    match draw(st.sampled_from(["deeper"] * 6 + ["gone", "twice", "renamed", "replaced", "last", "wrapped", "padded"])):
        case "deeper":
            return [*before, (name, draw(_edited(inner, name))), *after]
        case "twice":
            return [*before, (name, draw(odd)), (name, inner), *after]
        case "renamed":
            return [*before, (draw(names), inner), *after]
        case "replaced":
            return [*before, (name, draw(odd)), *after]
        case "last":
            return [*found, (name, draw(odd))]
        case "padded":
            return [*found, (b'"padding"', b'"%s"' % (b"x" * draw(st.sampled_from([1 << 20, (1 << 20) - 400]))))]
        case "wrapped":
            return [*before, (name, [(name, inner)]), *after]
    return [*before, *after]


@st.composite
def broken(draw: st.DrawFn) -> tuple[str, Tree]:
    """A topic and an event of one of its types, with up to four places changed."""
    topic, event = draw(st.sampled_from(EVENTS))
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 4]))):
        event = draw(_edited(event))
    return topic, event


def _subject(value: bytes) -> bytes:
    try:
        return str(orjson.loads(value)["subject"]).encode()
    except (ValueError, TypeError, KeyError):
        return b"lead-1"


def _bare(found: Tree) -> bytes:
    """What stands for the value in a header: a text without its quotes."""
    try:
        value = orjson.loads(text(found))
    except ValueError:
        return text(found)
    return value.encode() if isinstance(value, str) else text(found)


headers = st.lists(
    st.tuples(st.sampled_from(_NAMES), st.sampled_from((None, *_CONTENT, *(text.encode() for text in TEXTS + TIMES)))),
    max_size=3,
)


@st.composite
def arrivals(draw: st.DrawFn, topics: Sequence[str] = tuple(TYPES)) -> Arrival:
    """A record of one of the topics: structured or binary, mostly under the key that its subject asks for."""
    home, event = draw(broken())
    topic = home if home in topics and draw(st.integers(0, 9)) else draw(st.sampled_from(list(topics)))
    value: bytes | None = text(event)
    more: list[tuple[str, bytes | None]] = draw(headers) if not draw(st.integers(0, 3)) else []
    key: bytes | None = _subject(text(event))
    if isinstance(event, list) and not draw(st.integers(0, 3)):
        more = [(_header(name), _bare(inner)) for name, inner in event if name != b'"data"'] + more
        data = [inner for name, inner in event if name == b'"data"']
        value = text(data[-1]) if data else None
    if not draw(st.integers(0, 11)):
        value = draw(_spoilt(value or b"") | st.none() | st.binary(max_size=40))
    if not draw(st.integers(0, 11)):
        key = draw(st.sampled_from([None, b"", b"\xff", b"\0", b"lead-1 ", b"k" * 100_000]))
    return Arrival(topic, key, value, more, draw(st.sampled_from(STAMPS)))


def _header(name: bytes) -> str:
    return "ce_" + name.strip(b'"').decode("utf-8", "replace")


@st.composite
def _spoilt(draw: st.DrawFn, value: bytes) -> bytes:
    """The bytes cut, stretched or overwritten somewhere."""
    at = draw(st.integers(0, len(value)))
    to = draw(st.integers(at, min(len(value), at + 8)))
    middle: Callable[[], bytes] = lambda: draw(st.binary(max_size=4) | odd)  # noqa: E731
    return draw(st.sampled_from([value[:at], value[at:], value[:at] + middle() + value[to:], b"\xef\xbb\xbf" + value]))
