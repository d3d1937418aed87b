"""What the tests of faults share: the brokers, one set for each process of pytest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.brokers import Brokers


@pytest.fixture(scope="session")
def brokers(tmp_path_factory: pytest.TempPathFactory, jar_cache: Path) -> Iterator[Brokers]:
    with Brokers(tmp_path_factory.mktemp("brokers"), jar_cache) as started:
        yield started
