"""The follow-up KPIs: whether a lead is touched in time, and how often."""

from __future__ import annotations

from streams.kinds import LEVELS
from streams.lead import Instance
from streams.rules import Rules


def follow_up_rate(lead: Instance, rules: Rules) -> int:
    """How many touches the lead got within the follow-up horizon of engaging, 0…8; a hit from one on."""
    in_time = 0
    for touch in lead.answers:
        if lead.response(touch, rules.clock_skew) > rules.follow_up_horizon or in_time == LEVELS:
            break
        in_time += 1
    return in_time


def follow_ups_per_lead(lead: Instance, rules: Rules) -> int | None:
    """How many touches came after the first; a lead without a touch is no contacted lead."""
    return len(lead.answers) - 1 if lead.answers else None
