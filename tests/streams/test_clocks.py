"""Clocks: what starts and stops them, on whose calendar they run, by which policy they are judged."""

from __future__ import annotations

from datetime import datetime

import pytest

from schemas.event import Event
from schemas.events import Judgement
from streams.calendars import NEVER
from streams.clocks import clocks, next_judgement
from streams.policies import Policies
from streams.rules import Rules
from tests.directories import directory
from tests.policy_files import HEAD, parsed, policy
from tests.streams.floor import (
    DAY,
    HOUR,
    MINUTE,
    RULES,
    SECOND,
    START,
    about,
    assigned,
    call,
    called_in,
    closed,
    engaged,
    event,
    lead_of,
    mail,
    reply,
)
from tests.streams.service_floor import LATER, clock_of, clocks_of, due_after, office

FIRST = office()
NEXT = office("next_response")
FOLLOW_UP = office("follow_up", touches="3")
REP = office("rep_response")
CONTACT = office("contact")
STAGE = office("stage")


# First response


def test_a_lead_that_nobody_answers_is_breached_once_its_time_is_over() -> None:
    clock = clock_of(FIRST, engaged())
    assert due_after(clock) == 4 * HOUR
    assert [clock.outcome(clock.due), clock.outcome(clock.due + 1)] == ["running", "breached"]


def test_a_clock_is_named_by_the_event_that_started_it() -> None:
    one, other = (clock_of(FIRST, event("lead.engaged", 0, "e/1", by="a#b", subject=lead)) for lead in ("l-1", "l-2"))
    assert one.id == "first_response/leads/l-1/a%23b/e%2F1"
    assert other.id == "first_response/leads/l-2/a%23b/e%2F1"


@pytest.mark.parametrize(("at", "outcome"), [(4 * HOUR, "met"), (4 * HOUR + 1, "breached")])
def test_an_answer_at_the_deadline_is_in_time_and_one_after_it_is_not(at: int, outcome: str) -> None:
    assert clock_of(FIRST, engaged(), call(at)).outcome(LATER) == outcome


def test_neither_automatic_mail_nor_opens_clicks_and_bounces_stop_a_clock() -> None:
    clock = clock_of(
        FIRST,
        engaged(),
        mail(MINUTE, "a", automatic=True),
        about("opened", 2 * MINUTE),
        about("clicked", 3 * MINUTE),
        mail(4 * MINUTE, "b"),
        about("bounced", 5 * MINUTE, "b"),
    )
    assert clock.end is None


def test_a_touch_over_a_minute_before_engagement_answers_nothing_and_one_within_it_answers_at_once() -> None:
    assert clock_of(FIRST, engaged(), call(-MINUTE - 1)).end is None
    assert clock_of(FIRST, engaged(), call(-MINUTE)).stop == START


def test_a_response_may_arrive_before_its_lead() -> None:
    assert clock_of(FIRST, call(HOUR), engaged()).stop == START + HOUR


def test_an_answer_outside_hours_took_no_business_time() -> None:
    clock = clock_of(FIRST, engaged(9 * HOUR), call(10 * HOUR))
    assert clock.stop is not None
    assert clock.stop - clock.start == HOUR
    assert clock.business.between(clock.start, clock.stop) == 0
    assert clock.outcome(LATER) == "met"


def test_a_lead_that_engages_again_after_closing_has_a_clock_of_its_own() -> None:
    first, second = clocks_of(FIRST, engaged(), closed(HOUR, "recycled"), engaged(DAY))
    assert (first.outcome(LATER), first.reason, first.cancelled) == ("cancelled", "recycled", START + HOUR)
    assert (second.start, second.outcome(LATER)) == (START + DAY, "breached")


def test_engaging_again_while_open_changes_nothing() -> None:
    assert clock_of(FIRST, engaged(), engaged(HOUR)).start == START


