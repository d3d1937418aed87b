"""One observation of one KPI: what the truth is made of."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from schemas.events import Millis

STANDARD: Final = ("all", "team", "rep", "team,temperature", "source", "region")
BY_CHANNEL: Final = ("channel",)
EVERY: Final = (*STANDARD, *BY_CHANNEL)
PROPOSAL: Final = "proposal"


class Seen(NamedTuple):
    """One observation: of a duration (None: still open), a hit or miss, a number to average, a thing to count.

    ``kind`` is the value of the dimension ``told_by`` beside those of the grouping.
    """

    kpi: str
    at: Millis
    dimensions: dict[str, str]
    value: int | None
    groupings: tuple[str, ...] = STANDARD
    note: Any = None
    kind: str | None = None
    told_by: str = "kind"
