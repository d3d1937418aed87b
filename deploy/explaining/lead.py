"""Everything that is known of a lead, and what was made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from deploy.explaining.clocks import Told, told
from deploy.explaining.counted import counted
from deploy.explaining.events import Said, said
from schemas.events import Millis
from schemas.results import timestamp
from streams.clocks import clocks
from streams.lead import UNASSIGNED, Instance, Lead
from streams.policies import Policies
from streams.reading import read
from streams.rules import Rules
from streams.selection import Selection
from streams.timelines import Timeline
from streams.windows import window_bounds


class Held(Struct, frozen=True):
    """Whose the lead was, from when until when: None of whoever has it, or had it when it engaged again."""

    owner: str
    team: str
    since: str
    until: str | None


class Engagement(Struct, frozen=True):
    """One engagement; ``response_seconds`` and ``contact_seconds`` are None while nobody answered, or was reached."""

    number: int
    engaged_at: str
    dimensions: dict[str, str]
    owner: str
    team: str
    response_seconds: float | None
    contact_seconds: float | None
    touches: int
    closed_at: str | None
    close_reason: str | None
    duplicate: bool
    owners: list[Held]


class Place(Struct, frozen=True):
    """Something that a lead adds to a KPI, and when the windows begin in which it is counted."""

    kpi: str
    at: str
    adds: str
    dimensions: dict[str, str]
    windows: dict[str, str]


class Account(Struct, frozen=True):
    """A lead explained as of ``at``. ``zone`` is that of the walls it is told by, ``days_of`` that of the windows."""

    lead: str
    at: str
    zone: str
    days_of: str
    merged_into: str | None
    merged_from: list[str]
    truncated: bool
    events: list[Said]
    engagements: list[Engagement]
    counted: list[Place]
    clocks: list[Told]


class Terms(Struct, frozen=True):
    """What a lead is explained by: the settings, the policies, the present, and what was announced of its clocks."""

    rules: Rules
    selection: Selection
    policies: Policies
    now: Millis
    announced: Sequence[Mapping[str, Any]] = ()


def explain(timeline: Timeline, terms: Terms) -> Account:
    """The account of a lead: a function of its events and of the terms."""
    rules = terms.rules
    view = read(timeline, rules)
    judged = told(view, terms.policies, rules, terms.now, terms.announced, rules.timezone)
    return Account(
        lead=timeline.lead,
        at=timestamp(terms.now),
        # Whoever disputes a deadline thinks in the hours of its calendar.
        zone=judged[0].zone if judged else rules.timezone,
        days_of=rules.timezone,
        merged_into=view.merged_into,
        merged_from=sorted({event.subject for event in timeline.events} - {timeline.lead}),
        truncated=timeline.truncated,
        events=said(timeline, view, rules),
        engagements=list(_engagements(view, rules)),
        counted=list(_places(view, terms)),
        clocks=judged,
    )


def _engagements(view: Lead, rules: Rules) -> Iterator[Engagement]:
    for number, instance in enumerate(view.instances[1:], start=1):
        answered = instance.response(instance.answers[0], rules.clock_skew) if instance.answers else None
        owner, team = instance.owner_and_team
        yield Engagement(
            number,
            timestamp(instance.engaged_at),
            {name: getattr(instance.profile, name) for name in ("temperature", "source", "region", "channel")},
            owner,
            team,
            None if answered is None else answered / 1000,
            None if instance.contact_after is None else instance.contact_after / 1000,
            len(instance.answers),
            None if instance.closing is None else timestamp(instance.closing.time),
            None if instance.closing is None else getattr(instance.closing.data, "reason", None),
            instance.duplicate,
            list(_owners(instance)),
        )


def _owners(instance: Instance) -> Iterator[Held]:
    closed = None if instance.closing is None else timestamp(instance.closing.time)
    for held, following in zip(instance.ownerships, [*instance.ownerships[1:], None], strict=False):
        end = closed if following is None else timestamp(following.at)
        yield Held(held.owner, held.team or UNASSIGNED, timestamp(held.at), end)


def _places(view: Lead, terms: Terms) -> Iterator[Place]:
    rules = terms.rules
    running = clocks(view, terms.policies, rules, terms.now)
    for one in counted(view, rules, clocks=running, now=terms.now):
        if one.kpi in terms.selection.kpis:
            windows = {
                window: timestamp(window_bounds(window, one.at, rules.timezone)[0])
                for window in terms.selection.windows
                if window != "all" and not one.is_of_now
            }
            yield Place(one.kpi, timestamp(one.at), one.adds, one.dimensions, windows)
