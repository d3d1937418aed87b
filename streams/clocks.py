"""The clocks of a lead: what is to be answered by when, a function of its timeline, the policies and the settings."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal

from mypy_extensions import mypyc_attr

from schemas.event import Event
from schemas.events import TOPIC_OF, Millis
from schemas.policy import Clock, Policy
from schemas.policy import Pause as PauseRule
from streams.calendars import NEVER, Calendar, Pause
from streams.exchanges import awaiting_reply, words
from streams.lead import UNASSIGNED, UNKNOWN, Lead, Profile
from streams.policies import Policies, Traits, allowance
from streams.rules import Rules
from streams.spans import Engagement, Span
from streams.stages import Visit, visits

Outcome = Literal["running", "met", "breached", "cancelled"]


@mypyc_attr(acyclic=True)
class ServiceClock:
    """A clock as it is known now, judged by one version of one policy.

    ``id`` names it by the event that started it. ``allowance`` is of the time of ``calendar``, by which it is due;
    ``business`` is the calendar of the policy, whatever the target is measured in. ``warnings`` are shares of the
    target and their instants, ``escalations`` the number, instant and audience of each. What ended it is a
    ``stop`` or a ``cancelled``, whichever came first, ``ended_by`` an event, ``reason`` that of a cancellation.
    ``rep`` and ``team`` are who stopped it, or whose it is; ``traits`` are what policies were matched by. Instants
    are NEVER while it stands still.
    """

    def __init__(
        self,
        kind: Clock,
        id: str,
        start: Millis,
        policy: Policy,
        calendar: Calendar,
        business: Calendar,
        allowance: Millis,
        pauses: list[Pause],
        due: Millis,
        warnings: list[tuple[float, Millis]],
        rep: str,
        team: str,
        profile: Profile,
        traits: Traits,
    ) -> None:
        self.kind: Clock = kind
        self.id = id
        self.start = start
        self.policy = policy
        self.calendar = calendar
        self.business = business
        self.allowance = allowance
        self.pauses = pauses
        self.due = due
        self.warnings = warnings
        self.escalations: list[tuple[int, Millis, str]] = []
        self.rep = rep
        self.team = team
        self.profile = profile
        self.traits = traits
        self.stop: Millis | None = None
        self.cancelled: Millis | None = None
        self.ended_by: Event | None = None
        self.reason: str | None = None

    @property
    def end(self) -> Millis | None:
        """When it was stopped or cancelled; None while it runs."""
        return self.cancelled if self.stop is None else self.stop

    def outcome(self, at: Millis) -> Outcome:
        """What it is to a partition whose clock says ``at``. One cancelled after its deadline stays breached."""
        if self.end is not None and self.end <= self.due:
            return "met" if self.stop is not None else "cancelled"
        return "breached" if at > self.due else "running"

    def paused(self, at: Millis) -> Millis:
        """How long it has stood still by then."""
        total, done = 0, self.start
        for pause, resume in self.pauses:
            pause, resume = max(pause, done), min(resume, at)
            if pause < resume:
                total, done = total + resume - pause, resume
        return total


def clocks(
    lead: Lead,
    policies: Policies,
    rules: Rules,
    now: Millis,
) -> list[ServiceClock]:
    """The clocks of a lead that a policy is for; ``now`` is how far ``recompute`` versions are in force.

    Leads merged into others, duplicates, imported ones and those engaged before ``rules.clocks_from`` have none.
    """
    if lead.merged_into is not None:
        return []
    pauses = _Pauses(lead, rules)
    found = []
    for engagement in _engagements(lead, rules, pauses):
        for span in engagement.spans(policies.directory.is_queue):
            clock = _judged(span, engagement, policies, pauses, now)
            if clock is not None:
                found.append(clock)
    return found


def next_judgement(lead: Lead, policies: Policies, rules: Rules, now: Millis) -> Millis | None:
    """The next instant from which clocks of the lead that run may be judged anew; None where there is none."""
    later = bisect_right(policies.recomputes, now)
    if later == len(policies.recomputes) or lead.merged_into is not None:
        return None
    at = policies.recomputes[later]
    ends = (
        span.end for each in _engagements(lead, rules, _Pauses(lead, rules)) for span in each.spans(lambda rep: False)
    )
    return at if any(end is None or end.at > at for end in ends) else None


def _engagements(lead: Lead, rules: Rules, pauses: _Pauses) -> Iterator[Engagement]:
    by_instance: dict[int, list[Visit]] = {}
    last = len(lead.instances) - 1
    for visit in pauses.visits:
        # What came before the first engagement belongs to it, if there is one.
        number = next(
            (n for n in range(last, 0, -1) if lead.instances[n].engaged_at <= visit.entered.time), min(1, last)
        )
        by_instance.setdefault(number, []).append(visit)
    for number, instance in enumerate(lead.instances):
        if (number or not last) and not instance.duplicate:
            engagement = Engagement(instance, pauses.said[number], by_instance.get(number, []), rules)
            if engagement.counts:
                yield engagement


class _Pauses:
    """When clocks of a lead stand still, worked out where a policy asks."""

    def __init__(self, lead: Lead, rules: Rules) -> None:
        self.visits = visits(lead.deals) if lead.deals else []
        self.said = [words(instance, rules) for instance in lead.instances]
        self._lead = lead
        self._awaiting: list[Pause] | None = None

    def of(self, rule: PauseRule) -> list[Pause]:
        if rule.awaiting_reply and self._awaiting is None:
            self._awaiting = awaiting_reply(self._lead.instances, self.said)
        found = (self._awaiting or []) if rule.awaiting_reply else []
        if rule.stages:
            in_stages = [
                (visit.entered.time, visit.left.time if visit.left is not None else NEVER)
                for visit in self.visits
                if visit.stage in rule.stages
            ]
            found = sorted([*found, *in_stages])
        return found


def _judged(
    span: Span, engagement: Engagement, policies: Policies, pauses: _Pauses, now: Millis
) -> ServiceClock | None:
    data, end, start = engagement.data, span.end, span.start
    held = engagement.held(start) if span.kind != "rep_response" else None
    team = held.team if held is not None else span.team if span.kind in ("rep_response", "stage") else UNKNOWN
    team = UNKNOWN if team == UNASSIGNED else team
    profile = engagement.instance.profile
    traits = Traits(
        profile.temperature, profile.source, profile.region, data.segment or UNKNOWN, team, profile.channel, span.stage
    )
    policy = policies.match(span.kind, start, traits, now if end is None else min(end.at, now))
    if policy is None or (policy.touches is not None and span.nth >= policy.touches):
        return None
    owner = held.owner if held is not None else span.rep
    business = policies.calendar(policy, team, data.timezone, owner, start)
    still = pauses.of(policy.pause)
    calendar, allowed = allowance(policy.target, business, start)
    due = calendar.add(start, allowed, still)
    clock = ServiceClock(
        span.kind, clock_id(span.kind, span.event), start, policy, calendar, business, allowed, still, due,
        [(share, calendar.add(start, int(share * allowed), still)) for share in policy.warn_at],
        span.rep, span.team, profile, traits,
    )  # fmt: skip
    if end is not None:
        clock.ended_by, clock.reason = end.by, end.reason
        if end.reason is None:
            clock.stop = end.at
        else:
            clock.cancelled = end.at
    if due < NEVER and (end is None or end.at > due):
        for number, step in enumerate(policy.escalate, start=1):
            runs_on, after = allowance(step.after, business, due)
            clock.escalations.append((number, runs_on.add(due, after, still), step.tell))
    return clock


def clock_id(kind: Clock, event: Event) -> str:
    """``kind/topic/subject/source/id`` of the event that starts a clock; each part has no slash of its own."""
    return f"{kind}/{TOPIC_OF[event.type]}/{part(event.subject)}/{part(event.source)}/{part(event.id)}"


def subject_of(clock: str) -> str:
    """The subject of the event that starts the clock of this id."""
    return clock.split("/")[2].replace("%2F", "/").replace("%23", "#").replace("%25", "%")


def part(text: str) -> str:
    """A part of a name, without what separates parts."""
    if "/" in text or "%" in text or "#" in text:
        return text.replace("%", "%25").replace("/", "%2F").replace("#", "%23")
    return text
