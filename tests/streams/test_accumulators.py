from __future__ import annotations

import numpy
from hypothesis import given
from hypothesis import strategies as st

from streams.accumulators import SLOTS, Vector, bucket, difference, middle, total
from streams.figures import duration
from streams.kinds import HISTOGRAM
from tests.laws import is_an_abelian_group

vectors = st.dictionaries(st.integers(0, 9), st.integers(-3, 3).filter(bool), max_size=6)


@given(vectors, vectors, vectors)
def test_vectors_are_an_abelian_group(a: Vector, b: Vector, c: Vector) -> None:
    is_an_abelian_group(lambda x, y: total([x, y]), difference, {}, a, b, c)


@given(vectors, vectors)
def test_no_zero_is_kept(a: Vector, b: Vector) -> None:
    assert all(total([a, b]).values())


@given(st.integers(0, 3 * 10**11))
def test_a_bucket_stands_for_its_durations_to_nine_per_mille(millis: int) -> None:
    assert abs(middle(bucket(millis)) - millis) <= 0.009 * millis
    assert HISTOGRAM + bucket(millis) < SLOTS


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=2))
def test_a_longer_duration_is_never_in_a_lower_bucket(pair: list[int]) -> None:
    low, high = sorted(pair)
    assert bucket(low) <= bucket(high)


def test_no_time_at_all_is_exact() -> None:
    assert middle(bucket(0)) == 0


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60), st.sampled_from([50, 90, 95, 99]))
def test_quantiles_are_numpys_to_one_percent(durations: list[int], percent: int) -> None:
    vector = total({0: 1, HISTOGRAM + bucket(millis): 1} for millis in durations)
    true = float(numpy.quantile(durations, percent / 100)) / 1000
    statistics = duration(vector).statistics
    assert abs(statistics[f"p{percent}_answered"] - true) <= 0.01 * true
    assert statistics[f"p{percent}"] == statistics[f"p{percent}_answered"]
