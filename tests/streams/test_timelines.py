from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.event import Event
from schemas.events import DealOpened, Judgement
from streams import timelines
from streams.timelines import CHUNK, LARGE, Absorbed, Timeline, absorb, merged_into
from tests.laws import neither_order_nor_repeats_matter
from tests.streams.floor import assigned, but, call, engaged, event, histories, reply, timeline_of


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


def test_a_conflict_is_stored_behind_what_it_contradicts() -> None:
    timeline = timeline_of(assigned(0, "r-2"), *(call(at) for at in range(CHUNK)))
    stored = timeline.encode_chunk(0)
    timeline.clean()
    assert absorb(timeline, assigned(0, "r-1")) is Absorbed.CONFLICT
    assert timeline.dirty_chunks() == [1]
    loaded = Timeline.load("lead-1", [stored, timeline.encode_chunk(1)])
    assert loaded == timeline and assigned(0, "r-1") in loaded.events
    assert absorb(loaded, assigned(0, "r-2")) is Absorbed.SAME


class Shelf:
    """Where a timeline is stored, as stage 1 does it: chunk by chunk, read for as long as they are full."""

    def __init__(self) -> None:
        self.chunks: dict[int, bytes] = {}

    def put(self, timeline: Timeline) -> None:
        for number in timeline.dirty_chunks():
            if number < timeline.chunks:
                self.chunks[number] = timeline.encode_chunk(number)
            else:
                self.chunks.pop(number, None)
        timeline.clean()

    def get(self) -> Timeline:
        found: list[bytes] = []
        while (chunk := self.chunks.get(len(found))) is not None:
            found.append(chunk)
            if not Timeline.is_full(chunk):
                break
        return Timeline.load("lead-1", found)


def test_large_events_are_stored_few_to_a_chunk() -> None:
    """A record holds a chunk, and no topic takes 256 events of a megabyte in one."""
    shelf = Shelf()
    timeline = timeline_of(*(but(call(at), raw="x" * LARGE) for at in range(20)))
    shelf.put(timeline)
    assert len(shelf.chunks) == timeline.chunks == 20
    assert max(map(len, shelf.chunks.values())) < 2 * LARGE
    assert shelf.get() == timeline


# What begins with an earlier letter stands: a small event may be replaced by a large one, and that by another.
_STANDING = {2: "a", 2_500: "b", 1: "c", 200: "d"}
steps_of = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(sorted(_STANDING)), st.booleans()), max_size=30)


@given(steps_of)
def test_chunks_are_found_again_however_they_grow_and_shrink(steps: list[tuple[int, int, bool]]) -> None:
    """Events are appended, replaced by smaller and by larger ones, stored now and then and loaded anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timelines, "LARGE", 1_000)
        shelf, held, whole = Shelf(), Timeline("lead-1"), Timeline("lead-1")
        for at, size, stored in steps:
            event = but(call(at), raw=_STANDING[size] + "x" * size)
            absorb(held, event)
            absorb(whole, event)
            if stored:
                shelf.put(held)
                held = shelf.get()
            assert held == whole
        shelf.put(held)
        assert shelf.get() == whole


def test_amounts_beyond_sixty_four_bits_are_kept() -> None:
    deal = event("deal.opened", 0, deal_id="d")
    deal = but(deal, data=DealOpened("d", amount=10**30))
    assert Timeline.load("lead-1", [timeline_of(deal).encode_chunk(0)]).events == [deal]


JUDGED = [Judgement("positive", "en: a", 2), Judgement("negative", "en: a", 2), Judgement("neutral", "en: a", 1), None]


def test_what_was_judged_of_a_reply_is_stored_with_it() -> None:
    timeline = timeline_of(reply(0, judged=JUDGED[0]), reply(1), call(2))
    [stored] = [timeline.encode_chunk(n) for n in range(timeline.chunks)]
    loaded = Timeline.load("lead-1", [stored])
    assert loaded == timeline
    assert [one.judged for one in loaded.events] == [JUDGED[0], None, None]


@pytest.mark.parametrize("order", permutations(JUDGED))
def test_of_replies_that_differed_in_a_forgotten_text_the_later_judgement_stands(
    order: tuple[Judgement | None, ...],
) -> None:
    """Whatever order they come in; of one version the smaller."""
    timeline = timeline_of(*(reply(0, judged=judged) for judged in order))
    assert [one.judged for one in timeline.events] == [JUDGED[1]]


def test_which_content_stands_does_not_depend_on_what_was_judged() -> None:
    smaller, greater = reply(0, channel="email"), reply(0, channel="sms", judged=JUDGED[0])
    for first, second in ((smaller, greater), (greater, smaller)):
        timeline = timeline_of(first)
        assert absorb(timeline, second) is Absorbed.CONFLICT
        assert timeline.events == [smaller]


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
