"""One partition driven by hand: what is open, what is sent when, and up to where offsets may be committed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from agents.notify.partition import Judging, Partition
from schemas.decoding import Rejected
from schemas.events import Millis
from schemas.policy import PolicyFile
from schemas.publishing import published
from schemas.results import SlaEvent
from sinks.notify.metrics import Metrics
from sinks.notify.told import Outcome, Told, name
from sinks.notify.webhooks import Message
from streams.notices import Telling
from streams.wording import Wording
from tests.clock_events import NINE, clock_event
from tests.policy_files import HEAD, parsed
from tests.streams.opening_hours import at

FILE = parsed(HEAD + '[audiences.lead]\nkind = "json"\nurl_env = "LEAD_URL"\n')
QUIET = parsed(HEAD + 'quiet_outside = "office"\nurgent = ["escalated"]\n')


class Record(NamedTuple):
    offset: int
    value: bytes | None
    topic: str = "sales.sla"
    partition: int = 0


class Driven:
    """A partition whose messages are kept instead of being posted; ``now`` is set by hand."""

    def __init__(self, file: PolicyFile = FILE, told: Told | None = None, position: int = 0) -> None:
        self.now: Millis = NINE + 300_000
        self.sent: list[Message] = []
        self.buried: list[tuple[int, str]] = []
        self.told = told or Told()
        self.metrics = Metrics()
        by = Judging(Telling(file), Wording(file), self.metrics, lambda: self.now)
        self.partition = Partition(0, position, self.told, by, self)
        self.partition.release()

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def spawn(self, doing: Coroutine[Any, Any, None]) -> None:
        asyncio.run(doing)

    async def remember(self, partition: int, message: bytes, outcome: Outcome) -> None:
        assert partition == 0

    async def bury(self, record: Record, rejected: Rejected) -> None:
        self.buried.append((record.offset, rejected.reason))

    def take(self, *events: SlaEvent | bytes, at: int | None = None) -> None:
        for event in events:
            offset = self.partition.position if at is None else at
            self.partition.take(Record(offset, event if isinstance(event, bytes) else published(event)))
        self.partition.tick()

    def end(self, message: Message, why: str | None = None) -> None:
        asyncio.run(message.over(why))

    def identities(self) -> list[str]:
        """Of what was sent and is still wanted."""
        return [message.identity for message in self.sent if not message.is_dropped]

    def dropped(self, reason: str) -> float:
        labels = {"audience": "reps", "reason": reason}
        return self.metrics.registry.get_sample_value("sales_notify_dropped_total", labels) or 0


def test_offsets_wait_for_the_oldest_message_that_is_not_over() -> None:
    driven = Driven()
    driven.take(clock_event("started"), clock_event("at_risk", "0.8"), clock_event("breached"), clock_event("started"))
    first, second = driven.sent
    assert driven.partition.committable == 1
    driven.end(second)
    assert driven.partition.committable == 1
    driven.end(first)
    assert driven.partition.committable == 4


def test_what_was_told_before_is_not_told_again() -> None:
    driven = Driven()
    driven.take(clock_event())
    driven.take(clock_event())
    driven.end(driven.sent[0])
    driven.take(clock_event())
    assert (len(driven.sent), driven.dropped("told"), driven.partition.committable) == (1, 2, 3)
    again = Driven(told=driven.told)
    again.take(clock_event())
    assert (again.sent, again.partition.committable) == ([], 1)


def test_what_was_given_up_is_a_dead_letter_once_and_is_tried_anew_when_that_is_sent_again() -> None:
    driven = Driven()
    driven.take(clock_event())
    driven.end(driven.sent[0], "given up: HTTP 500")
    assert (driven.buried, driven.partition.committable) == ([(0, "undeliverable")], 1)
    after_restart = Driven(told=driven.told)
    after_restart.take(clock_event(), at=0)
    assert (after_restart.sent, after_restart.buried) == ([], [])
    after_restart.take(clock_event(), at=7)
    assert len(after_restart.sent) == 1


def test_a_record_that_is_no_event_is_a_dead_letter_and_the_rest_goes_on() -> None:
    driven = Driven()
    driven.take(b"", b"not json", b"{}", clock_event(at="yesterday"), clock_event())
    assert driven.buried == [(0, "undecodable"), (1, "undecodable"), (2, "undecodable"), (3, "undecodable")]
    assert (len(driven.sent), driven.partition.committable) == (1, 4)
    assert driven.metrics.registry.get_sample_value("sales_dead_letters_total", {"reason": "undecodable"}) == 4


# Stale


def test_what_lies_unread_is_looked_at_before_anything_is_sent() -> None:
    driven = Driven()
    driven.partition._is_released = False
    driven.take(clock_event(), clock_event(lead="lead-2"), clock_event("answered_late"))
    assert (driven.sent, driven.partition.committable) == ([], 1)
    driven.partition.release()
    driven.partition.tick()
    assert driven.identities() == [clock_event(lead="lead-2").identity]
    assert driven.dropped("ended") == 1


def test_what_is_answered_when_it_is_announced_or_while_it_waits_for_its_receiver_is_not_told() -> None:
    driven = Driven()
    driven.take(clock_event(stopped_at="2026-03-02T09:20:00Z"))
    driven.take(clock_event("escalated", "1"))
    driven.take(clock_event("met"))
    assert (driven.identities(), driven.dropped("ended"), driven.partition.committable) == ([], 2, 3)


def test_the_end_of_another_clock_or_of_another_version_silences_nothing() -> None:
    driven = Driven()
    driven.take(clock_event(), clock_event("met", lead="lead-2"), clock_event("cancelled", policy="p@2"))
    assert len(driven.identities()) == 1


def test_a_message_on_the_wire_is_not_caught_any_more() -> None:
    driven = Driven()
    driven.take(clock_event())
    driven.sent[0].is_posting = True
    driven.take(clock_event("met"))
    assert driven.partition.committable == 0
    driven.end(driven.sent[0])
    assert driven.partition.committable == 2


# Taken back


def back(*steps: str) -> SlaEvent:
    return clock_event("retracted", steps=("started", *steps))


def test_a_breach_that_was_told_is_taken_back_and_the_answer_does_not_silence_that() -> None:
    driven = Driven()
    driven.take(clock_event())
    driven.end(driven.sent[0])
    driven.take(back("breached"), clock_event("met"))
    assert driven.identities()[1:] == [back().identity]


def test_a_breach_on_the_wire_is_taken_back_after_it() -> None:
    driven = Driven()
    driven.take(clock_event())
    driven.sent[0].is_posting = True
    driven.take(back("breached"))
    assert driven.identities() == [clock_event().identity, back().identity]


def test_a_breach_that_nobody_was_told_of_is_dropped_and_so_is_its_retraction() -> None:
    driven = Driven()
    driven.take(clock_event(), back("breached"))
    assert (driven.identities(), driven.dropped("retracted"), driven.partition.committable) == ([], 1, 2)
    driven.take(clock_event(lead="lead-2"))
    driven.end(driven.sent[-1], "given up: HTTP 500")
    driven.take(clock_event("retracted", lead="lead-2", steps=("started", "breached")))
    assert len(driven.sent) == 1


def test_each_audience_that_was_told_hears_that_it_is_taken_back() -> None:
    driven = Driven()
    driven.take(clock_event(), clock_event("escalated", "1", tell="lead"))
    for message in list(driven.sent):
        driven.end(message)
    driven.take(back("breached", "escalated:1"))
    assert [message.audience for message in driven.sent[2:]] == ["reps", "lead"]
    assert driven.partition.committable == 2
    driven.end(driven.sent[2])
    assert driven.partition.committable == 2
    driven.end(driven.sent[3])
    assert driven.partition.committable == 3


# Quiet hours


def test_in_quiet_hours_a_message_is_held_until_they_end_and_urgent_ones_are_not() -> None:
    driven = Driven(QUIET)
    driven.now = at("2026-03-02T20:00")
    driven.take(clock_event(), clock_event("escalated", "1"))
    assert driven.identities() == [clock_event("escalated", "1").identity]
    assert (driven.partition.waiting, driven.partition.committable) == ((1, 1), 0)
    driven.now = at("2026-03-03T08:00") - 1
    driven.partition.tick()
    assert len(driven.sent) == 1
    driven.now += 1
    driven.partition.tick()
    assert len(driven.sent) == 2


def test_what_is_answered_before_quiet_hours_end_is_dropped_and_counted() -> None:
    driven = Driven(QUIET)
    driven.now = at("2026-03-02T20:00")
    driven.take(clock_event(), clock_event("answered_late"))
    assert (driven.partition.waiting, driven.partition.committable, driven.dropped("ended")) == ((0, 0), 2, 1)
    driven.now = at("2026-03-03T08:00")
    driven.partition.tick()
    assert driven.sent == []


def test_the_delay_is_from_the_instant_or_from_the_end_of_quiet_hours() -> None:
    driven = Driven(QUIET)
    driven.take(clock_event())
    driven.now += 2_000
    driven.end(driven.sent[0])
    driven.now = at("2026-03-02T20:00")
    driven.take(clock_event(lead="lead-2"))
    driven.now = at("2026-03-03T08:00") + 1_000
    driven.partition.tick()
    driven.end(driven.sent[1])
    assert driven.metrics.registry.get_sample_value("sales_notify_delay_seconds_sum") == 3


# Others


def test_of_a_lead_that_is_to_be_forgotten_nothing_more_is_told() -> None:
    driven = Driven()
    driven.take(clock_event())
    driven.partition.forget("lead-1")
    driven.take(clock_event("escalated", "1"), clock_event(lead="lead-2"))
    assert driven.identities() == [clock_event(lead="lead-2").identity]
    assert driven.dropped("forgotten") == 2


def test_of_a_partition_that_is_anothers_nothing_more_is_sent() -> None:
    driven = Driven()
    driven.take(clock_event())
    driven.partition.close()
    assert driven.identities() == []


steps = st.sampled_from(["at_risk", "breached", "escalated", "met", "retracted", "started"])


@given(st.lists(st.tuples(steps, st.sampled_from(["l-1", "l-2"]))), st.data())
def test_a_message_is_over_once_and_whoever_takes_over_sends_exactly_what_was_left(
    log: list[tuple[str, str]], data: st.DataObject
) -> None:
    """Killed anywhere: what is known as told is not sent again, what is not is, from the offset that was committed."""
    events = [clock_event(step, lead=lead, identity=f"{n}") for n, (step, lead) in enumerate(log)]
    first = Driven()
    first.take(*events)
    taken = [message for message in first.sent if not message.is_dropped and data.draw(st.booleans())]
    for message in taken:
        first.end(message)
    start = first.partition.committable
    second = Driven(told=first.told, position=start)
    second.partition._is_released = False
    second.take(*events[start:])
    second.partition.release()
    second.partition.tick()
    wanted = [identity for identity in first.identities() if identity not in {message.identity for message in taken}]
    assert second.identities() == wanted
    assert all(first.told.was_taken(name(message.identity, "reps")) for message in taken)
