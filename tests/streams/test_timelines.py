from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import DealOpened, Event
from streams.timelines import CHUNK, Absorbed, Timeline, absorb, merged_into
from tests.laws import neither_order_nor_repeats_matter
from tests.streams.floor import assigned, call, engaged, event, histories, timeline_of


def fold(events: Sequence[Event]) -> list[Event]:
    return timeline_of(*events).events


@given(histories, st.randoms())
def test_neither_order_nor_repeats_matter(history: list[Event], random: Random) -> None:
    replayed = [*history, *random.sample(history, len(history) // 2)]
    random.shuffle(replayed)
    neither_order_nor_repeats_matter(fold, history, replayed)


@given(histories)
def test_what_was_stored_comes_back(history: list[Event]) -> None:
    timeline = timeline_of(*history)
    stored = [timeline.encode_chunk(n) for n in range(timeline.chunks)]
    assert Timeline.load("lead-1", stored) == timeline


@given(histories, histories)
def test_a_loaded_timeline_grows_like_one_that_was_never_stored(before: list[Event], after: list[Event]) -> None:
    first = timeline_of(*before)
    loaded = Timeline.load("lead-1", [first.encode_chunk(n) for n in range(first.chunks)])
    for one in after:
        absorb(loaded, one)
    assert loaded == timeline_of(*before, *after)
    again = Timeline.load("lead-1", [loaded.encode_chunk(n) for n in range(loaded.chunks)])
    assert again == loaded


def test_the_smaller_canonical_json_stands_whichever_comes_first() -> None:
    one, other = assigned(0, "r-1"), assigned(0, "r-2")
    for first, second in ((one, other), (other, one)):
        timeline = timeline_of(first)
        assert absorb(timeline, second) is Absorbed.CONFLICT
        assert timeline.events == [one]


def test_a_second_arrival_is_the_same_and_leaves_nothing_to_store() -> None:
    timeline = timeline_of(engaged())
    timeline.clean()
    assert absorb(timeline, engaged()) is Absorbed.SAME
    assert timeline.dirty_chunks() == []


def test_a_new_event_changes_only_the_last_chunk() -> None:
    timeline = timeline_of(*(call(at) for at in range(CHUNK + 3)))
    timeline.clean()
    absorb(timeline, call(10_000))
    assert timeline.dirty_chunks() == [1]
    stored = [timeline.encode_chunk(n) for n in (0, 1)]
    assert Timeline.load("lead-1", stored) == timeline


def test_a_conflict_changes_only_the_chunk_of_the_event() -> None:
    timeline = timeline_of(assigned(0, "r-2"), *(call(at) for at in range(CHUNK)))
    stored = timeline.encode_chunk(1)
    timeline.clean()
    absorb(timeline, assigned(0, "r-1"))
    assert timeline.dirty_chunks() == [0]
    assert Timeline.load("lead-1", [timeline.encode_chunk(0), stored]) == timeline


def test_amounts_beyond_sixty_four_bits_are_kept() -> None:
    deal = event("deal.opened", 0, deal_id="d")
    deal = msgspec.structs.replace(deal, data=DealOpened("d", amount=10**30))
    assert Timeline.load("lead-1", [timeline_of(deal).encode_chunk(0)]).events == [deal]


def test_events_of_a_merged_lead_keep_their_subject() -> None:
    foreign = event("call.completed", 0, subject="lead-0", direction="outbound")
    timeline = timeline_of(foreign, engaged())
    assert Timeline.load("lead-1", [timeline.encode_chunk(0)]).events == timeline.events


def merged(at: int, subject: str, into: str) -> Event:
    return event("lead.merged", at, subject=subject, into=into)


def test_the_earliest_merge_holds() -> None:
    assert merged_into(timeline_of(merged(5, "lead-1", "b"), merged(3, "lead-1", "a"))) == "a"


def test_the_merge_of_another_lead_is_not_ones_own() -> None:
    assert merged_into(timeline_of(merged(3, "lead-0", "lead-1"))) is None


def test_a_lead_merged_in_a_circle_is_merged_away_like_any_other() -> None:
    timeline = timeline_of(engaged(), event("lead.merged", 1, into="lead-2"))
    absorb(timeline, event("lead.merged", 0, subject="lead-2", into="lead-1"))
    assert merged_into(timeline) == "lead-2"
