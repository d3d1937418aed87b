from __future__ import annotations

import prometheus_client
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, disable_created_metrics, generate_latest

from sinks.histogram import Histogram

BOUNDS = (0.5, 1, 2.5, 60, 86_400)

disable_created_metrics()  # type: ignore[no-untyped-call]  # it states no types


@given(st.lists(st.one_of(st.sampled_from([0, *BOUNDS]), st.integers(0, 10**6)), max_size=30), st.integers(0, 30))
def test_it_shows_what_the_histogram_of_prometheus_shows(values: list[float], first: int) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    many = Histogram("waits", "How long", BOUNDS)
    ours.register(many)
    one = prometheus_client.Histogram("waits", "How long", buckets=BOUNDS, registry=theirs)
    for part in (values[:first], values[first:]):
        many.observe(part)
    for value in values:
        one.observe(value)
    assert generate_latest(ours) == generate_latest(theirs)
