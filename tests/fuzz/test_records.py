"""Single records, broken at every place that a valid one has."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decoding import LATEST, Rejected, canonical
from schemas.event import Event
from sinks.clickhouse.rows import Row
from streams.timelines import Timeline, absorb
from tests.fuzz.laws import REASONS, SETTINGS, decoded, judge, written
from tests.fuzz.records import Arrival, arrivals, everywhere, whole

BINARY: list[tuple[str, bytes | None]] = [("ce_type", b"call.completed"), ("ce_id", b"1")]


@settings(max_examples=1_000)
@given(arrivals())
def test_any_record_is_an_event_that_is_kept_or_a_dead_letter_that_is_whole(arrival: Arrival) -> None:
    """And the worker and the sink agree on which."""
    judge(arrival)


def test_every_odd_value_in_every_place_is_read_alike_by_the_worker_and_the_sink() -> None:
    seen = Counter[str]()
    for arrival in everywhere():
        outcome, row = decoded(arrival), written(SETTINGS.topic(arrival.topic), arrival)
        assert isinstance(row, Row) == isinstance(outcome, Event), arrival
        seen["used" if isinstance(outcome, Event) else outcome.reason] += 1
    assert seen.keys() == {"used"} | REASONS - {"too_large", "key_mismatch", "wrong_topic", "undeliverable"}


def call(**change: Any) -> bytes:
    return orjson.dumps(whole("call.completed") | change)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Arrival("calls", b"lead-1", call(time="9999-12-31T23:59:59.999Z"), timestamp=2**63 - 1), "future"),
        (Arrival("calls", b"lead-1", b"{", [("\0" * (1 << 19), b"")] * 3), "undecodable"),
        (Arrival("calls", b"lead-1", b"{}", [*BINARY, ("ce_" + "\0" * (1 << 20), b"\xff")]), "undecodable"),
        (Arrival("calls", b"k" * (1 << 20), b"x" * (1 << 20)), "undecodable"),
        (Arrival("calls", b"", b"{", [("", None)] * 10_000), "undecodable"),
        (Arrival("calls", b"lead-1", call(time="2026-03-02T24:00:00.000Z")), "wrong_type"),
    ],
    ids=["past the calendar", "names of headers", "a name in words", "a large key", "many headers", "hour 24"],
)
def test_records_that_were_once_too_much(found: Arrival, reason: str) -> None:
    """Each of these was used, or had a dead letter that its topic does not take."""
    outcome = judge(found)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
    assert len(outcome.detail) <= 300


def test_the_last_instant_of_all_is_used_under_any_timestamp() -> None:
    found = judge(Arrival("calls", b"lead-1", call(time="9999-01-01T00:00:00Z"), timestamp=2**63 - 1))
    assert isinstance(found, Event) and found.time == LATEST


def deal(amount: bytes) -> Event:
    value = orjson.dumps(whole("deal.won")).replace(b'"12.50"', amount, 1)
    found = decoded(Arrival("deals", b"lead-1", value))
    assert isinstance(found, Event)
    return found


AMOUNTS = [b"-0", b"-0.0", b"0", b"0.0", b"12", b"12.0", b'"12"', b'"12.0"', b"1e15", b"1000000000000000"]


@given(st.lists(st.sampled_from(AMOUNTS), min_size=2, max_size=4), st.randoms())
def test_of_several_contents_the_smallest_stands_in_any_order(amounts: list[bytes], random: Any) -> None:
    """A whole number and the same one with a fraction are two contents, although they are equal."""
    contents = [deal(amount) for amount in amounts]
    random.shuffle(contents)
    timeline = Timeline("lead-1")
    for content in contents:
        absorb(timeline, content)
    assert [canonical(event) for event in timeline.events] == [min(canonical(event) for event in contents)]
