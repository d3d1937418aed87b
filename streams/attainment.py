"""What policies make of a lead, in numbers: its clocks by the window of their deadline, those that run, and the
durations of its KPIs in business time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.catalogue import BASES, Kpi, index_of
from schemas.event import Event
from schemas.events import Millis
from schemas.policy import Clock
from streams.accumulators import SLOTS, Vector, add_into
from streams.bases import ITEMS, Owned
from streams.calendars import NEVER, Calendar
from streams.clocks import ServiceClock, clock_id
from streams.contributions import MINUTE, Key
from streams.deals import deals
from streams.dimensions import Dims
from streams.exchanges import Waiting
from streams.kinds import BUSINESS, duration_vector
from streams.lead import Instance, Lead
from streams.pipeline import BY_STAGE, limited
from streams.policies import Policies
from streams.rules import Rules
from streams.running import running_vector
from streams.selection import Measure, Selection, measure, plan

_AXES: Final = {name: code for code, name in enumerate(BASES)}
_CLOCKS: Final = _AXES["clocks"]

Numbers = dict[Key, Vector]
"""What is added to accumulators, by key."""


class Terms(NamedTuple):
    """What numbers of clocks depend on beside the lead and its clocks."""

    policies: Policies
    rules: Rules
    selection: Selection


def numbers(lead: Lead, clocks: Sequence[ServiceClock], terms: Terms, at: Millis) -> Numbers:
    """Everything that ``clocks``, those of the lead to a partition whose clock says ``at``, add to KPIs."""
    found: Numbers = {}
    if _counts_clocks(terms.selection):
        for clock in clocks:
            for key, vector in _of_clock(clock, terms, at):
                add_into(found.setdefault(key, {}), vector)
    if lead.merged_into is None:
        for key, vector in (*_in_business_time(lead, clocks, terms), *_of_stages(lead, clocks, terms, at)):
            add_into(found.setdefault(key, {}), vector)
    return found


def is_of_now(key: Key) -> bool:
    """Whether numbers under the key are of clocks that run, rather than of a window."""
    return key[0] in (_CLOCKS, BY_STAGE)


def _of_clock(clock: ServiceClock, terms: Terms, at: Millis) -> Iterator[tuple[Key, Vector]]:
    for axis, key in places(clock):
        measures, vectors = _plan(terms.selection, axis)
        outcome = clock.outcome(at)
        if vector := vectors.of(tuple([measure(outcome, terms.rules) for measure in measures])):
            yield key, vector
    if clock.end is None and _counts_running(terms.selection):
        yield running_place(clock), running_vector(clock, at)


def _of_stages(lead: Lead, clocks: Sequence[ServiceClock], terms: Terms, at: Millis) -> Iterator[tuple[Key, Vector]]:
    """Of open deals whose stage a policy limits, whether they have been there for too long."""
    running = {clock.id: clock for clock in clocks if clock.kind == "stage" and clock.end is None}
    if not running or not terms.selection.measured("now_by_stage"):
        return
    for deal in deals(lead, terms.rules):
        if deal.outcome is None and deal.visits:
            stage, entered = deal.visits[-1].stage, deal.visits[-1].entered
            clock = running.get(clock_id("stage", entered))
            if clock is not None:
                yield (BY_STAGE, 0, deal.dims(stage)), limited(entered.time, clock.due < at)


def places(clock: ServiceClock) -> Iterator[tuple[str, Key]]:
    """The axes on which a clock with a deadline counts, and its keys: any by policy, first responses by lead, too."""
    if clock.due < NEVER:
        minute = clock.due - clock.due % MINUTE
        if clock.kind == "first_response":
            yield "deadline", (_AXES["deadline"], minute, _dims(clock))
        yield "deadline_by_policy", (_AXES["deadline_by_policy"], minute, (*_dims(clock), clock.policy.name))


def running_place(clock: ServiceClock) -> Key:
    """The key under which a clock is counted while it runs."""
    return _CLOCKS, 0, (*_dims(clock), clock.policy.name)


def _dims(clock: ServiceClock) -> Dims:
    profile = clock.profile
    return clock.team, clock.rep, profile.temperature, profile.source, profile.region, profile.channel


_plan = lru_cache(maxsize=16)(plan)


@lru_cache(maxsize=8)
def _counts_clocks(selection: Selection) -> bool:
    return any(selection.measured(axis) for axis in ("deadline", "deadline_by_policy", "clocks"))


@lru_cache(maxsize=8)
def _counts_running(selection: Selection) -> bool:
    return bool(selection.measured("clocks"))


def _in_business_time(lead: Lead, clocks: Iterable[ServiceClock], terms: Terms) -> Iterator[tuple[Key, Vector]]:
    """The durations of the KPIs once more, in the time of the calendar that each runs on."""
    if not terms.policies.calendars:
        return
    judged = {clock.id: clock.business for clock in clocks if clock.policy.calendar is not None}
    for axis, durations in _durations(terms.selection):
        for at, dims, item in ITEMS[axis](lead, terms.rules):
            key = (_AXES[axis], at - at % MINUTE, dims)
            for kpi, measured in durations:
                millis = measured(item, terms.rules)
                if millis is not None:
                    calendar = _calendar(kpi.clock, item, dims, judged, terms.policies)
                    yield key, _vector(kpi, calendar, at, millis)


@lru_cache(maxsize=8)
def _durations(selection: Selection) -> list[tuple[str, list[tuple[Kpi, Measure]]]]:
    """By axis, the KPIs that are durations, with what measures them."""
    by_axis = {axis: [kpi for kpi in selection.measured(axis) if kpi.kind == "duration"] for axis in ITEMS}
    return [(axis, [(kpi, measure(kpi)) for kpi in kpis]) for axis, kpis in by_axis.items() if kpis]


def _calendar(
    kind: Clock | None, item: object, dims: Dims, judged: dict[str, Calendar], policies: Policies
) -> Calendar:
    """The calendar of the policy that judges the clock which starts with a duration, else its team's or the first."""
    begun = _begun_by(item)
    if kind is not None and begun is not None and (calendar := judged.get(clock_id(kind, begun))) is not None:
        return calendar
    return policies.calendar_of_team(dims[0])


def _begun_by(item: object) -> Event | None:
    match item:
        case Instance():
            return item.engaged
        case Owned():
            return item.ownership.event
        case Waiting():
            return item.asked.event
    return None


def _vector(kpi: Kpi, calendar: Calendar, at: Millis, millis: Millis) -> Vector:
    if millis >= 0:
        # Windows of replies and deals are those in which a duration ends, all others those in which it begins.
        start = at - millis if kpi.basis in ("replied", "closed", "left") else at
        millis = calendar.between(start, start + millis)
    return duration_vector((index_of[kpi.name] + BUSINESS) * SLOTS, millis)
