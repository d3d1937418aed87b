"""Merged leads: what they carry on, and where to."""

from __future__ import annotations

import orjson
import pytest

from agents.forwarding import forwarded, forwarding
from schemas.decoding import decoder
from schemas.event import Event
from schemas.partitioning import partition_of
from streams.timelines import Timeline, absorb
from tests.agents.driving import Sent

Records = dict[int, list[tuple[bytes, bytes | None]]]


def event(kind: str, ident: str, second: int, lead: str = "lead-1", **data: object) -> Event:
    topic = {"lead": "leads", "call": "calls"}[kind.split(".")[0]]
    line = {
        "specversion": "1.0",
        "id": ident,
        "source": "crm",
        "type": kind,
        "time": f"2026-03-02T09:00:{second:02}Z",
        "subject": lead,
        "data": data,
    }
    return decoder(topic)(lead.encode(), orjson.dumps(line), (), None)


def timeline(*events: Event, lead: str = "lead-1") -> Timeline:
    found = Timeline(lead)
    for one in events:
        absorb(found, one)
    return found


def records_of(found: Timeline, partitions: int = 4) -> Records:
    into: Records = {}
    forwarding(found, partitions, into)
    return into


def test_a_lead_that_was_not_merged_goes_nowhere() -> None:
    assert records_of(timeline(event("lead.engaged", "1", 0))) == {}


def test_a_lead_merged_into_itself_goes_nowhere() -> None:
    assert records_of(timeline(event("lead.merged", "1", 0, into="lead-1"))) == {}


def test_a_merged_lead_takes_every_event_along_to_its_target() -> None:
    merged = timeline(
        event("lead.engaged", "1", 0),
        event("call.completed", "2", 9, direction="outbound"),
        event("lead.merged", "3", 20, into="lead-2"),
    )
    [(partition, records)] = records_of(merged).items()
    assert partition == partition_of(b"lead-2", 4)
    carried = [forwarded(Sent(key, value)) for key, value in records]
    assert {target for target, _ in carried} == {"lead-2"}
    assert [event for _, timeline in carried for event in timeline.events] == merged.events
    assert {event.subject for _, timeline in carried for event in timeline.events} == {"lead-1"}


def test_what_has_no_ascii_name_is_carried_too() -> None:
    merged = timeline(event("lead.merged", "3", 20, "lead-ü", into="Käufer"), lead="lead-ü")
    [[(key, value)]] = records_of(merged).values()
    assert forwarded(Sent(key, value)) == ("Käufer", merged)


def test_a_long_timeline_goes_in_records_of_its_chunks() -> None:
    """One record could be larger than a broker takes."""
    calls = [event("call.completed", f"c{n}", n % 60, direction="outbound") for n in range(600)]
    merged = timeline(*calls, event("lead.merged", "m", 59, into="lead-2"))
    [records] = records_of(merged).values()
    assert len(records) == merged.chunks > 1
    carried = timeline(*(one for record in records for one in forwarded(Sent(*record))[1].events))
    assert carried.events == merged.events


@pytest.mark.parametrize("record", [Sent(None, b"x"), Sent(b"lead-1", None)])
def test_a_record_of_merges_without_key_or_value_is_a_bug(record: Sent) -> None:
    with pytest.raises(ValueError, match=r"internal\.merges"):
        forwarded(record)
