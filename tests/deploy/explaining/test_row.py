"""Rows explained: the leads behind them make the row anew, to the last number, and revisions name what had come."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.explaining.asking import question
from deploy.explaining.row import Arrival, Gathering, Question, revisions
from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import simulate
from schemas.catalogue import GROUPINGS, by_name
from schemas.policy import NOTHING
from schemas.settings import Settings
from streams.attainment import Terms, numbers
from streams.clocks import clocks
from streams.contributions import changes, contributions
from streams.lead import Lead
from streams.now import BASIS as NOW
from streams.now import age_band, now_vector, open_leads
from streams.pipeline import standing
from streams.policies import Policies
from streams.reading import read
from streams.rows import is_empty, rows
from streams.spreading import spread
from streams.windows import Cells, decode_cell
from tests.policy_files import HEAD, parsed, policy
from tests.streams.floor import (
    ALL,
    DAY,
    HOUR,
    MINUTE,
    RULES,
    START,
    assigned,
    call,
    closed,
    engaged,
    event,
    lead_of,
    mail,
)
from tests.streams.selling import sold
from tests.streams.test_against_truth import forward, timelines_of

SETTINGS = Settings(_env_file=None)
LEVELS = parsed(
    HEAD
    + policy("first", 1)
    + policy("talk", 1, clock='"contact"', target='"90 calendar days"', calendar="", warn_at="[0.1]")
    + policy("stage", 1, clock='"stage"', pause__awaiting_reply="true")
)


def test_the_leads_behind_every_row_of_a_floor_make_that_row() -> None:
    """Every KPI by every grouping and window; a lead that adds nothing is not listed."""
    now = START + 40 * DAY
    timelines = timelines_of(disturb(simulate(71, 40), 71, conflicts=0.05))
    timelines |= timelines_of(sold(72, 12, now))
    forward(timelines)
    leads = [read(timeline, RULES) for timeline in timelines.values()]
    table: dict[bytes, dict[int, int]] = {}
    oldest: dict[bytes, int] = {}
    cells = Cells(ALL, RULES)
    terms = Terms(Policies(LEVELS), RULES, ALL)
    for lead in leads:
        changed = changes({}, contributions(lead, ALL, RULES), ALL)
        changed += numbers(lead, clocks(lead, terms.policies, RULES, now), terms, now).items()
        changed += standing(lead, ALL, RULES, now).adds.items()
        for waits in open_leads(lead):
            key = (NOW, 0, waits.dims)
            changed.append((key, now_vector(age_band(now - waits.engaged_at))))
            for cell in cells(key):
                oldest[cell] = min(waits.engaged_at, oldest.get(cell, waits.engaged_at))
        spread(changed, cells, table)
    checked = set()
    for cell, vector in list(table.items())[::7]:
        place = decode_cell(cell)
        for row in rows(cell, vector, ALL, RULES, oldest=oldest.get(cell), clock=now):
            if row.window in ("1m", "5m") or is_empty(row):
                continue
            dimensions = {name: row.dimensions[name] for name in GROUPINGS[place.grouping]}
            extra = next((value for name, value in row.dimensions.items() if name not in dimensions), None)
            asked = Question(row.kpi, place.grouping, dimensions, place.window, place.start, extra)
            gathered = Gathering(asked, RULES, now, 10_000, LEVELS)
            taken = [lead.id for lead in leads if gathered.take(lead)]
            made = gathered.made
            assert made is not None, row
            assert (made.value, made.count, made.numerator, made.denominator) == (
                row.value, row.count, row.numerator, row.denominator,
            ), row  # fmt: skip
            # Behind clocks at risk are not the others that run.
            assert made.statistics == row.statistics or row.basis == "now", row
            assert sorted({part.lead for part in gathered.parts}) == sorted(taken)
            checked.add(row.kpi)
    assert checked == set(by_name)


def gathered(asked: Question, *leads: Lead, limit: int = 50) -> Gathering:
    found = Gathering(asked, RULES, START + DAY, limit, NOTHING)
    for lead in leads:
        found.take(lead)
    return found


def test_each_lead_says_what_it_adds() -> None:
    asked = Question("lead_response_time", "team", {"team": "emea"}, "1d", START - 9 * HOUR)
    found = gathered(
        asked,
        lead_of(engaged(owner="r-1", team="emea"), call(4 * MINUTE, rep="r-1")),
        lead_of(engaged(HOUR, owner="r-2", team="emea")),
        lead_of(engaged(owner="r-3", team="amer")),
        lead_of(engaged(2 * DAY, owner="r-1", team="emea")),
    )
    assert [(part.rep, part.adds) for part in found.parts] == [("r-1", "4 m"), ("r-2", "not yet: still open")]
    assert (found.leads, found.made.count if found.made else None) == (2, 1)


def test_beyond_the_limit_leads_are_counted_and_not_listed() -> None:
    asked = Question("leads_created", "all", {}, "all", 0)
    found = gathered(asked, *[lead_of(engaged()) for _ in range(5)], limit=2)
    assert (found.leads, len(found.parts)) == (5, 2)
    assert found.made is not None
    assert found.made.count == 5


def test_a_follow_up_call_is_behind_the_row_of_calls_too() -> None:
    lead = lead_of(engaged(), call(MINUTE), call(2 * MINUTE), mail(3 * MINUTE))
    calls = gathered(Question("activities", "all", {}, "all", 0, "call"), lead)
    assert [part.adds for part in calls.parts] == ["one call", "one follow up call"]
    assert calls.made is not None
    assert calls.made.count == 2


def said(revision: int, written: int, value: float, final: bool = False) -> dict[str, Any]:
    numbers = {"value": value, "count": 1, "numerator": None, "denominator": None, "statistics": "{}"}
    return {"revision": revision, "final": final, "written_ms": START + written} | numbers


def test_a_revision_names_what_had_come_since_the_one_before() -> None:
    came, called, reassigned = engaged(), call(MINUTE), assigned(2 * MINUTE, "r-2")
    arrivals = [Arrival(called, START + 90), Arrival(came, START + 10), Arrival(reassigned, START + 500)]
    first, second, third, last = revisions(
        [said(1, 50, 1.0), said(2, 100, 2.0), said(3, 200, 3.0), said(4, 300, 3.0, final=True)], arrivals
    )
    assert first.why == ["lead.engaged of lead-1 (crm/lead.engaged-0)"]
    assert second.why == ["call.completed of lead-1 (crm/call.completed-60000)"]
    assert third.why[0].startswith("not known")
    assert last.why == ["final: nothing more is expected of the window"]


def test_an_event_that_came_twice_is_the_cause_once_and_of_many_some_are_named() -> None:
    many = [Arrival(event("call.completed", n, direction="outbound"), START) for n in range(9)]
    first, second = revisions([said(1, 50, 1.0), said(2, 100, 2.0)], [*many, Arrival(many[0].event, START + 90)])
    assert len(first.why) == 6
    assert first.why[-1] == "and 4 events more"
    assert second.why[0].startswith("not known")


@pytest.mark.parametrize(
    ("kpi", "dimensions", "kind", "said"),
    [
        ("lead_response_time", {"channel": "email"}, None, "is not told by channel"),
        ("lead_response_time", {"team": "t", "rep": "r"}, None, "is not told by team and rep"),
        ("lead_response_time", {}, "call", "is not told by kind"),
        ("activities", {}, None, "is told by kind"),
    ],
)
def test_a_row_that_cannot_be_is_refused(kpi: str, dimensions: dict[str, str], kind: str | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        question(SETTINGS, kpi, dimensions, "1d", None, kind)


def test_a_window_is_found_by_any_time_within_it_on_the_walls_of_the_time_zone() -> None:
    berlin = SETTINGS.model_copy(update={"timezone": "Europe/Berlin"})
    asked, is_named = question(berlin, "reply_rate", {"team": "t"}, "1d", "2026-03-02T11:30", None)
    assert (asked.start, asked.grouping, is_named) == (START - 10 * HOUR, "team", True)
    asked, is_named = question(berlin, "reply_rate", {}, "1d", None, None)
    assert not is_named
    asked, is_named = question(berlin, "open_leads", {}, "1d", None, None)
    assert (asked.window, asked.start, is_named) == ("all", 0, True)
    with pytest.raises(ValueError, match="expected a time such as"):
        question(berlin, "reply_rate", {}, "1d", "yesterday", None)


def test_clocks_say_which_policy_judged_them_and_how() -> None:
    levels = parsed(HEAD + policy("first", 1) + policy("talk", 1, clock='"contact"', target='"2 business hours"'))
    asked = Question("response_within_sla", "policy", {"policy": "first"}, "all", 0)
    found = Gathering(asked, RULES, START + DAY, 50, levels)
    leads = [lead_of(engaged(), call(HOUR)), lead_of(engaged()), lead_of(engaged(DAY), closed(DAY + 1))]
    assert [found.take(lead) for lead in leads] == [True, True, False]
    assert [part.adds for part in found.parts] == ["met, by first", "breached, by first"]
    assert found.made is not None
    assert (found.made.numerator, found.made.denominator) == (1, 2)
    late = Gathering(Question("sla_breached", "all", {}, "all", 0), RULES, START + DAY, 50, levels)
    assert [late.take(lead) for lead in leads] == [True, True, False]
    assert [part.adds for part in late.parts] == [
        "past its deadline, by talk",
        "past its deadline, by first",
        "past its deadline, by talk",
    ]
