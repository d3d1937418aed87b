"""A short cut through the campaign (``make faults``): faults of workers, at instants that differ each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.brokers import Brokers
from tests.faults.campaign import endure


@pytest.mark.parametrize(
    "name",
    (
        "worker killed between two steps of the cycle",
        "bug in the fold of one lead",
        "events weeks late, in any order, of one instant, of the future; idle topic and partition",
    ),
)
def test_nothing_is_lost_and_nothing_counts_twice(name: str, brokers: Brokers, clickhouse: str, tmp_path: Path) -> None:
    endure(name, brokers, clickhouse, tmp_path)
