"""Programs of Debian that judge what is made for them: where one is missing its tests are skipped, but not in CI."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str, package: str) -> str:
    """The path of an installed program."""
    found = shutil.which(name)
    if found is not None:
        return found
    missing = f"{name} is missing: apt-get install --no-install-recommends {package}, or run .ci/run"
    if os.environ.get("CI"):
        # What CI leaves out nobody has looked at.
        pytest.fail(missing)
    pytest.skip(missing)
