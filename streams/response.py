"""The response KPIs: how long a lead waits, for the system, for its owner, for an answer."""

from __future__ import annotations

from streams.bases import Owned
from streams.exchanges import Waiting
from streams.kinds import CANCELLED, CENSORED
from streams.lead import Instance, Touch
from streams.rules import Rules


def lead_response_time(lead: Instance, rules: Rules) -> int:
    """Milliseconds from engagement to the first touch; censored while, or if closed before, there is none."""
    return lead.response(lead.answers[0], rules.clock_skew) if lead.answers else CENSORED


def system_delay(lead: Instance, rules: Rules) -> int:
    """Milliseconds from engagement to the first assignment to a person, 0 where it engaged already owned."""
    return lead.ownerships[0].at - lead.engaged_at if lead.ownerships else CENSORED


def time_to_contact(lead: Instance, rules: Rules) -> int:
    """Milliseconds from engagement to the first two-way exchange: a conversation or a human reply."""
    return CENSORED if lead.contact_after is None else lead.contact_after


def rep_response_time(owned: Owned, rules: Rules) -> int:
    """Milliseconds from an assignment to that owner's touch; cancelled where reassignment came first."""
    held = owned.ownership
    touch = touch_by_owner(owned, rules)
    if touch is not None:
        return max(0, touch.at - held.at)
    return CENSORED if held.end is None else CANCELLED


def next_response_time(waiting: Waiting, rules: Rules) -> int:
    """Milliseconds from the first unanswered message to the touch, or the call taken, that answered it."""
    asked, answered = waiting
    return CENSORED if answered is None else answered.event.time - asked.event.time


def response_within_sla(outcome: str, rules: Rules) -> int | None:
    """Whether a clock was met; None while it runs before its deadline, and where it was cancelled before that."""
    return {"met": 1, "breached": 0}.get(outcome)


def touch_by_owner(owned: Owned, rules: Rules) -> Touch | None:
    """The first touch that the owner made while the lead was theirs."""
    held = owned.ownership
    for touch in owned.instance.answers:
        if held.end is not None and touch.position >= held.end:
            break
        if _is_by_owner(touch, owned) and (
            touch.at >= held.at or (held.at == owned.instance.engaged_at and touch.at >= held.at - rules.clock_skew)
        ):
            return touch
    return None


def _is_by_owner(touch: Touch, owned: Owned) -> bool:
    return (getattr(touch.event.data, "rep", None) or touch.owner) == owned.ownership.owner
