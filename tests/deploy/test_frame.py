from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ASKED = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
PINS = {pin.split(";")[0] for pin in ASKED}
"""What is asked for, wherever it is: some have no wheel for every machine."""
COMPILER = set(PROJECT["dependency-groups"]["compiler"])
"""What only machines without a C compiler are given."""
LOCKS = {name: (ROOT / name).read_text() for name in ("requirements.lock", "compiler.lock")}


def test_every_dependency_is_given_a_reason_and_no_reason_has_outlived_its_dependency() -> None:
    ours, _, _ = (ROOT / "docs" / "dependencies.md").read_text().partition("## The peers")
    rows = re.findall(r"^\| ([a-z0-9-]+) \|", ours, re.MULTILINE)
    assert sorted(set(rows) - {"package", "file"}) == sorted({pin.split("==")[0] for pin in PINS | COMPILER})


@pytest.mark.parametrize(
    ("lock", "pin"),
    [*(("requirements.lock", pin) for pin in sorted(PINS)), *(("compiler.lock", pin) for pin in sorted(COMPILER))],
)
def test_the_lock_has_what_the_project_asks_for(lock: str, pin: str) -> None:
    assert re.search(rf"^{re.escape(pin)}( ;.*)? \\$", LOCKS[lock], re.MULTILINE), "make lock renews it"


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
def test_the_lock_names_no_index(lock: str) -> None:
    assert "://" not in lock and "--find-links" not in lock and "index" not in lock
