"""A flood of bad input stops the worker; a trickle never does."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.engine.processor import StopWorker
from agents.engine.store import Reached, Store
from agents.flood import Flood

batches = st.lists(st.integers(1, 700), max_size=8)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def flood(store: Store, share: float = 0.5) -> Flood:
    return Flood(share, 100, store)


def test_more_than_the_share_stops_the_worker_and_says_where_and_what_to_do(store: Store) -> None:
    with pytest.raises(StopWorker) as stopped:
        flood(store).note(49, 51, "sales.calls", 3)
    message = str(stopped.value)
    assert "51 of the last 100 records of sales.calls[3]" in message
    assert "SALESPULSE_DEAD_LETTER_SHARE" in message
    assert "\n" not in message


def test_exactly_the_share_does_not(store: Store) -> None:
    flood(store).note(50, 50, "t", 0)


def test_less_than_a_sample_says_nothing_yet(store: Store) -> None:
    counted = flood(store)
    counted.note(0, 99, "t", 0)
    with pytest.raises(StopWorker):
        counted.note(0, 1, "t", 0)


def test_good_input_never_stops_for_what_was_bad_before_it(store: Store) -> None:
    counted = flood(store)
    counted.note(0, 99, "t", 0)
    counted.note(1, 0, "t", 0)


def test_a_share_of_one_never_stops(store: Store) -> None:
    counted = flood(store, share=1.0)
    for _ in range(50):
        counted.note(0, 100, "t", 0)


def test_what_is_long_ago_weighs_little(store: Store) -> None:
    """After a good year, a flood is noticed within a few samples."""
    counted = flood(store)
    for _ in range(1_000):
        counted.note(100, 0, "t", 0)
    with pytest.raises(StopWorker):
        for _ in range(3):
            counted.note(0, 100, "t", 0)


def test_the_counts_outlive_a_restart(store: Store) -> None:
    """Else a worker that is restarted again and again would drain the topic, a sample at a time."""
    before = flood(store)
    before.note(0, 60, "t", 0)
    before.keep()
    store.apply(store.take(), Reached(1, b"", 1))
    with pytest.raises(StopWorker):
        flood(store).note(0, 40, "t", 0)


def test_only_news_of_bad_input_is_written(store: Store) -> None:
    """An idle or a clean partition must have nothing to commit."""
    counted = flood(store)
    counted.note(10, 0, "t", 0)
    counted.keep()
    assert store.take() == {}
    store.apply({}, Reached(1, b"", 1))
    counted.note(0, 1, "t", 0)
    counted.keep()
    counted.keep()
    assert len(store.take()) == 1


@given(st.sampled_from([0.1, 0.5, 0.75, 0.9]), batches, batches.filter(bool))
def test_of_a_topic_that_turns_all_bad_only_so_many_letters_get_out(
    share: float, before: list[int], sizes: list[int]
) -> None:
    """Whatever was good before, and however the flood is cut into batches; the one that stops it is not committed."""
    with TemporaryDirectory() as directory:
        store = Store(Path(directory))
        counted = flood(store, share)
        for good in before:
            counted.note(good, 0, "t", 0)
        out, limit = 0, 100 / (1 - share)
        with pytest.raises(StopWorker):
            for bad in cycle(sizes):
                counted.note(0, bad, "t", 0)
                out += bad
                assert out < limit
        store.close()
