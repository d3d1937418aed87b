"""The activity KPIs: what was done, and how many leads came."""

from __future__ import annotations

from typing import Any

from schemas.events import CallCompleted
from streams.kinds import ACTIVITIES, CUSTOMERS, quotient
from streams.lead import Act, Instance, Planned
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


def leads_qualified(entered: Act, rules: Rules) -> int:
    """One each time that a lead enters MQL or SQL."""
    return 0


def planned_activities(planned: Planned, rules: Rules) -> int:
    """One per call, demo or meeting that was scheduled."""
    return 0


def no_show_rate(planned: Planned, rules: Rules) -> int:
    """Whether what was scheduled was missed."""
    return int(planned.is_missed)


def connect_rate(call: CallCompleted, rules: Rules) -> int:
    """Whether a call placed was answered."""
    return int(bool(call.answered))


def talk_time(call: CallCompleted, rules: Rules) -> int | None:
    """Milliseconds talked in a call: as stated, else how long an answered one lasted; None where nothing was said."""
    seconds = call.talk_seconds
    if seconds is None and call.answered:
        seconds = call.duration_seconds
    return round(seconds * 1000) if seconds else None


def talk_listen_ratio(call: CallCompleted, rules: Rules) -> int | None:
    """Milliseconds that the rep talked of those that both talked; a call that does not state both has none."""
    if call.rep_talk_seconds is None or not call.talk_seconds:
        return None
    both = round(call.talk_seconds * 1000)
    return quotient(min(round(call.rep_talk_seconds * 1000), both), both)


def calls_per_hour_talked(call: CallCompleted, rules: Rules) -> int:
    """One call of the milliseconds talked in it."""
    return quotient(1, talk_time(call, rules) or 0)
