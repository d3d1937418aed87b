"""Announcements: each step once under one name, taken back where late evidence asks for it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from deploy.attainment import Standing, attainment, standing
from schemas.event import Event
from schemas.events import Millis
from schemas.results import SlaEvent
from streams.announcements import Announcing, announce
from streams.clocks import clocks, next_judgement
from streams.lead import Lead
from streams.policies import Policies
from streams.told import Told
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
    closed,
    engaged,
    event,
    histories,
    lead_of,
    mail,
    reply,
)
from tests.streams.service_floor import as_of, names, office

FIRST = office(warn_at="[0.5]", tell='"reps"', escalate='[{ after = "1 business hour", tell = "reps" }]')

_SHORT = {"target": '"10 calendar minutes"', "calendar": "", "warn_at": "[0.5, 0.8]"}
_STEPS = '[{ after = "3 calendar minutes", tell = "reps" }, { after = "1 calendar hour", tell = "reps" }]'
EVERY = parsed(
    HEAD
    + policy("first", 1, **_SHORT, escalate=_STEPS)
    + policy("first", 2, **_SHORT, effective_from="2026-03-02T09:12:00Z", recompute="true")
    + policy("rep", 1, **_SHORT, clock='"rep_response"')
    + policy("next", 1, **_SHORT, clock='"next_response"', when__temperature='"hot"')
    + policy("next-other", 1, **_SHORT, clock='"next_response"', escalate=_STEPS)
    + policy("follow-up", 1, **_SHORT, clock='"follow_up"', touches="4", when__team='["t-1", "unknown"]')
    + policy("contact", 1, **_SHORT, clock='"contact"', pause__awaiting_reply="true")
    + policy("stage", 1, **_SHORT, clock='"stage"', pause__stages='["contract"]')
)


# One by one


def test_a_clock_is_announced_step_by_step_as_time_passes() -> None:
    told: list[Told] = []
    log = []
    for hour in (0, 1, 3, 5, 7):
        events, told = as_of(hour * HOUR, FIRST, engaged(), told=told)
        log.append(names(events))
    assert log == [[], ["started"], ["at_risk:0.5"], ["breached"], ["escalated:1"]]


def test_what_has_been_announced_is_not_announced_again() -> None:
    _, told = as_of(DAY, FIRST, engaged())
    assert as_of(2 * DAY, FIRST, engaged(), told=told) == ([], told)


def test_every_step_is_told_though_the_answer_is_known_already() -> None:
    """So that what is announced does not depend on how events come in batches; whoever tells people looks first."""
    events, _ = as_of(DAY, FIRST, engaged(), call(6 * HOUR))
    assert names(events) == ["started", "at_risk:0.5", "breached", "escalated:1", "answered_late"]
    assert {event.stopped_at for event in events} == {"2026-03-02T15:00:00Z"}
    assert [event.evidence for event in events] == ["crm/call.completed-21600000"] * 5


def test_an_answer_in_time_is_met_and_nobody_is_told_of_a_breach() -> None:
    events, _ = as_of(DAY, FIRST, engaged(), call(HOUR))
    assert names(events) == ["started", "met"]


def test_a_step_is_announced_when_the_clock_has_passed_its_instant() -> None:
    _, told = as_of(4 * HOUR, FIRST, engaged())
    assert names(as_of(4 * HOUR, FIRST, engaged(), told=told)[0]) == []
    assert names(as_of(4 * HOUR + 1, FIRST, engaged(), told=told)[0]) == ["breached"]


def test_an_announcement_says_whose_it_is_how_long_it_took_and_who_is_told() -> None:
    events, _ = as_of(DAY, FIRST, engaged(owner="r-1", team="emea", temperature="hot", source="web"), call(9 * HOUR))
    late = events[-1]
    assert (late.name, late.owner, late.team, late.temperature, late.source) == (
        "sla.answered_late", "r-1", "emea", "hot", "web",
    )  # fmt: skip
    assert (late.elapsed_seconds, late.business_seconds, late.late_seconds) == (9 * 3600, 7 * 3600, 5 * 3600)
    assert (late.late_business_seconds, late.paused_seconds) == (3 * 3600, 0)
    assert late.steps == ("started", "at_risk:0.5", "breached", "escalated:1")
    assert [event.tell for event in events] == [None, "reps", "reps", "reps", None]
    assert (late.due_at, late.policy, late.kind) == ("2026-03-02T13:00:00Z", "p@1", "first_response")
    assert late.identity == (
        "first_response/leads/lead-1/crm/lead.engaged-0/p@1/answered_late:crm/call.completed-32400000"
    )


def test_who_stands_in_for_the_owner_is_responsible() -> None:
    lead = lead_of(engaged(owner="r-1"))
    cover = {"r-1": "r-2"}
    asked = Announcing(lead, START + DAY, lambda rep, at: cover[rep], 1)
    [first, *_], _, _ = announce(asked, clocks(lead, Policies(FIRST), RULES, START + DAY), [])
    assert (first.event.owner, first.event.responsible) == ("r-1", "r-2")


# Late evidence


def test_a_call_that_was_logged_late_retracts_the_breach() -> None:
    _, told = as_of(DAY, FIRST, engaged())
    events, told = as_of(DAY, FIRST, engaged(), call(HOUR), told=told)
    assert names(events) == ["retracted", "met"]
    assert events[0].evidence == "crm/call.completed-3600000"
    assert as_of(2 * DAY, FIRST, engaged(), call(HOUR), told=told)[0] == []


def test_a_touch_that_bounced_reopens_what_it_had_met() -> None:
    _, told = as_of(DAY, FIRST, engaged(), mail(HOUR))
    events, told = as_of(DAY, FIRST, engaged(), mail(HOUR), about("bounced", 2 * HOUR), told=told)
    assert names(events) == ["reopened", "at_risk:0.5", "breached", "escalated:1"]
    assert events[0].evidence == "crm/m-3600000"


def test_what_was_withdrawn_and_happens_after_all_is_told_under_another_name() -> None:
    seen: list[SlaEvent] = []
    told: list[Told] = []
    answered = [engaged(), mail(HOUR)]
    for history in ([engaged()], answered, [*answered, about("bounced", 2 * HOUR)]):
        events, told = as_of(DAY, FIRST, *history, told=told)
        seen += events
    assert names(seen)[4:] == ["retracted", "met", "reopened", "breached", "escalated:1"]
    assert [event.identity[-10:] for event in seen[-2:]] == ["breached#2", "alated:1#2"]
    assert len({event.identity for event in seen}) == len(seen)


def test_earlier_evidence_of_the_same_outcome_takes_the_place_of_the_one_before() -> None:
    _, told = as_of(DAY, FIRST, engaged(), call(2 * HOUR))
    events, _ = as_of(DAY, FIRST, engaged(), call(HOUR), call(2 * HOUR), told=told)
    assert [(event.name, event.stopped_at) for event in events] == [("sla.met", "2026-03-02T10:00:00Z")]


def test_evidence_that_is_said_to_be_of_another_time_is_told_anew() -> None:
    """Of two contents under one identity the smaller stands: that may be the one that comes later."""
    _, told = as_of(DAY, FIRST, engaged(), event("call.completed", 2 * HOUR, "c-1", direction="outbound"))
    moved = event("call.completed", HOUR, "c-1", direction="outbound")
    [met], told = as_of(DAY, FIRST, engaged(), moved, told=told)
    assert (met.name, met.stopped_at, met.identity[-2:]) == ("sla.met", "2026-03-02T10:00:00Z", "#2")
    assert as_of(DAY, FIRST, engaged(), moved, told=told)[0] == []


def test_a_clock_that_was_cancelled_and_then_is_none_is_cancelled_as_such() -> None:
    _, told = as_of(DAY, FIRST, engaged(), closed(5 * HOUR))
    [cancelled], _ = as_of(DAY, FIRST, engaged(), closed(5 * HOUR), engaged(-HOUR, imported=True), told=told)
    assert (cancelled.reason, cancelled.evidence) == ("superseded", None)


def test_an_earlier_engagement_supersedes_the_clock_that_was_running() -> None:
    _, told = as_of(DAY, FIRST, engaged())
    events, told = as_of(DAY, FIRST, engaged(), engaged(-HOUR), told=told)
    assert names(events) == ["started", "at_risk:0.5", "breached", "escalated:1", "cancelled"]
    assert (events[-1].clock[-14:], events[-1].reason) == ("lead.engaged-0", "superseded")
    assert as_of(DAY, FIRST, engaged(), engaged(-HOUR), told=told)[0] == []


def test_a_team_that_is_known_only_now_may_put_a_clock_under_another_policy() -> None:
    file = parsed(HEAD + policy("mine", 1, when__team='"emea"') + policy("rest", 1))
    _, told = as_of(HOUR, file, engaged())
    events, _ = as_of(HOUR, file, engaged(), assigned(MINUTE, "r-1", team="emea"), told=told)
    assert [(event.name, event.policy, event.reason) for event in events] == [
        ("sla.started", "mine@1", None),
        ("sla.cancelled", "rest@1", "superseded"),
    ]


def test_a_clock_that_comes_back_is_reopened() -> None:
    _, told = as_of(HOUR, FIRST, engaged())
    _, told = as_of(HOUR, FIRST, engaged(), engaged(-HOUR), told=told)
    events, _ = as_of(HOUR, FIRST, engaged(), told=told)
    assert names(events) == ["reopened", "cancelled"]
    assert events[0].clock.endswith("lead.engaged-0")


def test_a_lead_that_is_merged_away_or_a_duplicate_says_so() -> None:
    _, told = as_of(HOUR, FIRST, engaged())
    for end, reason in ((event("lead.merged", MINUTE, into="b"), "merged"), (closed(MINUTE, "duplicate"), "duplicate")):
        [cancelled], _ = as_of(HOUR, FIRST, engaged(), end, told=told)
        assert (cancelled.name, cancelled.reason, cancelled.owner) == ("sla.cancelled", reason, "unassigned")


def test_closing_cancels_and_says_why() -> None:
    events, _ = as_of(DAY, FIRST, engaged(), closed(HOUR, "disqualified"))
    assert names(events) == ["started", "cancelled"]
    assert (events[-1].reason, events[-1].evidence) == ("disqualified", "crm/lead.closed-3600000")


def test_a_clock_that_stands_still_is_announced_as_due_at_no_time() -> None:
    file = office(pause__stages='["legal"]')
    paused = event("deal.opened", HOUR, deal_id="d", stage="legal")
    [started], told = as_of(30 * DAY, file, engaged(), paused)
    assert (started.due_at, started.paused_seconds) == (None, 0)
    goes_on = event("deal.stage_changed", 2 * HOUR, deal_id="d", stage="b")
    events, _ = as_of(30 * DAY, file, engaged(), paused, goes_on, told=told)
    assert [(event.name, event.paused_seconds) for event in events] == [
        ("sla.at_risk", 3600.0),
        ("sla.breached", 3600.0),
    ]


# Laws


def _looks(events: list[Event], looks: list[tuple[int, Millis]]) -> tuple[list[SlaEvent], list[Told]]:
    """The lead looked at after so many of the events have come, each time with what was remembered."""
    policies, stored = Policies(EVERY), msgspec.msgpack.encode([])
    log: list[SlaEvent] = []
    for count, now in looks:
        lead = lead_of(*events[:count])
        told = msgspec.msgpack.decode(stored, type=list[Told])
        announced, told, _ = announce(_asked(lead, now), clocks(lead, policies, RULES, now), told)
        log += [each.event for each in announced]
        stored = msgspec.msgpack.encode(told)
    return log, msgspec.msgpack.decode(stored, type=list[Told])


def _asked(lead: Lead, now: Millis) -> Announcing:
    return Announcing(lead, now, lambda rep, at: rep, 1)


def _standing(log: list[SlaEvent]) -> dict[Any, Any]:
    found: dict[tuple[str, str, str], Standing] = standing(msgspec.structs.asdict(each) for each in log)
    ends = {
        key: next((e.stopped_at for e in reversed(log) if (e.clock, e.policy) == key[1:] and clock.end), None)
        for key, clock in found.items()
    }
    return {key: (clock.breached, clock.end, ends[key]) for key, clock in found.items() if not clock.is_withdrawn}


_ENDS = START + 3 * HOUR


@st.composite
def _arrivals(draw: st.DrawFn) -> tuple[list[Event], list[Event], list[tuple[int, Millis]]]:
    """A history in order, the same shuffled and with repeats, and when the shuffled one is looked at."""
    history = draw(histories)
    shuffled = draw(
        st.permutations([*history, *draw(st.lists(st.sampled_from(history), max_size=5) if history else st.just([]))])
    )
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=6)))
    times = sorted(draw(st.lists(st.integers(-10, 170), min_size=len(cuts), max_size=len(cuts))))
    looks = [(cut, START + minutes * MINUTE) for cut, minutes in zip(cuts, times, strict=True)]
    return history, shuffled, [*looks, (len(shuffled), _ENDS)]


@given(_arrivals())
def test_outcomes_depend_neither_on_the_order_of_arrival_nor_on_when_it_was_looked(
    arrivals: tuple[list[Event], list[Event], list[tuple[int, Millis]]],
) -> None:
    history, shuffled, looks = arrivals
    at_once, _ = _looks(history, [(len(history), _ENDS)])
    assert _standing(_looks(shuffled, looks)[0]) == _standing(at_once)


@given(_arrivals())
def test_no_name_is_announced_twice(arrivals: tuple[list[Event], list[Event], list[tuple[int, Millis]]]) -> None:
    log, _ = _looks(*arrivals[1:])
    assert {name for name, n in Counter(each.identity for each in log).items() if n > 1} == set()


@given(_arrivals())
def test_no_step_of_those_that_are_wanted_is_missing(
    arrivals: tuple[list[Event], list[Event], list[tuple[int, Millis]]],
) -> None:
    history, shuffled, looks = arrivals
    at_once, _ = _looks(history, [(len(history), _ENDS)])
    names_of = {each.identity for each in _looks(shuffled, looks)[0]}
    assert {each.identity for each in at_once} <= names_of


@given(_arrivals())
def test_a_lead_that_was_looked_at_has_nothing_more_to_say(
    arrivals: tuple[list[Event], list[Event], list[tuple[int, Millis]]],
) -> None:
    _, shuffled, looks = arrivals
    once, twice = _looks(shuffled, looks), _looks(shuffled, [*looks, looks[-1]])
    assert once == twice


@given(histories)
def test_nothing_is_to_be_announced_before_the_next_instant_and_something_then(history: list[Event]) -> None:
    """The heap of instants is enough: whoever looks at these alone announces the same as who looks at every minute."""
    policies, lead = Policies(EVERY), lead_of(*history)
    now, instants = START - 10 * MINUTE, []
    while now < _ENDS:
        _, _, step = announce(_asked(lead, now), clocks(lead, policies, RULES, now), [])
        upcoming = (step, next_judgement(lead, policies, RULES, now))
        now = min((at for at in upcoming if at is not None), default=_ENDS)
        instants.append(now)
    assert all(one < other for one, other in pairwise(instants))
    by_heap, told = _looks(history, [(len(history), at) for at in [*instants[:-1], _ENDS]])
    minutes = range(START - 10 * MINUTE + 1, _ENDS, MINUTE)
    by_minute, also_told = _looks(history, [(len(history), at) for at in [*minutes, _ENDS]])
    assert _bare(by_heap) == _bare(by_minute)
    assert told == also_told


def _bare(log: list[SlaEvent]) -> list[Any]:
    """In the order of their instants; what was withdrawn is so when it is looked at."""
    return sorted((each.identity, each.name, each.due_at) for each in log)


def test_attainment_counts_what_stands_when_its_deadline_has_come() -> None:
    later = parsed(HEAD + policy("p", 1) + policy("p", 2, effective_from="2026-03-03T00:00:00Z"))
    lost, _ = as_of(3 * DAY, later, engaged())
    kept, _ = as_of(3 * DAY, later, engaged(), call(HOUR))
    log = [msgspec.structs.asdict(each) for each in lost]
    log += [msgspec.structs.asdict(msgspec.structs.replace(each, lead="lead-2")) for each in kept]
    assert attainment(log) == {"p": {"due": 2, "met": 1, "breached": 1}}
    again, _ = as_of(3 * DAY, later, engaged(2 * DAY), closed(2 * DAY + HOUR))
    assert attainment(map(msgspec.structs.asdict, again)) == {}
    assert attainment([]) == {}


def test_a_replied_message_of_tuesday_is_another_clock_than_mondays() -> None:
    file = office("next_response")
    events, _ = as_of(3 * DAY, file, engaged(), reply(HOUR), call(2 * HOUR), reply(DAY))
    assert names(events) == ["started", "met", "started", "at_risk:0.8", "breached"]
    assert len({each.clock for each in events}) == 2
