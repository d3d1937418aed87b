"""Dimensions: what the things that are counted are grouped by."""

from __future__ import annotations

from typing import Any

from schemas.events import Millis

Dims = tuple[str, ...]
"""Team, rep, temperature, source, region, channel; of clocks the policy, too.

What is told by one more dimension has that at the end.
"""

Counted = tuple[Millis, Dims, Any]
"""Event time, dimensions, and the item that the KPIs of the basis measure."""
