"""A short cut through the campaign (``make faults``): faults of what workers lean on, once each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.brokers import Brokers
from tests.faults.campaign import endure


@pytest.mark.parametrize(
    "name",
    (
        "broker killed and restarted",
        "changelogs deleted and created again",
        "sink killed, between insert and commit too",
    ),
)
def test_nothing_is_lost_and_nothing_counts_twice(name: str, brokers: Brokers, clickhouse: str, tmp_path: Path) -> None:
    endure(name, brokers, clickhouse, tmp_path)
