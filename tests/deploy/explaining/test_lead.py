"""Leads explained: what each event counts as, by which rule a clock runs, how its deadline was reckoned."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from deploy.explaining.counted import counted
from deploy.explaining.shown import show_lead
from schemas.event import Event
from schemas.policy import NOTHING
from schemas.results import timestamp
from streams.calendars import NEVER
from streams.clocks import clocks
from streams.contributions import contributions
from streams.policies import Policies
from streams.reading import read
from streams.selection import Selection
from tests.deploy.explaining.floor import AFTERNOON, LEVELS, OUT, account, disputed
from tests.directories import directory
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
    histories,
    lead_of,
    mail,
    reply,
    timeline_of,
)

GOLDEN = Path(__file__).parent / "disputed.txt"


def counts_as(*events: Event) -> list[str]:
    return [said.counts_as for said in account(*events, levels=NOTHING).events]


def test_a_disputed_lead_is_explained_to_the_last_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read the golden file as the rep would; after a change that is meant, write it anew."""
    announced = {"clock": "first_response/leads/lead-1/crm/lead.engaged-25200000", "policy": "first@1"}
    breached = announced | {"name": "sla.breached", "step": "", "at": "2026-03-03T12:00:00Z"}
    show_lead(account(*disputed(), announced=[breached]))
    told = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()) + "\n"
    assert told == GOLDEN.read_text(encoding="utf-8")


def test_who_stands_in_for_the_owner_of_a_clock_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    away = directory("[reps.r-1]\ncover = 'r-2'\nabsences = [{ from = 2026-03-02, to = 2026-03-20 }]\n[reps.r-2]")
    found = account(engaged(owner="r-1"), levels=LEVELS._replace(reps=away))
    assert {(clock.owner, clock.responsible) for clock in found.clocks} == {("r-1", "r-2")}
    show_lead(found)
    assert "responsible  r-2, for r-1" in capsys.readouterr().out


def test_what_is_no_touch_says_why() -> None:
    sent = [mail(HOUR, "a", automatic=True), mail(2 * HOUR, "b"), about("bounced", 3 * HOUR, "b")]
    _, automatic, bounced, report = counts_as(engaged(), *sent)
    assert automatic == "an automatic message: no touch"
    assert bounced == "bounced: no touch"
    assert report == "message b bounced, so sending it was no touch"
    assert counts_as(mail(0, "b"), about("opened", HOUR, "b", machine=True))[1] == (
        "message b was opened by a machine: never a touch, stops no clock"
    )
    assert counts_as(event("call.completed", 0, direction="outbound", automatic=True)) == [
        "an automatic call: no touch"
    ]
    assert counts_as(mail(0, "b"), mail(HOUR, "b"))[1] == "message b was sent before: it counts once"


