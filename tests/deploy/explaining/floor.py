"""Small scenarios to explain."""

from __future__ import annotations

from deploy.explaining.lead import Account, Terms, explain
from schemas.event import Event
from schemas.events import Judgement, Millis
from schemas.policy import PolicyFile
from streams.policies import Policies
from streams.selection import Selection
from tests.policy_files import HEAD, parsed, policy
from tests.streams.floor import (
    DAY,
    HOUR,
    MINUTE,
    RULES,
    START,
    about,
    assigned,
    call,
    called_in,
    closed,
    engaged,
    event,
    mail,
    reply,
    timeline_of,
)

LEVELS = parsed(
    HEAD
    + policy("hot", 1, when__temperature='"hot"', target='"30 business minutes"')
    + policy("first", 1, warn_at="[0.5]", escalate='[{after = "30 business minutes", tell = "reps"}]')
    + policy("next", 1, clock='"next_response"', target='"2 business hours"', pause__awaiting_reply="true")
)
AFTERNOON = 7 * HOUR
"""Monday, 17 o'clock in Berlin: the office has just closed."""
OUT = Judgement("out_of_office", "phrases", 1)


def disputed() -> list[Event]:
    """A lead that came as the office closed, was mailed in vain, given away, called, closed, and came again."""
    then = AFTERNOON
    return [
        engaged(then, owner="r-1", team="emea", source="fair", temperature="warm"),
        mail(then + MINUTE, "welcome", automatic=True),
        mail(then + 2 * HOUR, "m-1", rep="r-1"),
        about("bounced", then + 2 * HOUR + MINUTE, "m-1"),
        assigned(then + 3 * HOUR, "r-2", team="emea"),
        called_in(then + 17 * HOUR),
        call(then + 3 * DAY + HOUR, rep="r-2", answered=True, talk_seconds=90),
        about("opened", then + 3 * DAY + 2 * HOUR, "m-1"),
        reply(then + 3 * DAY + 2 * HOUR, judged=OUT),
        reply(then + 3 * DAY + 3 * HOUR, "positive"),
        call(then + 4 * DAY, rep="r-2"),
        closed(then + 5 * DAY, "recycled"),
        engaged(then + 6 * DAY),
        event("lead.engaged", then + 6 * DAY + HOUR, "again"),
        event("lead.merged", then + DAY, subject="lead-0", into="lead-1"),
        event("call.completed", then + 6 * DAY + 2 * HOUR, subject="lead-0", direction="outbound", automatic=True),
    ]


def account(
    *events: Event, levels: PolicyFile = LEVELS, now: Millis = AFTERNOON + 7 * DAY, lead: str = "lead-1", **told: object
) -> Account:
    """What is made of a lead's events, ``now`` after START."""
    announced = told.get("announced", ())
    assert isinstance(announced, list | tuple)
    terms = Terms(RULES, Selection.everything(), Policies(levels), START + now, announced)
    return explain(timeline_of(*events, lead=lead), terms)
