"""Short ways to ask what clocks a lead has, and what is announced of them."""

from __future__ import annotations

from schemas.event import Event
from schemas.events import Millis
from schemas.policy import Clock, PolicyFile
from schemas.results import SlaEvent
from streams.announcements import Announcing, announce
from streams.clocks import ServiceClock, clocks
from streams.policies import Policies
from streams.rules import Rules
from streams.told import Told
from tests.policy_files import HEAD, parsed, policy
from tests.streams.floor import DAY, RULES, START, lead_of

LATER: Millis = START + 365 * DAY


def office(clock: Clock = "first_response", **changed: str) -> PolicyFile:
    """One policy: four business hours of an office in Berlin, on a Monday from 10 to 17 o'clock as of START."""
    return parsed(HEAD + policy("p", 1, clock=f'"{clock}"', **changed))


def clocks_of(file: PolicyFile, *events: Event, now: Millis = LATER, rules: Rules = RULES) -> list[ServiceClock]:
    return clocks(lead_of(*events, rules=rules), Policies(file), rules, now)


def clock_of(file: PolicyFile, *events: Event, rules: Rules = RULES) -> ServiceClock:
    """The only one."""
    [clock] = clocks_of(file, *events, rules=rules)
    return clock


def due_after(clock: ServiceClock) -> Millis:
    return clock.due - clock.start


def as_of(
    now: Millis, file: PolicyFile, *events: Event, told: list[Told] | None = None
) -> tuple[list[SlaEvent], list[Told]]:
    """What is announced of the lead, ``now`` milliseconds after START, and what was told then."""
    lead, rules = lead_of(*events), RULES
    about = Announcing(lead, START + now, lambda rep, at: rep, 1)
    found, after, _ = announce(about, clocks(lead, Policies(file), rules, START + now), told or [])
    return [announced.event for announced in found], after


def names(events: list[SlaEvent]) -> list[str]:
    """Name and step of each, without the prefix."""
    return [event.name.removeprefix("sla.") + (f":{event.step}" if event.step else "") for event in events]
