"""A short cut through the campaign (``make faults``): some faults, once each, at instants that differ each time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clickhouse_fixtures import clickhouse
from tests.faults.brokers import Brokers
from tests.faults.campaign import attempt
from tests.faults.faults import FAULTS

__all__ = ["clickhouse"]

SHORT = (
    "worker killed between two steps of the cycle",
    "three workers restarted in turn",
    "broker killed and restarted",
    "disk full under the local store",
    "bug in the fold of one lead",
    "clock stepping back and forth",
    "events weeks late, in any order, of one instant, of the future; idle topic and partition",
    "input topics deleted and created again",
    "changelogs deleted and created again",
    "ClickHouse out of memory, read-only",
    "sink killed, between insert and commit too",
)


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory, jar_cache: Path) -> Iterator[Brokers]:
    with Brokers(tmp_path_factory.mktemp("brokers"), jar_cache) as started:
        yield started


@pytest.mark.parametrize("name", SHORT)
def test_nothing_is_lost_and_nothing_counts_twice(name: str, brokers: Brokers, clickhouse: str, tmp_path: Path) -> None:
    [fault] = [fault for fault in FAULTS if fault.name == name]
    seed = random.randrange(10**6)
    print("seed", seed)
    tried, toll = attempt(fault, seed, brokers, clickhouse, tmp_path)
    assert toll.lines[:5] == []
    assert tried.times
    assert tried.compacted, "the log cleaner was never there"