def test_a_clock_that_was_closed_after_its_deadline_stays_breached() -> None:
    clock = clock_of(FIRST, engaged(), closed(5 * HOUR))
    assert (clock.outcome(LATER), clock.cancelled) == ("breached", START + 5 * HOUR)


def test_a_closing_without_a_reason_says_that_it_was_closed() -> None:
    assert clock_of(FIRST, engaged(), event("lead.closed", HOUR)).reason == "closed"


def test_an_unsubscription_ends_every_clock_and_starts_none() -> None:
    no = Judgement("unsubscribe", "phrase", 1)
    for file in (FIRST, CONTACT):
        clock = clock_of(file, engaged(), reply(HOUR, judged=no), call(2 * HOUR, talk_seconds=90))
        assert (clock.reason, clock.outcome(LATER)) == ("unsubscribed", "cancelled")
    assert clocks_of(NEXT, engaged(), reply(HOUR, judged=no), reply(2 * HOUR)) == []
    assert clocks_of(FOLLOW_UP, engaged(), reply(HOUR, judged=no), call(2 * HOUR)) == []
    assert clocks_of(REP, engaged(), reply(HOUR, judged=no), assigned(2 * HOUR, "r-1")) == []
    opened = event("deal.opened", 2 * HOUR, deal_id="d", stage="qualification")
    assert clocks_of(STAGE, engaged(), reply(HOUR, judged=no), opened) == []


def test_an_unsubscription_before_the_lead_engaged_forbids_nothing() -> None:
    no = Judgement("unsubscribe", "phrase", 1)
    assert clock_of(FIRST, reply(-30 * SECOND, judged=no), engaged()).end is None


def test_leads_merged_away_and_duplicates_have_no_clocks() -> None:
    assert clocks_of(FIRST, engaged(), event("lead.merged", HOUR, into="lead-2")) == []
    assert clocks_of(FIRST, engaged(), closed(HOUR, "duplicate")) == []


def test_a_lead_that_another_was_merged_into_keeps_the_earlier_engagement() -> None:
    theirs = event("lead.engaged", -HOUR, subject="lead-0")
    merge = event("lead.merged", HOUR, subject="lead-0", into="lead-1")
    clock = clock_of(FIRST, engaged(), theirs, merge)
    assert (clock.id, clock.start) == (f"first_response/leads/lead-0/crm/{theirs.id}", START - HOUR)


def test_imported_leads_start_no_clock() -> None:
    opened = event("deal.opened", HOUR, deal_id="d", stage="qualification")
    for file in (FIRST, CONTACT, REP, NEXT, FOLLOW_UP, STAGE):
        assert clocks_of(file, engaged(imported=True, owner="r-1"), reply(HOUR), call(2 * HOUR), opened) == []


def test_leads_engaged_before_clocks_are_asked_for_start_none() -> None:
    rules = Rules(clocks_from=START)
    opened = [event("deal.opened", at, f"d{at}", deal_id=f"d{at}", stage="qualification") for at in (-DAY, HOUR)]
    assert clocks_of(FIRST, engaged(-1), rules=rules) == []
    assert clock_of(FIRST, engaged(0), rules=rules).start == START
    assert clocks_of(NEXT, engaged(-1), reply(HOUR), rules=rules) == []
    # Of a subject that never engaged, what counts is when its deal entered the stage.
    assert [clock.start for clock in clocks_of(STAGE, *opened, rules=rules)] == [START + HOUR]


def test_ten_thousand_imported_leads_and_none_that_starts_a_clock() -> None:
    leads = [lead_of(event("lead.engaged", 0, subject=f"l-{n}", imported=True)) for n in range(10_000)]
    policies = Policies(FIRST)
    assert not any(clocks(lead, policies, RULES, LATER) for lead in leads)


# The owner's response


