"""The leads behind a row of KPIs, the row made anew from them, and how it came to say what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from deploy.explaining.counted import counted
from schemas.catalogue import CELLS, GROUPINGS, by_name
from schemas.event import Event
from schemas.events import Millis
from schemas.policy import PolicyFile
from schemas.results import KpiRow, timestamp
from streams.accumulators import Vector
from streams.attainment import Terms, numbers
from streams.clocks import ServiceClock, clocks
from streams.contributions import Change, changes, contributions
from streams.lead import Lead
from streams.now import BASIS as NOW
from streams.now import age_band, now_vector, open_leads
from streams.pipeline import standing
from streams.policies import Policies
from streams.rows import rows
from streams.rules import Rules
from streams.selection import Selection
from streams.spreading import spread
from streams.timelines import Identity
from streams.windows import Cells, encode_cell

CAUSES: Final = 5
"""Events named for a revision."""


class Question(Struct, frozen=True):
    """Which row: dimensions in the order of the grouping.

    ``kind`` is that of KPIs that are told by one dimension more: a kind, reason, currency…
    """

    kpi: str
    grouping: str
    dimensions: dict[str, str]
    window: str
    start: Millis
    kind: str | None = None

    @property
    def cell(self) -> bytes:
        """The cell that its row is made of."""
        values = [self.dimensions[name] for name in GROUPINGS[self.grouping]]
        kind = next(kind for kind, extra in self._cells.items() if (extra is None) == (self.kind is None))
        values += [self.kind] * len(CELLS[kind]) if self.kind is not None else []
        return encode_cell(kind, self.grouping, tuple(values), self.window, self.start)

    @property
    def extra(self) -> dict[str, str]:
        """The dimension beside those of the grouping."""
        names = [name for name in self._cells.values() if name is not None]
        return {} if self.kind is None else {names[0]: self.kind}

    @property
    def _cells(self) -> dict[str, str | None]:
        return by_name[self.kpi].cells(self.grouping)


class Part(Struct, frozen=True):
    """What a lead adds to the row."""

    lead: str
    at: str
    adds: str
    rep: str
    team: str


class Arrival(Struct, frozen=True):
    """An event of a lead that is in the row, and when Kafka had it."""

    event: Event
    received_at: Millis


class Revision(Struct, frozen=True):
    """What the row said before or says now, and what had come since the revision before, as far as is known."""

    revision: int
    written_at: str
    value: float | str | None
    count: int
    numerator: float | None
    denominator: float | None
    final: bool
    why: list[str]


class Behind(Struct, frozen=True):
    """A row explained: ``published`` is what it says, ``made`` what the leads listed make."""

    kpi: str
    definition: str
    settings: dict[str, Any]
    grouping: str
    dimensions: dict[str, str]
    window: str
    start: str
    end: str | None
    published: dict[str, Any] | None
    made: dict[str, Any] | None
    leads: int
    parts: list[Part]
    revisions: list[Revision]


def adds(view: Lead, running: Sequence[ServiceClock], terms: Terms, now: Millis) -> list[Change]:
    """Everything that a lead and its clocks, as of ``now``, add to the cells of rows."""
    found = changes({}, contributions(view, terms.selection, terms.rules), terms.selection)
    found += numbers(view, running, terms, now).items()
    found += standing(view, terms.selection, terms.rules, now).adds.items()
    found += [((NOW, 0, one.dims), now_vector(age_band(now - one.engaged_at))) for one in open_leads(view)]
    return found


class Gathering:
    """Leads looked at one after the other: of each only what it adds to the row is kept."""

    def __init__(self, question: Question, rules: Rules, now: Millis, limit: int, policies: PolicyFile) -> None:
        self.question = question
        self._rules = rules
        self._now = now
        self._limit = limit
        self._selection = Selection((question.kpi,), (question.grouping,), (question.window,))
        self._terms = Terms(Policies(policies), rules, self._selection)
        self._cells = Cells(self._selection, rules)
        self._cell = question.cell
        self._vector: dict[bytes, Vector] = {}
        self._oldest: Millis | None = None
        self.leads = 0
        self.parts: list[Part] = []

    def take(self, view: Lead) -> bool:
        """Add what the lead adds; False where that is nothing."""
        running = clocks(view, self._terms.policies, self._rules, self._now)
        found = [
            Part(view.id, timestamp(one.at), one.adds, one.dimensions.get("rep", ""), one.dimensions.get("team", ""))
            for one in counted(view, self._rules, (by_name[self.question.kpi],), running, self._now)
            if self._cell in self._cells(one.key) and self._is_asked(one.adds)
        ]
        if not found:
            return False
        self.leads += 1
        self.parts += found[: max(0, self._limit - len(self.parts))]
        for waits in open_leads(view):
            self._oldest = min(waits.engaged_at, self._oldest or waits.engaged_at)
        into: dict[bytes, Vector] = {}
        spread(adds(view, running, self._terms, self._now), self._cells, into)
        for slot, amount in into.get(self._cell, {}).items():
            vector = self._vector.setdefault(self._cell, {})
            vector[slot] = vector.get(slot, 0) + amount
        return True

    def _is_asked(self, adds: str) -> bool:
        kind = self.question.extra.get("kind")
        # A follow-up call is a call as well.
        kinds = (kind,) if kind != "call" else ("call", "follow_up_call")
        return kind is None or adds.startswith(tuple(f"one {each.replace('_', ' ')}" for each in kinds if each))

    @property
    def made(self) -> KpiRow | None:
        """The row that all of them make; None where they make none."""
        vector = self._vector.get(self._cell, {})
        found = rows(self._cell, vector, self._selection, self._rules, oldest=self._oldest, clock=self._now)
        asked = self.question.dimensions | self.question.extra
        return next((row for row in found if row.dimensions == asked and row.kpi == self.question.kpi), None)


def behind(
    gathered: Gathering,
    rules: Rules,
    end: str | None,
    published: Mapping[str, Any] | None,
    history: Sequence[Mapping[str, Any]],
    arrivals: Iterable[Arrival],
) -> Behind:
    """The explanation of a row from the leads gathered, what it said, and the events that came of these leads."""
    question = gathered.question
    made = gathered.made
    return Behind(
        kpi=question.kpi,
        definition=by_name[question.kpi].definition,
        settings=msgspec.structs.asdict(rules),
        grouping=question.grouping,
        dimensions=question.dimensions | question.extra,
        window=question.window,
        start=timestamp(question.start),
        end=end,
        published=_numbers(published),
        made=_numbers(None if made is None else msgspec.structs.asdict(made)),
        leads=gathered.leads,
        parts=gathered.parts,
        revisions=revisions(history, arrivals),
    )


def _numbers(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    names = ("value", "count", "numerator", "denominator", "statistics")
    return None if row is None else {name: row[name] for name in names}


def revisions(history: Sequence[Mapping[str, Any]], arrivals: Iterable[Arrival]) -> list[Revision]:
    """The revisions of a row, oldest first, each with the events that came between it and the one before.

    What an event did to the row is not recorded: named is what came of its leads in time to be in it.
    """
    first: dict[Identity, Arrival] = {}
    for arrival in sorted(arrivals, key=lambda arrival: arrival.received_at):
        first.setdefault(arrival.event.identity, arrival)
    waiting = list(first.values())
    found: list[Revision] = []
    before: Mapping[str, Any] | None = None
    for row in history:
        came = [arrival for arrival in waiting if arrival.received_at <= row["written_ms"]]
        waiting = waiting[len(came) :]
        found.append(
            Revision(
                row["revision"], timestamp(row["written_ms"]), row["value"], row["count"], row["numerator"],
                row["denominator"], row["final"], _why(row, before, came),
            )
        )  # fmt: skip
        before = row
    return found


def _why(row: Mapping[str, Any], before: Mapping[str, Any] | None, came: Sequence[Arrival]) -> list[str]:
    same = before is not None and all(row[name] == before[name] for name in ("value", "count", "statistics"))
    if same and before is not None and row["final"] != before["final"]:
        return ["final: nothing more is expected of the window"]
    named = [
        f"{arrival.event.type} of {arrival.event.subject} ({arrival.event.source}/{arrival.event.id})"
        for arrival in came[:CAUSES]
    ]
    if len(came) > CAUSES:
        named.append(f"and {len(came) - CAUSES:,} events more")
    return named or ["not known: no event of the leads that are in it now came just before"]
