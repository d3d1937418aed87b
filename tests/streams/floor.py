"""Short ways to write a lead's events and to ask what they count as."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from schemas.catalogue import by_name
from schemas.event import Event
from schemas.events import TOPIC_OF, TYPES, Judgement
from schemas.results import KpiRow
from streams.contributions import changes, contributions
from streams.lead import Lead
from streams.reading import read
from streams.rows import rows
from streams.rules import Rules
from streams.selection import Selection
from streams.spreading import spread
from streams.timelines import Timeline, absorb
from streams.windows import Cells, decode_cell

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
START = 1_772_442_000_000  # 2026-03-02T09:00:00Z
ALL = Selection.everything()
RULES = Rules()


def event(kind: str, at: int, name: str = "", /, subject: str = "lead-1", by: str = "crm", **data: Any) -> Event:
    """An event ``at`` milliseconds after ``START``; its id says type and time unless ``name`` is given."""
    shape = TYPES[TOPIC_OF[kind]][kind]
    return Event(kind, START + at, by, name or f"{kind}-{at}", subject, shape(**data))


def engaged(at: int = 0, **data: Any) -> Event:
    return event("lead.engaged", at, **data)


def assigned(at: int, owner: str, **data: Any) -> Event:
    return event("lead.assigned", at, owner=owner, **data)


def closed(at: int, reason: str = "disqualified") -> Event:
    return event("lead.closed", at, reason=reason)


def call(at: int, **data: Any) -> Event:
    return event("call.completed", at, **{"direction": "outbound", **data})


def called_in(at: int, **data: Any) -> Event:
    return call(at, direction="inbound", **data)


def mail(at: int, message_id: str = "m", **data: Any) -> Event:
    return event("email.sent", at, f"{message_id}-{at}", message_id=message_id, **data)


def about(what: str, at: int, message_id: str = "m", **data: Any) -> Event:
    return event(f"email.{what}", at, f"{what}-{message_id}-{at}", message_id=message_id, **data)


def but(event: Event, **changes: Any) -> Event:
    """The event with other values in some fields."""
    names = ("type", "time", "source", "id", "subject", "data", "spelling", "raw", "judged")
    return Event(**{name: getattr(event, name) for name in names} | changes)


def reply(at: int, class_: str | None = None, judged: Judgement | None = None, **data: Any) -> Event:
    return but(event("email.replied", at, class_=class_, **data), judged=judged)


def timeline_of(*events: Event, lead: str = "lead-1") -> Timeline:
    timeline = Timeline(lead)
    for one in events:
        absorb(timeline, one)
    return timeline


def lead_of(*events: Event, rules: Rules = RULES) -> Lead:
    return read(timeline_of(*events), rules)


def table_of(*leads: Lead, selection: Selection = ALL, rules: Rules = RULES) -> dict[bytes, dict[int, int]]:
    """Every cell that has something in it."""
    table: dict[bytes, dict[int, int]] = {}
    changed = [change for lead in leads for change in changes({}, contributions(lead, selection, rules), selection)]
    spread(changed, Cells(selection, rules), table)
    return {cell: vector for cell, vector in table.items() if vector}


def rows_of(kpi: str, *leads: Lead, grouping: str = "all", window: str = "all", rules: Rules = RULES) -> list[KpiRow]:
    """The rows of one KPI, by window's start and dimensions."""
    found = [
        row
        for cell, vector in table_of(*leads, rules=rules).items()
        if (decode_cell(cell).grouping, decode_cell(cell).window) == (grouping, window)
        for row in rows(cell, vector, ALL, rules)
        if row.kpi == kpi
    ]
    return sorted(found, key=lambda row: row.key)


def row_of(kpi: str, *leads: Lead, rules: Rules = RULES) -> KpiRow:
    """The row of everything."""
    [row] = rows_of(kpi, *leads, rules=rules)
    return row


def duration_of(kpi: str, *events: Event, rules: Rules = RULES) -> float | None:
    """The exact seconds that one lead measures; None where it is censored."""
    row = row_of(kpi, lead_of(*events, rules=rules), rules=rules)
    assert row.count + row.statistics["censored"] == 1
    mean: float | None = row.statistics["mean"]
    return mean


def ratio_of(kpi: str, *events: Event, rules: Rules = RULES) -> tuple[Any, Any]:
    """Numerator and denominator that one lead measures."""
    row = row_of(kpi, lead_of(*events, rules=rules), rules=rules)
    return row.numerator, row.denominator


def has_rows(kpi: str, *events: Event) -> bool:
    assert kpi in by_name
    return bool(rows_of(kpi, lead_of(*events)))


_TIMES = st.integers(-3, 40).map(lambda minutes: minutes * MINUTE)
_REPS = st.sampled_from([None, "r-1", "r-2"])
_IDS = st.sampled_from(["m-1", "m-2", "m-3"])
_YES = st.sampled_from([None, True, False])


def _events(kind: str, **data: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
    fields = st.fixed_dictionaries(data)
    return st.builds(
        lambda at, source, name, fields: event(kind, at, f"{kind}-{name}", by=source, **fields),
        _TIMES,
        st.sampled_from(["crm", "dialer"]),
        st.integers(0, 4),
        fields,
    )


events = st.one_of(
    _events("lead.engaged", qualified=_YES, owner=_REPS, temperature=st.sampled_from([None, "hot", "cold"])),
    _events("lead.assigned", owner=st.sampled_from(["r-1", "r-2"]), team=st.sampled_from([None, "t-1", "t-2"])),
    _events("lead.closed", reason=st.sampled_from([None, "disqualified", "duplicate"])),
    _events(
        "call.completed",
        direction=st.sampled_from(["outbound", "inbound"]),
        rep=_REPS,
        answered=_YES,
        automatic=_YES,
        talk_seconds=st.sampled_from([None, 5, 90]),
        outcome=st.sampled_from([None, "positive"]),
    ),
    _events("email.sent", message_id=_IDS, rep=_REPS, automatic=_YES, personalized_elements=st.sampled_from([None, 2])),
    _events("email.delivered", message_id=_IDS),
    _events("email.bounced", message_id=_IDS),
    _events("email.opened", message_id=_IDS, machine=_YES),
    _events("email.clicked", message_id=_IDS, machine=_YES),
    _events("lead.stage_changed", stage=st.just("mql"), temperature=st.sampled_from([None, "hot"])),
    _events("deal.opened", deal_id=st.just("d"), stage=st.sampled_from([None, "proposal"])),
    _events("deal.won", deal_id=st.just("d")),
    _events("call.missed", call_id=st.just("c")),
    _events("email.replied", in_reply_to=_IDS, class_=st.sampled_from([None, "positive", "negative", "auto"])),
    _events("deal.stage_changed", deal_id=st.just("d"), stage=st.sampled_from(["proposal", "contract"])),
)
histories = st.lists(events, max_size=25)