def test_each_owner_has_a_clock_of_their_own_and_reassignment_cancels_it() -> None:
    first, second = clocks_of(
        REP, engaged(owner="r-1", team="emea"), assigned(HOUR, "r-2"), call(2 * HOUR, rep="r-2", team="emea")
    )
    assert (first.rep, first.reason, first.cancelled) == ("r-1", "reassigned", START + HOUR)
    assert (second.rep, second.start, second.stop) == ("r-2", START + HOUR, START + 2 * HOUR)


def test_the_call_of_another_is_not_the_owners() -> None:
    assert clock_of(REP, engaged(owner="r-1"), call(HOUR, rep="r-9")).end is None


def test_an_owner_that_is_a_queue_has_no_clock_and_whoever_takes_the_lead_from_it_has() -> None:
    known = REP._replace(reps=directory("[reps.queue]\nqueue = true"))
    [clock] = clocks_of(known, engaged(owner="queue"), assigned(HOUR, "r-1"))
    assert (clock.rep, clock.start) == ("r-1", START + HOUR)


def test_a_closed_lead_cancels_the_clock_of_its_owner() -> None:
    assert clock_of(REP, engaged(owner="r-1"), closed(HOUR)).reason == "disqualified"


# The next response


def test_the_first_of_several_messages_starts_the_clock_and_the_next_touch_stops_it() -> None:
    clock = clock_of(NEXT, engaged(), reply(HOUR), reply(2 * HOUR), call(3 * HOUR, rep="r-1"))
    assert (clock.start, clock.stop, clock.rep) == (START + HOUR, START + 3 * HOUR, "r-1")


def test_every_row_of_messages_has_a_clock_of_its_own() -> None:
    first, second = clocks_of(NEXT, engaged(), reply(HOUR), call(2 * HOUR), reply(DAY))
    assert (first.end, second.end) == (START + 2 * HOUR, None)
    assert first.id != second.id


@pytest.mark.parametrize(
    "data", [{"class_": "auto"}, {"class_": "bounce"}, {"headers": {"Auto-Submitted": "auto-replied"}}]
)
def test_machines_do_not_wait_for_an_answer(data: dict[str, object]) -> None:
    assert clocks_of(NEXT, engaged(), reply(HOUR, **data)) == []  # type: ignore[arg-type]


def test_an_out_of_office_reply_waits_for_nothing() -> None:
    away = Judgement("out_of_office", "phrase", 1)
    assert clocks_of(NEXT, engaged(), reply(HOUR, judged=away)) == []
    assert clock_of(FOLLOW_UP, engaged(), call(0), reply(HOUR, judged=away)).end is None


def test_a_reply_outside_its_thread_waits_like_any_other() -> None:
    assert clock_of(NEXT, engaged(), mail(MINUTE), reply(HOUR, in_reply_to="unheard-of")).start == START + HOUR


def test_a_missed_call_of_the_customer_waits_and_one_that_is_taken_answers() -> None:
    clock = clock_of(NEXT, engaged(), called_in(HOUR, answered=False), called_in(2 * HOUR, answered=True))
    assert (clock.start, clock.stop) == (START + HOUR, START + 2 * HOUR)


def test_a_message_that_comes_with_the_engagement_waits_for_the_first_response() -> None:
    assert clocks_of(NEXT, engaged(), called_in(MINUTE, answered=False)) == []
    assert clock_of(NEXT, engaged(), called_in(MINUTE + 1, answered=False)).end is None


def test_a_message_of_a_closed_lead_waits_for_nothing_and_closing_cancels_one_that_waits() -> None:
    assert clocks_of(NEXT, engaged(), closed(HOUR), reply(2 * HOUR)) == []
    assert clock_of(NEXT, engaged(), reply(HOUR), closed(2 * HOUR), call(3 * HOUR)).reason == "disqualified"


# Following up


def test_a_touch_asks_for_the_next_until_there_are_as_many_as_are_asked_for() -> None:
    found = clocks_of(FOLLOW_UP, engaged(), call(0), call(HOUR), call(2 * HOUR), call(3 * HOUR))
    assert [(clock.start - START, clock.stop) for clock in found] == [(0, START + HOUR), (HOUR, START + 2 * HOUR)]


