"""The least of a changing collection, against a sorted list."""

from __future__ import annotations

from bisect import insort

from hypothesis import given
from hypothesis import strategies as st

from agents.oldest import Oldest

# A few instants, so that equal ones meet; None takes out one that is there.
steps = st.lists(st.one_of(st.integers(0, 9), st.none()), max_size=200)


@given(steps, st.randoms(use_true_random=False))
def test_the_least_is_that_of_a_sorted_list(steps: list[int | None], random: object) -> None:
    oldest, expected = Oldest(), list[int]()
    for at in steps:
        if at is not None:
            oldest.add(at)
            insort(expected, at)
        elif expected:
            gone = random.choice(expected)  # type: ignore[attr-defined]
            oldest.remove(gone)
            expected.remove(gone)
        assert oldest.least == (expected[0] if expected else None)


@given(st.lists(st.integers(0, 50), min_size=60, max_size=120), st.randoms(use_true_random=False))
def test_removals_that_nobody_looked_at_in_between_are_all_done(instants: list[int], random: object) -> None:
    oldest = Oldest()
    for at in instants:
        oldest.add(at)
    random.shuffle(instants)  # type: ignore[attr-defined]
    for at in instants[:-1]:
        oldest.remove(at)
    assert oldest.least == instants[-1]


def test_an_empty_collection_has_no_least() -> None:
    assert Oldest().least is None


def test_what_was_removed_can_come_again() -> None:
    oldest = Oldest()
    oldest.add(5)
    oldest.remove(5)
    oldest.add(5)
    oldest.add(7)
    assert oldest.least == 5


def test_memory_follows_what_is_there_and_not_what_was() -> None:
    """A cell of a busy team sees millions of leads come and go while its oldest one stays."""
    oldest = Oldest()
    oldest.add(0)
    for at in range(1, 10_000):
        oldest.add(at)
        oldest.remove(at)
    assert len(oldest._heap) < 100
    assert oldest.least == 0
