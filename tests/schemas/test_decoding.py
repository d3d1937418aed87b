"""Records to events, and why some are refused."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any, Literal

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decoding import LARGEST, LATEST, Rejected, canonical, dead_letter, decoder, encode
from schemas.envelope import Headers
from schemas.event import Event
from schemas.events import TOPIC_OF, TYPES, CallCompleted, EmailReplied, Judgement, LeadEngaged
from schemas.instants import MILLIS_Z
from tests.schemas.samples import documents, encoded, spoilt

AT = 1_772_442_845_120
CALL: dict[str, Any] = {
    "specversion": "1.0",
    "id": "c-81734",
    "source": "crm/eu",
    "type": "call.completed",
    "time": "2026-03-02T09:14:05.120Z",
    "subject": "lead-4711",
    "data": {"rep": "r-17", "team": "emea-1", "direction": "outbound", "kind": "call", "answered": True,
             "duration_seconds": 184, "talk_seconds": 171},
}  # fmt: skip
BINARY: Headers = [
    ("ce_specversion", b"1.0"), ("ce_id", b"c-81734"), ("ce_source", b"crm/eu"), ("ce_type", b"call.completed"),
    ("ce_time", b"2026-03-02T09:14:05.120Z"), ("ce_subject", b"lead-4711"), ("content-type", b"application/json"),
]  # fmt: skip


def call(**change: Any) -> bytes:
    return orjson.dumps({name: value for name, value in (CALL | change).items() if value is not ...})


def data(**change: Any) -> bytes:
    return call(data={name: value for name, value in (CALL["data"] | change).items() if value is not ...})


def read(value: bytes | None, topic: str = "calls", headers: Headers = (), **options: Any) -> Event:
    return decoder(topic, **options)(b"lead-4711", value, headers, None)


def refused(value: bytes | None, topic: str = "calls", headers: Headers = ()) -> tuple[str, str]:
    with pytest.raises(Rejected) as caught:
        read(value, topic, headers)
    return caught.value.reason, caught.value.path


def canonical_json(value: bytes) -> str:
    return orjson.dumps(orjson.loads(value), option=orjson.OPT_SORT_KEYS).decode()


def test_the_event_of_the_contract_becomes_a_struct() -> None:
    expected = CallCompleted("outbound", "r-17", "emea-1", "call", True, 184, 171)
    assert read(call()) == Event("call.completed", AT, "crm/eu", "c-81734", "lead-4711", expected)


def test_what_is_absent_stays_none() -> None:
    event = read(orjson.dumps(CALL | {"type": "lead.engaged", "data": {}}), "leads")
    assert event.data == LeadEngaged()
    assert event.data.qualified is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, ("undecodable", "$")),
        (b"", ("undecodable", "$")),
        (b"not json", ("undecodable", "$")),
        (call()[:-1], ("undecodable", "$")),
        (call() + b"}", ("undecodable", "$")),
        (b"\xef\xbb\xbf" + call(), ("undecodable", "$")),
        (call(id="x").replace(b'"x"', b'"\\ud800"'), ("undecodable", "$")),
        (call(id="x").replace(b'"x"', b'"\xff"'), ("undecodable", "$")),
        (data(talk_seconds=7).replace(b"7}", b"NaN}"), ("undecodable", "$")),
        (data(talk_seconds=7).replace(b"7}", b"1e999}"), ("undecodable", "$")),
        (b"[" * 100_000, ("undecodable", "$")),
        (b'{"deep":' + b"[" * 100_000, ("undecodable", "$")),
        (call(deep=0).replace(b'"deep":0', b'"deep":' + b"[" * 500 + b"]" * 500), ("undecodable", "$")),
        (b"[]", ("wrong_type", "$")),
        (b"null", ("wrong_type", "$")),
        (call(type=...), ("missing_field", "$.type")),
        (call(id=...), ("missing_field", "$.id")),
        (call(specversion=...), ("missing_field", "$.specversion")),
        (call(time=...), ("missing_field", "$.time")),
        (call(subject=...), ("missing_field", "$.subject")),
        (call(data=...), ("missing_field", "$.data")),
        (data(direction=...), ("missing_field", "$.data.direction")),
        (call(type=3), ("wrong_type", "$.type")),
        (call(id=3), ("wrong_type", "$.id")),
        (call(id=""), ("wrong_type", "$.id")),
        (call(specversion="0.3"), ("wrong_type", "$.specversion")),
        (call(data=None), ("wrong_type", "$.data")),
        (call(data=[]), ("wrong_type", "$.data")),
        (call(time=7), ("wrong_type", "$.time")),
        (call(time="2026-03-02T09:14:05"), ("wrong_type", "$.time")),
        (data(direction=None), ("wrong_type", "$.data.direction")),
        (data(direction="sideways"), ("wrong_type", "$.data.direction")),
        (data(answered="yes"), ("wrong_type", "$.data.answered")),
        (data(rep="r" * 257), ("wrong_type", "$.data.rep")),
        (data(talk_seconds=-1), ("wrong_type", "$.data.talk_seconds")),
        (data(talk_seconds=1e300), ("wrong_type", "$.data.talk_seconds")),
        (data(talk_seconds=7).replace(b"7}", b"9" * 400 + b"}"), ("undecodable", "$")),
        (data(talk_seconds=7).replace(b"7}", b"9" * 30 + b"}"), ("wrong_type", "$.data.talk_seconds")),
        (call(type="call.dreamt"), ("unknown_type", "$.type")),
        (call(type="lead.engaged"), ("wrong_topic", "$.type")),
        (call(time="1999-12-31T23:59:59.999Z"), ("ancient", "$.time")),
        (call(time="9999-06-01T00:00:00Z"), ("future", "$.time")),
        (call(subject="lead-9"), ("key_mismatch", "$.subject")),
        (call(padding="x" * LARGEST), ("too_large", "$")),
    ],
)
def test_each_fault_has_its_reason_and_place(value: bytes | None, reason: tuple[str, str]) -> None:
    assert refused(value) == reason


def test_what_rows_are_grouped_by_may_have_256_characters_in_any_script() -> None:
    assert getattr(read(data(team="é" * 256)).data, "team", None) == "é" * 256


@pytest.mark.parametrize("amount", ["12.50", "-3", "0.000000000001", 12.5, -4, "999999999999999"])
def test_money_is_a_decimal_string_or_a_number(amount: object) -> None:
    value = orjson.dumps(CALL | {"type": "deal.won", "data": {"deal_id": "d", "amount": amount}})
    assert getattr(read(value, "deals").data, "amount", None) == amount


@pytest.mark.parametrize("amount", ["12,50", "", "1e5", "NaN", "12.50 EUR", "1\n", "١", 1e16, True, "1" * 16])
def test_what_is_no_sum_of_money_is_refused(amount: object) -> None:
    value = orjson.dumps(CALL | {"type": "deal.won", "data": {"deal_id": "d", "amount": amount}})
    assert refused(value, "deals") == ("wrong_type", "$.data.amount")


def test_the_largest_value_is_still_read() -> None:
    room = LARGEST - len(call(padding=""))
    assert read(call(padding="x" * room)).id == "c-81734"
    assert refused(call(padding="x" * (room + 1)))[0] == "too_large"


@pytest.mark.parametrize("key", [None, b"", b"lead-471", "lead-4711".encode("utf-16")])
def test_the_key_has_to_be_the_subject(key: bytes | None) -> None:
    with pytest.raises(Rejected, match="key_mismatch"):
        decoder("calls")(key, call(), (), None)


def test_a_subject_of_any_script_is_its_key_in_utf_8() -> None:
    assert decoder("calls")("Łódź-😀".encode(), call(subject="Łódź-😀"), (), None).subject == "Łódź-😀"


def test_the_future_begins_past_the_skew_by_the_brokers_clock() -> None:
    decode = decoder("calls", future_skew=1_000)
    assert decode(b"lead-4711", call(), (), AT - 1_000).time == AT
    with pytest.raises(Rejected, match="future"):
        decode(b"lead-4711", call(), (), AT - 1_001)


def test_a_record_without_a_timestamp_is_not_measured_against_it() -> None:
    assert decoder("calls")(b"lead-4711", call(), (), -1).time == AT


def test_the_last_instant_that_is_read_leaves_room_for_its_windows() -> None:
    assert read(call(time="9999-01-01T00:00:00Z")).time == LATEST
    assert refused(call(time="9999-01-01T00:00:00.001Z"))[0] == "future"


def test_binary_mode_is_the_same_event() -> None:
    assert read(orjson.dumps(CALL["data"]), headers=BINARY) == read(call())


def test_header_names_in_capitals_and_other_headers_do_no_harm() -> None:
    headers = [(name.upper(), value) for name, value in BINARY]
    assert read(orjson.dumps(CALL["data"]), headers=[*headers, ("trace", b"\xff"), ("none", None)]) == read(call())


def test_a_structured_event_may_carry_headers() -> None:
    assert read(call(), headers=[("content-type", b"application/cloudevents+json; charset=UTF-8")]) == read(call())
    assert read(call(), headers=[("ce_type", b"x"), ("content-type", b"application/cloudevents+json")]) == read(call())
    assert read(call(), headers=[("trace", b"1")]) == read(call())


def test_further_attributes_of_binary_mode_are_kept() -> None:
    event = read(orjson.dumps(CALL["data"]), headers=[*BINARY, ("ce_trace", b"t-1"), ("ce_data", b"x")])
    assert canonical(event) == canonical_json(call(trace="t-1"))


def test_another_content_type_is_kept_as_an_attribute() -> None:
    event = read(orjson.dumps(CALL["data"]), headers=[*BINARY, ("content-type", b"text/json")])
    assert canonical(event) == canonical_json(call(datacontenttype="text/json"))


@pytest.mark.parametrize(
    ("value", "headers", "reason"),
    [
        (None, BINARY, ("missing_field", "$.data")),
        (b"", BINARY, ("missing_field", "$.data")),
        (None, [*BINARY, ("ce_data", b"x")], ("missing_field", "$.data")),
        (b"{", BINARY, ("undecodable", "$.data")),
        (b'{},"subject":"lead-9"', BINARY, ("undecodable", "$.data")),
        (b"[" * 100_000, BINARY, ("undecodable", "$.data")),
        (b"{}", BINARY, ("missing_field", "$.data.direction")),
        (b"{}", [*BINARY, ("ce_id", b"\xff")], ("undecodable", "$")),
        (b'{"direction":"inbound"}', [one for one in BINARY if one[0] != "ce_time"], ("missing_field", "$.time")),
    ],
)
def test_faults_of_binary_mode(value: bytes | None, headers: Headers, reason: tuple[str, str]) -> None:
    assert refused(value, headers=headers) == reason


def test_the_text_of_a_reply_is_forgotten_unless_it_is_to_be_kept() -> None:
    reply = {"class": "positive", "text": "call me at home", "mood": 1}
    value = orjson.dumps(CALL | {"type": "email.replied", "data": reply})
    event, kept = read(value, "emails"), read(value, "emails", keep_text=True)
    assert isinstance(event.data, EmailReplied) and isinstance(kept.data, EmailReplied)
    assert (event.data.text, kept.data.text) == (None, "call me at home")
    rest = orjson.dumps(CALL | {"type": "email.replied", "data": {"class": "positive", "mood": 1}})
    assert canonical(event) == canonical_json(rest)
    assert "home" not in repr(event)
    assert canonical(kept) == canonical_json(value)


@pytest.mark.parametrize("more", [{}, {"mood": 1}, {"channel": None}])
@pytest.mark.parametrize("keep_text", [True, False])
def test_a_text_is_judged_once_before_it_is_forgotten(more: dict[str, Any], keep_text: bool) -> None:
    """On the fast way and on the careful one; what was judged is no part of what was received."""
    judgement = Judgement("positive", "en: call me", 1)
    seen: list[EmailReplied] = []

    def judge(reply: EmailReplied) -> Judgement:
        seen.append(reply)
        return judgement

    value = orjson.dumps(CALL | {"type": "email.replied", "data": {"text": "call me", "in_reply_to": "m"} | more})
    event = read(value, "emails", keep_text=keep_text, judge=judge)
    assert [(reply.text, reply.in_reply_to) for reply in seen] == [("call me", "m")]
    assert event.judged == judgement
    assert canonical(event) == canonical(read(value, "emails", keep_text=keep_text))
    assert isinstance(event.data, EmailReplied) and event.data.text == ("call me" if keep_text else None)


@pytest.mark.parametrize("reply", [{}, {"class": "auto"}, {"text": None}, {"mood": 1}])
def test_a_reply_without_text_is_not_judged(reply: dict[str, Any]) -> None:
    def judge(reply: EmailReplied) -> Judgement | None:
        raise AssertionError("there is nothing to judge")

    value = orjson.dumps(CALL | {"type": "email.replied", "data": reply})
    assert read(value, "emails", judge=judge).judged is None
    assert read(call(), judge=judge).judged is None


def test_an_event_whose_text_was_forgotten_is_not_kept_twice() -> None:
    value = orjson.dumps(CALL | {"type": "email.replied", "data": {"text": "call me", "class": "auto"}})
    event = read(value, "emails")
    assert event.raw is None
    rest = orjson.dumps(CALL | {"type": "email.replied", "data": {"class": "auto"}})
    assert canonical(event) == canonical_json(rest)


def test_forgotten_text_still_has_to_be_text() -> None:
    value = orjson.dumps(CALL | {"type": "email.replied", "data": {"text": 5}})
    assert refused(value, "emails") == ("wrong_type", "$.data.text")


def test_a_plain_event_is_not_kept_twice() -> None:
    """The raw text is held only where the fields do not say it all: it would double what is stored."""
    for time in (
        "2026-03-02T09:14:05Z",
        "2026-03-02T09:14:05.120Z",
        "2026-03-02T09:14:05+00:00",
        "2026-03-02T09:14:05.1-05:30",
    ):
        assert read(call(time=time)).raw is None
    for value in (data(rep=None), data(mood=1), call(trace="1"), call(time="2026-03-02t09:14:05z")):
        assert read(value).raw == canonical_json(value)


def test_a_time_whose_text_is_kept_has_the_default_spelling() -> None:
    assert read(call(time="2026-03-02T09:14:05.1234Z")).spelling == MILLIS_Z


def test_null_in_a_text_is_no_null() -> None:
    assert read(data(rep="null")).raw is None


def test_the_last_of_repeated_names_stands() -> None:
    value = call().replace(b'"id":', b'"id":7,"id":"first","id":')
    assert read(value) == read(call())
    assert read(call(id="x").replace(b'"type":', b'"type":"lead.engaged","type":')).type == "call.completed"


@given(encoded)
def test_an_event_can_be_written_back_as_it_came(pair: tuple[dict[str, Any], bytes]) -> None:
    document, value = pair
    decode = decoder(TOPIC_OF[document["type"]], keep_text=True)
    event = decode(document["subject"].encode(), value, (), None)
    assert canonical(event) == canonical_json(value)
    assert decode(document["subject"].encode(), encode(event), (), None) == event


@given(documents(), st.sampled_from(sorted(TYPES)))
def test_only_its_own_topic_takes_a_type(document: dict[str, Any], topic: str) -> None:
    try:
        event = decoder(topic)(document["subject"].encode(), json.dumps(document).encode(), (), None)
        assert TOPIC_OF[event.type] == topic
    except Rejected as rejected:
        assert rejected.reason == "wrong_topic" and TOPIC_OF[document["type"]] != topic


def outcome(topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> Event | None:
    """The event or None; anything but a rejection fails the test."""
    try:
        return decoder(topic, keep_text=True)(key, value, headers, None)
    except Rejected:
        return None


@settings(max_examples=300)
@given(st.sampled_from(sorted(TYPES)), spoilt())
def test_a_spoilt_event_is_refused_or_still_written_back(topic: str, value: bytes) -> None:
    try:
        key = orjson.loads(value)["subject"].encode()
    except (ValueError, TypeError, KeyError, AttributeError):
        key = b"lead-1"
    event = outcome(topic, key, value, ())
    if event is not None:
        assert canonical(event) == canonical_json(value)


names = st.text(max_size=5) | st.sampled_from([name for name, _ in BINARY])


@given(
    st.sampled_from(sorted(TYPES)),
    st.none() | st.binary(),
    st.none() | st.binary(),
    st.lists(st.tuples(names, st.none() | st.binary(max_size=30))),
)
def test_any_bytes_at_all_are_an_event_or_a_rejection(
    topic: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    outcome(topic, key, value, headers)
    outcome(topic, key, value, [*BINARY, *headers])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"{}", "Object missing required field `a`"),
        (b'{"a":"1","b":{}}', "Object missing required field `c` - at `$.b`"),
        (b'{"a":1,"b":{"c":"x"}}', "Expected `str`, got `int` - at `$.a`"),
        (b'{"a":"1","b":{"c":"y"}}', "Invalid enum value 'y' - at `$.b.c`"),
    ],
)
def test_msgspec_says_what_reasons_are_derived_from(value: bytes, message: str) -> None:
    """An upgrade that words these otherwise has to be met in ``refusal``."""
    inner = msgspec.defstruct("Inner", [("c", Literal["x"])])
    outer = msgspec.defstruct("Outer", [("a", str), ("b", inner)])
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(orjson.loads(value), outer)
    assert str(caught.value) == message


def test_a_dead_letter_carries_the_record_whole() -> None:
    rejected = Rejected("key_mismatch", "$.subject", "why")
    headers: Headers = [("ce_id", b"\xff"), ("ce_id", None)]
    letter = dead_letter(rejected, "sales.calls", 3, 42, 1_772_442_845_120, b"\x00", None, headers)
    assert (letter.reason, letter.path, letter.detail) == ("key_mismatch", "$.subject", "why")
    assert (letter.topic, letter.partition, letter.offset) == ("sales.calls", 3, 42)
    assert letter.time == "2026-03-02T09:14:05.120Z"
    assert letter.key is not None and b64decode(letter.key) == b"\x00"
    assert letter.value is None
    assert letter.headers == [("ce_id", "/w=="), ("ce_id", None)]


@pytest.mark.parametrize("stamp", [-1, 2**63 - 1])
def test_no_timestamp_of_a_record_is_too_odd_for_its_dead_letter(stamp: int) -> None:
    assert dead_letter(Rejected("future", "$", ""), "sales.calls", 0, 0, stamp, None, b"", ()).time[4] == "-"