def test_a_reply_cancels_the_follow_up() -> None:
    for answer in (reply(HOUR), called_in(HOUR, answered=True), called_in(HOUR)):
        clock = clock_of(FOLLOW_UP, engaged(), call(0), answer)
        assert (clock.reason, clock.cancelled) == ("replied", START + HOUR)


def test_a_call_in_which_both_spoke_asks_for_no_follow_up() -> None:
    assert clocks_of(FOLLOW_UP, engaged(), call(0, talk_seconds=90)) == []
    assert clocks_of(FOLLOW_UP, engaged(), call(0, answered=True, outcome="neutral", talk_seconds=5)) == []


def test_a_touch_just_before_the_engagement_is_followed_up_from_there() -> None:
    assert clock_of(FOLLOW_UP, engaged(), call(-30 * SECOND)).start == START


# Contact


def test_an_attempt_is_no_contact_and_a_conversation_is() -> None:
    clock = clock_of(CONTACT, engaged(), call(HOUR), call(2 * HOUR, talk_seconds=90, rep="r-1"))
    assert (clock.stop, clock.rep) == (START + 2 * HOUR, "r-1")
    assert clock_of(CONTACT, engaged(), call(HOUR)).end is None


def test_a_persons_reply_is_contact() -> None:
    clock = clock_of(CONTACT, engaged(), mail(HOUR), reply(2 * HOUR))
    assert (clock.stop, clock.ended_by) == (START + 2 * HOUR, reply(2 * HOUR))


# Stages


def _stage(at: int, stage: str, deal: str = "d") -> Event:
    return event("deal.stage_changed", at, f"{deal}-{at}", deal_id=deal, stage=stage)


def test_each_visit_of_a_stage_has_a_clock_and_coming_back_is_a_new_one() -> None:
    found = clocks_of(
        STAGE, _stage(0, "a"), _stage(HOUR, "b"), _stage(2 * HOUR, "a"), event("deal.won", 3 * HOUR, deal_id="d")
    )
    assert [(clock.start - START, clock.stop) for clock in found] == [
        (0, START + HOUR),
        (HOUR, START + 2 * HOUR),
        (2 * HOUR, START + 3 * HOUR),
    ]


def test_to_hear_of_the_same_stage_again_is_not_to_leave_it() -> None:
    opened = event("deal.opened", HOUR, deal_id="d")
    assert clock_of(STAGE, _stage(0, "a"), opened, _stage(2 * HOUR, "a")).end is None


def test_a_stage_is_of_its_own_deal() -> None:
    one, other = clocks_of(STAGE, _stage(0, "a"), _stage(HOUR, "a", "e"), event("deal.lost", 2 * HOUR, deal_id="e"))
    assert (one.end, other.end) == (None, START + 2 * HOUR)


def test_stage_policies_choose_by_stage_and_closing_the_lead_cancels() -> None:
    file = office("stage", when__stage='"a"')
    clock = clock_of(file, engaged(), _stage(HOUR, "a"), closed(2 * HOUR), _stage(3 * HOUR, "b"))
    assert (clock.start, clock.reason) == (START + HOUR, "disqualified")


# Pauses


def test_a_clock_stands_still_while_the_deal_is_in_a_stage_that_pauses() -> None:
    file = office(pause__stages='["legal"]')
    clock = clock_of(file, engaged(), _stage(HOUR, "legal"), _stage(3 * HOUR, "b"))
    assert due_after(clock) == 6 * HOUR
    assert [clock.paused(START + n * HOUR) for n in (1, 2, 3, 9)] == [0, HOUR, 2 * HOUR, 2 * HOUR]


def test_a_clock_that_stands_still_is_never_due_until_it_goes_on() -> None:
    file = office(pause__stages='["legal"]')
    clock = clock_of(file, engaged(), _stage(HOUR, "legal"))
    assert (clock.due, clock.outcome(LATER)) == (NEVER, "running")


