"""The activity KPIs: what was done, and how many leads came."""

from __future__ import annotations

from streams.bases import Activity
from streams.kinds import ACTIVITIES, CUSTOMERS
from streams.lead import Instance
from streams.rules import Rules


def activities(activity: Activity, rules: Rules) -> int:
    """The kind of what a person did, and to a new or existing customer; a call after the first touch is a follow-up."""
    kind = "follow_up_call" if activity.kind == "call" and activity.follow_up else activity.kind
    return ACTIVITIES.index(kind) * len(CUSTOMERS) + CUSTOMERS.index(activity.customer or "unknown")


def leads_created(lead: Instance, rules: Rules) -> int:
    """One per engagement of a lead."""
    return 0
