"""The activity KPIs: what was done, and how many leads came."""

from __future__ import annotations

from typing import Any

from schemas.events import CallCompleted
from streams.kinds import ACTIVITIES, CUSTOMERS
from streams.lead import Act, Instance
from streams.rules import Rules


def activities(act: Act, rules: Rules) -> int | None:
    """The kind of what a person did, and to a new or existing customer; a call after the first touch is a follow-up."""
    data: Any = act.event.data
    if act.message is not None:
        return _coded(data.channel or "email", data.customer)
    if type(data) is CallCompleted:
        if data.automatic or data.direction == "inbound":
            return None
        kind = data.kind or "call"
        is_follow_up = kind == "call" and act.touch is not None and act.touch.nth > 0
        return _coded("follow_up_call" if is_follow_up else kind, data.customer)
    return _coded("quote", None) if act.event.type.startswith("deal.") else None


def _coded(kind: str, customer: str | None) -> int:
    return ACTIVITIES.index(kind) * len(CUSTOMERS) + CUSTOMERS.index(customer or "unknown")


def leads_created(lead: Instance, rules: Rules) -> int:
    """One per engagement of a lead."""
    return 0
