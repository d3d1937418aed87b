"""The one place that asks the operating system for the time."""

from __future__ import annotations

import time


def now() -> int:
    """Wall-clock milliseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1_000_000


monotonic = time.monotonic
