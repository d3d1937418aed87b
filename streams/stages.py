"""Visits of deal stages: a deal that comes back to a stage visits it anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from schemas.events import Event


class Visit(NamedTuple):
    """A deal in a stage: from the event that brought it there until the one that took it away, None while it stays."""

    deal: str
    stage: str
    entered: Event
    left: Event | None = None


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
            found[position] = found[position]._replace(left=event)
            del present[data.deal_id]
        if stage is not None:
            present[data.deal_id] = len(found)
            found.append(Visit(data.deal_id, stage, event))
    return found
