"""What messages say: to people by templates, to machines with all that is known."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.policy import PolicyFile, Receiver
from streams.notices import Notice
from streams.wording import FIELDS, Wording
from tests.clock_events import clock_event
from tests.directories import directory
from tests.policy_files import HEAD, parsed, told

LINKS = '\n[notify]\nlead_url = "https://board/leads/{lead}"\ncrm_url = "https://crm/{lead}?tab=1"\n'
FILE = parsed(HEAD + LINKS)
MACHINE = parsed(HEAD.replace('"chat"', '"json"') + LINKS)


def said(name: str = "breached", file: PolicyFile = FILE, **changed: Any) -> dict[str, Any]:
    notice = Notice(clock_event(name, **changed), "reps", Receiver())
    found = orjson.loads(Wording(file).body(notice))
    assert isinstance(found, dict)
    return found


def test_a_chat_is_told_who_waits_since_when_and_where_to_look() -> None:
    assert said() == {
        "text": "Breached: first response of lead lead-1 (hot, emea), due Mon 2026-03-02 09:05 UTC, after 4 business"
        " minutes. Responsible: r-1. https://board/leads/lead-1 https://crm/lead-1?tab=1"
    }
    assert said("retracted")["text"].startswith("Taken back: first response of lead lead-1 (hot, emea) was in time")


def test_a_machine_is_told_all_that_is_known() -> None:
    found = said("escalated", MACHINE, step="2")
    assert (found["severity"], found["audience"], found["crm_url"]) == ("escalated", "reps", "https://crm/lead-1?tab=1")
    assert found["event"]["identity"] == clock_event("escalated", "2").identity
    assert found["event"]["step"] == "2"
    assert found["text"].startswith("Escalated: ")


def test_without_links_there_are_none() -> None:
    assert said(file=parsed(HEAD))["text"].endswith("Responsible: r-1.")
    assert said(file=parsed(HEAD.replace('"chat"', '"json"')))["lead_url"] is None


def test_hours_are_those_of_whoever_is_responsible() -> None:
    reps = directory('[reps.r-1]\ntimezone = "America/New_York"')
    assert "due Mon 2026-03-02 04:05 EST" in said(file=FILE._replace(reps=reps))["text"]
    assert "due never: it stands still" in said(due_at=None)["text"]


def test_an_audience_has_words_of_its_own_but_for_what_is_taken_back() -> None:
    template = " ".join(f"{name}={{{name}}}" for name in FIELDS)
    file = parsed(HEAD + f'template = "{template}"\n' + LINKS)
    assert said("at_risk", file, step="0.8", owner="r-2")["text"] == (
        "severity=At risk lead=lead-1 kind=first response policy=p@1 step=0.8 owner=r-2 responsible=r-1 team=emea"
        " temperature=hot source=web started=Mon 2026-03-02 09:00 UTC due=Mon 2026-03-02 09:05 UTC minutes=5"
        " business_minutes=4 lead_url=https://board/leads/lead-1 crm_url=https://crm/lead-1?tab=1"
    )
    assert said("retracted", file)["text"].startswith("Taken back: ")


@given(st.text(min_size=1))
def test_nothing_in_the_name_of_a_lead_is_a_link_a_mention_or_a_field(lead: str) -> None:
    text = said(lead="<!channel> {owner} & <https://evil|x>" + lead, file=FILE)["text"]
    assert "<" not in text and "{owner}" in text and "&lt;!channel&gt;" in text
    link = next(word for word in text.split() if word.startswith("https://board/"))
    assert link.startswith("https://board/leads/%3C%21channel%3E%20")


def test_a_lead_in_an_address_is_quoted() -> None:
    assert "https://board/leads/a%2Fb%20c%3F " in said(lead="a/b c?")["text"]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('template = "{leed}"', "audiences.reps.template: no such field {leed}, expected {severity} {lead} {kind}"),
        ('template = "{lead.__class__}"', "audiences.reps.template: no such field {lead.__class__}, expected"),
        ('template = "{lead!r}"', "audiences.reps.template: no such field {lead}, expected"),
        ('template = "{lead:>9}"', "audiences.reps.template: no such field {lead}, expected"),
        ('template = "{}"', "audiences.reps.template: no such field {}, expected"),
        ('template = "{lead"', "audiences.reps.template: expected fields such as {lead}, and {{ for a brace: expected"),
        ('urgent = ["escalated"]\nseverities = ["breached"]', "audiences.reps.urgent: expected some of its severities"),
        ("reps.r-1 = {}", "audiences.reps.reps.r-1: expected url_env, url_file or quiet_outside"),
        ('reps.r-1 = { quiet_outside = "x" }', "audiences.reps.reps.r-1.quiet_outside: no such calendar, expected one"),
        ('[notify]\nlead_url = "https://x/{id}"', "notify.lead_url: no such field {id}, expected {lead}"),
        ('[notify]\ncrm_url = "crm/{lead}"', "notify.crm_url: expected an address such as https://crm.example/leads/"),
        ('[notify]\ngive_up_after = "3 business hours"', "notify.give_up_after: expected calendar time, not '3 busin"),
        ('[notify]\nlead_urll = "x"', "notify.lead_urll: unknown key, expected lead_url?"),
    ],
)
def test_what_could_not_be_told_is_told_by_the_check(lines: str, fault: str) -> None:
    [found] = told(HEAD + lines)
    assert found.startswith(fault)