def test_a_clock_waits_with_us_from_our_question_until_the_customers_reply() -> None:
    file = office("contact", pause__awaiting_reply="true")
    waiting = [engaged(), mail(HOUR, "a"), mail(2 * HOUR, "b")]
    assert clock_of(file, *waiting).due == NEVER
    # The missed call is no contact; only the time between the first mail and it is the customer's.
    assert due_after(clock_of(file, *waiting, called_in(3 * HOUR, answered=False))) == 6 * HOUR


# By which policy, on whose calendar


def test_a_clock_is_judged_as_warm_as_the_lead_was_when_it_engaged() -> None:
    file = parsed(HEAD + policy("hot", 1, when__temperature='"hot"', target='"1 business hour"') + policy("rest", 1))
    cooled = event("lead.stage_changed", MINUTE, stage="lead", temperature="cold")
    assert clock_of(file, engaged(temperature="hot"), cooled).policy.name == "hot"
    warmed = event("lead.stage_changed", MINUTE, stage="lead", temperature="hot")
    assert clock_of(file, engaged(temperature="cold"), warmed).policy.name == "rest"


def test_a_lead_that_no_policy_is_for_has_no_clock() -> None:
    assert clocks_of(office(when__source='"fair"'), engaged()) == []
    assert clocks_of(office(when__segment='"big"'), engaged(segment="big")) != []


TWO = policy("p", 1) + policy("p", 2, target='"1 business hour"', effective_from="2026-03-02T10:00:00Z")


def test_a_policy_that_is_edited_while_a_clock_runs_leaves_it_alone() -> None:
    file = parsed(HEAD + TWO)
    assert clock_of(file, engaged()).policy.identity == "p@1"
    assert clock_of(file, engaged(HOUR)).policy.identity == "p@2"


def test_one_that_says_so_judges_clocks_that_run() -> None:
    file = parsed(HEAD + TWO + "recompute = true\n")
    at = START + HOUR
    lead = lead_of(engaged())
    policies = Policies(file)
    judged = [clocks(lead, policies, RULES, now)[0].policy.identity for now in (at - 1, at)]
    assert judged == ["p@1", "p@2"]
    assert [next_judgement(lead, policies, RULES, now) for now in (at - 1, at)] == [at, None]
    answered = lead_of(engaged(), call(HOUR - 1))
    assert clocks(answered, policies, RULES, LATER)[0].policy.identity == "p@1"
    assert next_judgement(lead_of(engaged(), closed(HOUR - 1)), policies, RULES, START) is None


NEW_YORK = """
[calendars.new-york]
timezone = "America/New_York"
hours.mon-fri = ["09:00-17:00"]

[teams]
emea.calendar = "office"
amer.calendar = "new-york"
"""


def test_a_clock_runs_on_the_calendar_of_the_team_that_has_the_lead_then() -> None:
    head = HEAD.replace('[teams]\nemea.calendar = "office"\n', NEW_YORK)
    file = parsed(head + policy("p", 1, whose='"team"'))
    assert due_after(clock_of(file, engaged())) == 4 * HOUR
    # The office in New York opens five hours later.
    assert due_after(clock_of(file, engaged(owner="r-1", team="amer"))) == 9 * HOUR
    assert due_after(clock_of(file, engaged(), assigned(HOUR, "r-1", team="amer"))) == 9 * HOUR
    later = parsed(head + policy("p", 1, whose='"team"', clock='"next_response"'))
    moved = clock_of(later, engaged(owner="r-1", team="amer"), assigned(HOUR, "r-2", team="emea"), reply(2 * HOUR))
    assert due_after(moved) == 4 * HOUR


