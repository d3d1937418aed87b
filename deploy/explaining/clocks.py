"""A lead's clocks: by which rule, how the deadline was reckoned, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from deploy.explaining.wall import Wall
from deploy.wording import duration
from schemas.events import Millis
from schemas.policy import Policy
from schemas.policy_values import DAY
from schemas.results import timestamp
from streams.calendars import NEVER
from streams.clocks import ServiceClock, clocks
from streams.lead import Lead
from streams.policies import CONDITIONS, Policies, Traits
from streams.rules import Rules

_LONGEST = 400 * DAY


class Reckoned(Struct, frozen=True):
    """A line of the arithmetic: the calendar was open from when until when, and how much has passed by then."""

    start: str
    end: str
    seconds: float
    passed_seconds: float


class Told(Struct, frozen=True):
    """A clock; instants are RFC 3339, ``zone`` is whose walls the sentences speak of.

    ``responsible`` is who has, or had at its end, to see to it: the owner or the cover.
    """

    clock: str
    id: str
    policy: str
    zone: str
    rules: list[str]
    target: str
    started_at: str
    due_at: str | None
    reckoning: list[Reckoned]
    warnings: dict[str, str]
    escalations: dict[str, str]
    owner: str
    responsible: str
    outcome: str
    sentence: str
    announced: list[str]
    business_seconds: float
    paused_seconds: float


def told(
    view: Lead, policies: Policies, rules: Rules, now: Millis, announced: Iterable[Mapping[str, Any]], zone: str
) -> list[Told]:
    """Every clock of the lead as of ``now``; ``zone`` is for those whose policy has no calendar."""
    by_clock: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for event in announced:
        by_clock.setdefault((event["clock"], event["policy"]), []).append(event)
    found = clocks(view, policies, rules, now)
    return [_told(clock, policies, now, by_clock.get((clock.id, clock.policy.identity), []), zone) for clock in found]


def _told(clock: ServiceClock, policies: Policies, now: Millis, announced: list[Mapping[str, Any]], zone: str) -> Told:
    policy = clock.policy
    wall = Wall(clock.business.timezone if policy.calendar is not None else zone)
    until = now if clock.end is None else clock.end
    return Told(
        clock=clock.kind,
        id=clock.id,
        policy=policy.identity,
        zone=wall.zone,
        rules=list(_rules(clock, policies)),
        target=str(policy.target),
        started_at=timestamp(clock.start),
        due_at=_instant(clock.due),
        reckoning=list(_reckoning(clock)),
        warnings={f"{share:g}": timestamp(at) for share, at in clock.warnings if at < NEVER},
        escalations={f"{number} → {tell}": timestamp(at) for number, at, tell in clock.escalations if at < NEVER},
        owner=clock.rep,
        responsible=policies.directory.responsible(clock.rep, until),
        outcome=clock.outcome(now),
        sentence=_sentence(clock, now, wall),
        announced=[f"{_name(event)} at {event['at']}" for event in announced],
        business_seconds=clock.business.between(clock.start, until, clock.pauses) / 1000,
        paused_seconds=clock.paused(until) / 1000,
    )


def _instant(at: Millis) -> str | None:
    return timestamp(at) if at < NEVER else None


def _name(event: Mapping[str, Any]) -> str:
    return f"{event['name']}:{event['step']}" if event["step"] else str(event["name"])


def _rules(clock: ServiceClock, policies: Policies) -> Iterator[str]:
    """The rules in the order in which they were tried, up to the one that decided."""
    tried = policies.rules(clock.kind, clock.start)
    for policy in tried:
        misfits = list(_misfits(policy, clock.traits))
        if policy.identity == clock.policy.identity:
            break
        yield f"{policy.identity} does not fit: {', '.join(misfits) or 'a later version applies to running clocks'}"
    wanted = [f"{name} is {trait}" for name, values, trait in _conditions(clock.policy, clock.traits) if values]
    running = ", a version that applies to running clocks" if clock.policy not in tried else ""
    yield f"{clock.policy.identity} decides: {', '.join(wanted) or 'it is for every lead'}{running}"


def _misfits(policy: Policy, traits: Traits) -> Iterator[str]:
    for name, values, trait in _conditions(policy, traits):
        if values and trait not in values:
            yield f"{name} is {trait}, not {' or '.join(values)}"


def _conditions(policy: Policy, traits: Traits) -> list[tuple[str, tuple[str, ...] | None, str]]:
    return [(name, getattr(policy.when, name), trait) for name, trait in zip(CONDITIONS, traits, strict=True)]


def _reckoning(clock: ServiceClock) -> Iterator[Reckoned]:
    passed = 0
    # What never comes is not reckoned to the year 10000.
    end = clock.due if clock.due < NEVER else clock.start + _LONGEST
    for start, until in clock.calendar.openings(clock.start, end, clock.pauses):
        passed += until - start
        yield Reckoned(timestamp(start), _instant(until) or "", (until - start) / 1000, passed / 1000)


def _sentence(clock: ServiceClock, now: Millis, wall: Wall) -> str:
    ended = "" if clock.ended_by is None else f" ({clock.ended_by.type} {clock.ended_by.source}/{clock.ended_by.id})"
    match clock.outcome(now):
        case "running":
            left = "it stands still" if clock.due >= NEVER else f"due {wall(clock.due)}"
            return f"runs since {wall(clock.start)}: {left}"
        case "met":
            return f"met {wall(clock.end or 0)}, in time{ended}"
        case "cancelled":
            return f"cancelled {wall(clock.end or 0)}: {clock.reason}{ended}"
    if clock.end is None:
        return f"breached {wall(clock.due)}: nothing has answered it yet"
    late = duration((clock.end - clock.due) / 1000)
    how = f"answered {late} late" if clock.stop is not None else f"cancelled {late} after its deadline: {clock.reason}"
    return f"breached {wall(clock.due)}: {how}, {wall(clock.end)}{ended}"
