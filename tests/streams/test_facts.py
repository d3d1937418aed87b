from __future__ import annotations

from streams.facts import facts
from tests.streams.floor import HOUR, MINUTE, RULES, assigned, call, closed, engaged, event, lead_of, mail, reply


def test_the_facts_of_a_lead_are_those_of_its_latest_instance() -> None:
    first = [engaged(source="web"), call(MINUTE), closed(HOUR)]
    again = [engaged(2 * HOUR, source="fair", imported=True), assigned(2 * HOUR, "r-1", team="t")]
    answer = [mail(3 * HOUR, "m"), reply(4 * HOUR, "positive"), call(5 * HOUR)]
    known = facts(lead_of(*first, *again, *answer), RULES)
    assert known is not None
    assert (known.instances, known.source, known.imported, known.open) == (2, "fair", True, False)
    assert (known.response_seconds, known.first_touch_at) == (3600, "2026-03-02T12:00:00Z")
    assert known.contact_made_at == "2026-03-02T13:00:00Z"
    assert (known.owner, known.team, known.touches, known.follow_ups) == ("r-1", "t", 2, 1)
    assert (known.replies, known.reply_class, known.closed_at) == (1, "positive", None)
    assert known.last_event_at == "2026-03-02T14:00:00Z"


def test_a_contact_has_facts_but_is_not_qualified() -> None:
    known = facts(lead_of(engaged(qualified=False), event("lead.merged", 1, into="b")), RULES)
    assert known is not None
    assert (known.qualified, known.instances, known.engaged_at, known.merged_into) == (False, 0, None, "b")


def test_nothing_is_known_of_a_lead_without_events() -> None:
    assert facts(lead_of(), RULES) is None