def test_a_clock_may_run_in_the_time_zone_of_the_lead() -> None:
    file = office(whose='"lead"')
    assert due_after(clock_of(file, engaged(timezone="America/New_York"))) == 9 * HOUR
    assert due_after(clock_of(file, engaged(timezone="Nowhere/Land"))) == 4 * HOUR


ABSENT = """
[reps.r-1]
team = "emea"
timezone = "Europe/Berlin"
cover = "r-2"
absences = [{ from = 2026-03-02T09:30:00Z, to = 2026-03-06T00:00:00Z }]
[reps.r-2]
team = "amer"
timezone = "America/New_York"
"""


@pytest.mark.parametrize("whose", ["team", "rep"])
def test_a_clock_of_an_absent_owner_runs_on_the_hours_of_the_cover(whose: str) -> None:
    head = HEAD.replace('[teams]\nemea.calendar = "office"\n', NEW_YORK)
    file = parsed(head + policy("p", 1, whose=f'"{whose}"'))._replace(reps=directory(ABSENT))
    away = assigned(HOUR, "r-1", team="emea")
    assert due_after(clock_of(file, engaged(owner="r-1", team="emea"))) == 4 * HOUR
    assert due_after(clock_of(file, engaged(HOUR, owner="r-1", team="emea"))) == 8 * HOUR
    # An absence that begins while the clock runs leaves the deadline where it was.
    assert due_after(clock_of(file, engaged(owner="r-1", team="emea"), away)) == 4 * HOUR
    assert due_after(clock_of(file, engaged(HOUR, owner="r-7", team="emea"))) == 4 * HOUR


def test_a_lead_of_an_unknown_team_runs_on_the_hours_of_its_owners() -> None:
    head = HEAD.replace('[teams]\nemea.calendar = "office"\n', NEW_YORK)
    file = parsed(head + policy("p", 1, whose='"team"'))._replace(reps=directory(ABSENT))
    assert due_after(clock_of(file, engaged(owner="r-2"))) == 9 * HOUR


@pytest.mark.parametrize(
    ("friday", "hours"), [("2026-03-27", 2 * 24 - 1 + 19), ("2026-10-23", 2 * 24 + 1 + 19)], ids=["spring", "autumn"]
)
def test_a_weekend_on_which_the_clocks_change_is_an_hour_shorter_or_longer(friday: str, hours: int) -> None:
    start = int(datetime.fromisoformat(f"{friday}T16:00:00+0{1 if friday < '2026-06' else 2}:00").timestamp()) * 1000
    # An hour is left of Friday, so three are due on Monday: 20 h from 16:00 to 12:00, less one that passed.
    assert due_after(clock_of(FIRST, engaged(start - START))) == (hours + 1) * HOUR


CALENDARS = """
[calendars.office]
timezone = "Europe/Berlin"
hours.mon-fri = ["09:00-17:00"]
breaks.mon-fri = ["12:00-13:00"]
holidays = ["DE-BY"]
dates.2026-03-02 = ["09:00-12:00"]

[calendars.night]
timezone = "Europe/Berlin"
hours.sun-thu = ["22:00-06:00"]
"""


@pytest.mark.parametrize(
    ("calendar", "at", "hours"),
    [
        # Monday, START, is a half day until twelve: two of four hours are left for Tuesday.
        ("office", 0, 25),
        # Tuesday at ten o'clock, over lunch.
        ("office", DAY, 5),
        # The day before Epiphany at four in the afternoon: Bavaria works again on the day after.
        ("office", -56 * DAY + 6 * HOUR, 44),
        # Sunday at eleven in the evening.
        ("night", -DAY + 13 * HOUR, 4),
    ],
    ids=["half day", "lunch", "holiday by region", "overnight shift"],
)
def test_a_deadline_follows_the_hours_of_its_calendar(calendar: str, at: int, hours: int) -> None:
    file = parsed(CALENDARS + policy("p", 1, calendar=f'"{calendar}"'))
    assert due_after(clock_of(file, engaged(at))) == hours * HOUR
