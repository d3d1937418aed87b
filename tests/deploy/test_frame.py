from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS = {*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]}
LOCK = (ROOT / "requirements.lock").read_text()


def test_every_dependency_is_given_a_reason_and_no_reason_has_outlived_its_dependency() -> None:
    rows = re.findall(r"^\| ([a-z0-9-]+) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    assert sorted(set(rows) - {"package"}) == sorted(pin.split("==")[0] for pin in PINS)


@pytest.mark.parametrize("pin", sorted(PINS))
def test_the_lock_has_what_the_project_asks_for(pin: str) -> None:
    assert re.search(rf"^{re.escape(pin)}( ;.*)? \\$", LOCK, re.MULTILINE), "make lock renews it"


def test_the_lock_names_no_index() -> None:
    assert "://" not in LOCK and "--find-links" not in LOCK and "index" not in LOCK
