"""A lead with more events than are kept: the earliest stay, whatever the order, the repeats and the cuts."""

from __future__ import annotations

from itertools import groupby
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.decoding import canonical
from schemas.event import Event
from streams.reading import read
from streams.timelines import Absorbed, Timeline, absorb
from tests.streams.floor import RULES, assigned, but, call, histories, timeline_of
from tests.streams.test_timelines import Shelf

KILOBYTE = 1024
limits = st.integers(1, 12)


def heavy(event: Event, kilobytes: int) -> Event:
    return but(event, raw=canonical(event) + "x" * (KILOBYTE * kilobytes + 300))


@st.composite
def bulky(draw: st.DrawFn) -> list[Event]:
    """Histories in which identities are contradicted, and some contents are of several KiB."""
    return [heavy(one, size) if (size := draw(st.integers(-9, 9))) > 0 else one for one in draw(histories)]


def earliest(history: list[Event], limit: int) -> tuple[list[Event], bool]:
    """From the definition: distinct contents in their order up to the limit, and of each identity the smallest."""
    contents = {canonical(one): one for one in history}
    ranked = sorted(contents, key=lambda text: (*order(contents[text]), text))
    weights = [1 + kilobytes(contents[text]) // 4 for text in ranked]
    size = next((n for n in range(len(ranked)) if sum(weights[:n]) >= limit), len(ranked))
    standing: dict[Any, str] = {}
    for text in ranked[:size]:
        identity = contents[text].identity
        standing[identity] = min(standing.get(identity, text), text)
    return sorted((contents[text] for text in standing.values()), key=order), size < len(ranked)


def order(event: Event) -> tuple[Any, ...]:
    return (event.time, event.source, event.id, event.type, event.subject)


def kilobytes(event: Event) -> int:
    return len(event.raw or "") // KILOBYTE


def shown(timeline: Timeline) -> tuple[list[Event], bool]:
    return timeline.events, timeline.truncated


@given(bulky(), limits, st.randoms())
def test_the_earliest_are_kept_in_whatever_order_they_come_and_however_often_it_is_cut_and_stored(
    history: list[Event], limit: int, random: Random
) -> None:
    shelf, timeline = Shelf(), Timeline("lead-1")
    replayed = [*history, *random.sample(history, len(history) // 2)]
    random.shuffle(replayed)
    for one in replayed:
        if not timeline.is_past(one):
            absorb(timeline, one)
        if random.random() < 0.5:
            timeline.cut(limit)
        if random.random() < 0.3:
            timeline.cut(limit)
            shelf.put(timeline)
            timeline = shelf.get()
            timeline.cut(limit)
    timeline.cut(limit)
    shelf.put(timeline)
    loaded = shelf.get()
    loaded.cut(limit)
    assert shown(timeline) == shown(loaded) == earliest(history, limit)


@given(bulky(), bulky(), bulky(), limits)
def test_what_is_kept_of_parts_is_kept_of_the_whole(a: list[Event], b: list[Event], c: list[Event], limit: int) -> None:
    """A merged lead sends on what was kept of it: the target is as if it had seen everything."""

    def join(*parts: Timeline) -> Timeline:
        joined = Timeline("lead-2")
        for part in parts:
            for one in part.contents:
                absorb(joined, one)
            if part.truncated:
                joined.mark_truncated()
        joined.cut(limit)
        return joined

    one, two, three = (timeline_of(*part) for part in (a, b, c))
    for part in (one, two, three):
        part.cut(limit)
    whole = earliest([*a, *b, *c], limit)
    assert (
        shown(join(join(one, two), three))
        == shown(join(one, join(two, three)))
        == shown(join(three, two, one))
        == whole
    )


def test_a_content_that_lost_stands_again_where_what_it_lost_to_is_left_out() -> None:
    """The smaller of two stands; but it is later than all that are kept, so that only the other was ever seen."""
    early, late = assigned(0, "r-2"), but(assigned(0, "r-1"), time=call(90).time)
    timeline = timeline_of(early, late, call(10), call(20))
    assert late in timeline.events
    timeline.cut(3)
    assert timeline.events == [early, call(10), call(20)]
    assert timeline.truncated


def test_as_many_as_are_allowed_are_not_too_many() -> None:
    timeline = timeline_of(call(0), call(1), call(2))
    assert timeline.cut(3) == []
    assert not timeline.truncated
    absorb(timeline, call(3))
    assert timeline.cut(3) == [call(3)]
    assert timeline.truncated


def test_once_truncated_always_truncated_though_more_were_allowed_later() -> None:
    """What was left out does not come back."""
    shelf, timeline = Shelf(), timeline_of(*map(call, range(9)))
    timeline.cut(3)
    shelf.put(timeline)
    loaded = shelf.get()
    loaded.cut(100)
    assert loaded.truncated and not loaded.is_past(call(90))
    assert absorb(loaded, call(90)) is Absorbed.NEW
    assert read(loaded, RULES).truncated


def test_what_was_left_out_does_not_pile_up_where_it_is_stored() -> None:
    """Even where each event is earlier than all before it, so that each is kept and another one goes."""
    shelf, timeline, limit = Shelf(), Timeline("lead-1"), 300
    most, written = 0, 0
    for at in range(5_000, 0, -1):
        absorb(timeline, call(at))
        if at % 10 == 1:
            timeline.cut(limit)
            written += sum(len(timeline.encode_chunk(n)) for n in timeline.dirty_chunks() if n < timeline.chunks)
            shelf.put(timeline)
            most = max(most, len(shelf.chunks))
    assert [one.time for one in timeline.events] == [call(at).time for at in range(1, limit + 1)]
    assert most == 3
    one_chunk = len(shelf.chunks[0])
    assert written < 5_000 / 10 * one_chunk
    assert [k for k, _ in groupby(sorted(shelf.chunks))] == list(range(len(shelf.chunks)))