def test_touches_say_what_they_answer() -> None:
    assert counts_as(call(0), engaged(HOUR), call(2 * HOUR), call(3 * HOUR)) == [
        "a touch before the lead engaged: outreach, it answers nothing",
        "engages the lead: the response clock starts",
        "a touch, the first: it answers the engagement after 1 h",
        "a touch: follow-up 1",
    ]
    assert counts_as(engaged(), closed(HOUR), call(2 * HOUR))[2] == (
        "a touch after the lead was closed: it answers nothing"
    )
    early = counts_as(call(0), engaged(MINUTE // 2))[0]
    assert (
        early
        == "a touch, the first: it answers the engagement after 0 s, made a little before it by the senders' clocks"
    )


def test_what_the_other_side_says_is_told_apart() -> None:
    out, no, missed, inbound = counts_as(
        call(0),
        reply(HOUR, judged=OUT),
        reply(2 * HOUR, "negative"),
        called_in(3 * HOUR),
        called_in(4 * HOUR, answered=True),
    )[1:]
    assert out == "an automatic answer (out of office; phrases): no reply, stops no clock"
    assert no == "a negative reply (stated by the source)"
    assert missed == "a missed call of theirs: a message that waits for an answer"
    assert inbound.startswith("an answered call of theirs: a reply")
    late = counts_as(call(0), reply(31 * DAY, "positive"))[1]
    assert late.endswith("no touch came within the reply horizon before it: in no reply KPI")


def test_events_that_change_nothing_say_so() -> None:
    assert counts_as(engaged(), event("lead.engaged", HOUR, "2"))[1].endswith("open already: changes nothing")
    assert counts_as(event("lead.engaged", 0, qualified=False)) == [
        "a contact, not a qualified lead: it engages nobody"
    ]
    assert counts_as(closed(0)) == ["closes a lead that is not open: changes nothing"]


def test_of_two_contents_the_one_that_lost_says_so() -> None:
    one, other = (event("lead.closed", 0, "same", reason=reason) for reason in ("a", "b"))
    standing, lost = counts_as(one, other)
    assert standing.startswith("closes a lead that is not open")
    assert lost.startswith("another content under the same source and id")


@given(histories)
def test_every_event_is_told_once_and_counts_as_something(events: list[Event]) -> None:
    timeline = timeline_of(*events)
    told = account(*events).events
    assert len(told) == len(timeline.contents)
    assert all(said.counts_as for said in told)


@given(histories)
def test_what_is_listed_is_what_the_worker_adds_up(events: list[Event]) -> None:
    view = lead_of(*events)
    listed = {one.key for one in counted(view, RULES) if not one.is_of_now}
    # A key under which nothing is measured is no contribution to any KPI.
    added = contributions(view, Selection.everything(), RULES)
    assert listed == {
        key for key, all_measured in added.items() if any(m is not None for one in all_measured for m in one)
    }


def test_a_rule_that_does_not_fit_says_which_condition_it_was() -> None:
    [first, *_] = account(engaged(AFTERNOON, temperature="warm")).clocks
    assert first.rules == ["hot@1 does not fit: temperature is warm, not hot", "first@1 decides: it is for every lead"]
    [hot, *_] = account(engaged(AFTERNOON, temperature="hot")).clocks
    assert hot.rules == ["hot@1 decides: temperature is hot"]


@given(histories)
def test_the_lines_of_a_reckoning_end_at_the_deadline_and_add_up_to_the_allowance(events: list[Event]) -> None:
    judged = clocks(read(timeline_of(*events), RULES), Policies(LEVELS), RULES, START + 365 * DAY)
    for clock, told in zip(judged, account(*events, now=365 * DAY).clocks, strict=True):
        if clock.due < NEVER:
            assert told.reckoning[-1].end == told.due_at == timestamp(clock.due)
            assert told.reckoning[-1].passed_seconds == sum(line.seconds for line in told.reckoning)
            assert told.reckoning[-1].passed_seconds == clock.allowance / 1000


def test_outcomes_are_sentences() -> None:
    def sentence(*events: Event, now: int = AFTERNOON + 7 * DAY) -> str:
        return account(*events, now=now).clocks[0].sentence

    came = engaged(0)
    assert sentence(came, now=HOUR) == "runs since Mon 2026-03-02 10:00: due Mon 2026-03-02 14:00"
    assert sentence(came, call(HOUR)).startswith("met Mon 2026-03-02 11:00, in time (call.completed crm/")
    assert sentence(came, call(6 * HOUR)).startswith("breached Mon 2026-03-02 14:00: answered 2 h late")
    assert sentence(came) == "breached Mon 2026-03-02 14:00: nothing has answered it yet"
    assert sentence(came, closed(HOUR)).startswith("cancelled Mon 2026-03-02 11:00: disqualified")
    assert sentence(came, closed(6 * HOUR)).startswith(
        "breached Mon 2026-03-02 14:00: cancelled 2 h after its deadline: disqualified"
    )


def test_a_merged_lead_says_where_it_counts() -> None:
    found = account(engaged(), event("lead.merged", HOUR, into="lead-2"))
    assert (found.merged_into, found.counted, found.clocks) == ("lead-2", [], [])


def test_owners_are_told_in_their_order() -> None:
    found = account(engaged(0, owner="r-1", team="t"), assigned(HOUR, "r-2"), closed(2 * HOUR))
    [engagement] = found.engagements
    assert [(held.owner, held.since[11:16], (held.until or "")[11:16]) for held in engagement.owners] == [
        ("r-1", "09:00", "10:00"),
        ("r-2", "10:00", "11:00"),
    ]
