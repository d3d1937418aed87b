"""Visits of deal stages: a deal that comes back to a stage visits it anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mypy_extensions import mypyc_attr

from schemas.event import Event


@mypyc_attr(acyclic=True)
class Visit:
    """A deal in a stage: from the event that brought it there until the one that took it away, None while it stays."""

    def __init__(self, deal: str, stage: str, entered: Event) -> None:
        self.deal = deal
        self.stage = stage
        self.entered = entered
        self.left: Event | None = None


def visits(deals: Iterable[Event]) -> list[Visit]:
    """The visits of all stages by all deals of a lead, in the order in which they began."""
    found: list[Visit] = []
    present: dict[str, int] = {}
    for event in deals:
        data: Any = event.data
        stage: str | None = getattr(data, "stage", None)
        position = present.get(data.deal_id)
        if position is not None:
            # An opening that says nothing of a stage leaves the deal where it is.
            if stage == found[position].stage or (stage is None and event.type == "deal.opened"):
                continue
            found[position].left = event
            del present[data.deal_id]
        if stage is not None:
            present[data.deal_id] = len(found)
            found.append(Visit(data.deal_id, stage, event))
    return found
