"""The compiled core: hot modules as native code, loaded only where it was made from exactly the sources that are here.

``deploy.compiling`` makes it. Everything works without it, in about twice the time; ``SALESPULSE_PURE=1`` leaves it.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
BUILT: Final = ROOT / ".compiled"
MODULES: Final = (
    "agents.appointments",
    "agents.attainment",
    "agents.leads",
    "agents.oldest",
    "agents.overdue",
    "agents.sending",
    "agents.service_levels",
    "agents.standing",
    "schemas.decoding",
    "schemas.event",
    "schemas.instants",
    "streams.accumulators",
    "streams.activity",
    "streams.announcements",
    "streams.attainment",
    "streams.bases",
    "streams.calendars",
    "streams.clocks",
    "streams.contributions",
    "streams.deal",
    "streams.deals",
    "streams.exchanges",
    "streams.facts",
    "streams.fate",
    "streams.follow_up",
    "streams.kinds",
    "streams.lead",
    "streams.money",
    "streams.pipeline",
    "streams.planning",
    "streams.policies",
    "streams.reading",
    "streams.replies",
    "streams.reply",
    "streams.response",
    "streams.running",
    "streams.spans",
    "streams.spreading",
    "streams.stages",
    "streams.sums",
    "streams.timelines",
    "streams.touches",
    "streams.windows",
)
"""What is compiled: plain classes and functions. Structs and settings cannot be, other modules are not worth it."""


@lru_cache(maxsize=1)
def directory() -> Path:
    """Where the core lies that was compiled from the present sources by this Python, if it was."""
    found = sha256(f"{sys.implementation.cache_tag} {EXTENSION_SUFFIXES[0]} {MODULES}".encode())
    # Compiled code has constants and shapes of others built in, so all that it could see counts.
    for package in ("schemas", "streams", "agents"):
        for path in sorted((ROOT / package).rglob("*.py")):
            found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return BUILT / found.hexdigest()[:16]


def places(package: str) -> list[str]:
    """Where modules of a package are looked for before its sources."""
    if os.environ.get("SALESPULSE_PURE") == "1":
        return []
    path = directory() / package
    return [str(path)] if path.is_dir() else []


def state() -> str:
    """How the core runs, for people: ``compiled``, or ``plain Python`` and why."""
    if os.environ.get("SALESPULSE_PURE") == "1":
        return "plain Python: SALESPULSE_PURE is set"
    if directory().is_dir():
        return "compiled"
    return "plain Python, at half the speed: not compiled from these sources, run `make setup`"
