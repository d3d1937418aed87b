"""Open leads are counted by age: whatever happened in whatever order, as if counted from scratch."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from agents.engine.store import Reached, Store
from agents.open_leads import OpenLeads
from schemas.event import Event
from schemas.events import LeadEngaged, Millis
from schemas.settings import Settings
from streams.accumulators import Vector, add_into
from streams.lead import NOTHING_KNOWN, Instance, Lead
from streams.now import BASIS, age_band, now_vector, open_leads
from streams.rules import Rules
from streams.selection import Selection
from streams.windows import Cells, encode_cell

SETTINGS = Settings(_env_file=None)
CELLS = Cells(Selection.of(SETTINGS), Rules.of(SETTINGS))
EVERYTHING = encode_cell("now", "all", (), "all", 0)
MINUTE: Millis = 60_000
START: Millis = 1_772_409_600_000


class Waits(NamedTuple):
    """A lead is now known to wait since a minute of the day, in a team."""

    lead: str
    minute: int
    team: str


class Done(NamedTuple):
    """A lead is now known to be answered or closed."""

    lead: str


class Later(NamedTuple):
    """So many minutes pass."""

    minutes: int


class Restart(NamedTuple):
    """The partition is given back and taken over again."""


Step = Waits | Done | Later | Restart

_leads, _teams = st.sampled_from(["l-1", "l-2", "l-3"]), st.sampled_from(["a", "b"])
steps = st.lists(
    st.one_of(
        st.builds(Waits, _leads, st.integers(0, 3_000), _teams),
        st.builds(Done, _leads),
        st.builds(Later, st.sampled_from([1, 4, 5, 10, 60, 300, 1_500])),
        st.just(Restart()),
    ),
    max_size=30,
)


def seen(step: Waits | Done) -> Lead:
    engaged = Event(
        "lead.engaged", START + MINUTE * getattr(step, "minute", 0), "crm", "1", step.lead, LeadEngaged(), 0, None
    )
    closed = None if isinstance(step, Waits) else 0
    instance = Instance(engaged, NOTHING_KNOWN, [])
    instance.team, instance.closed = getattr(step, "team", None), closed
    return Lead(step.lead, [Instance(None, NOTHING_KNOWN, []), instance])


class Counting:
    """Open leads as stage 1 keeps them: deltas added up, and committed at every step."""

    def __init__(self, directory: Path) -> None:
        self.clock: Millis = START
        self.table: dict[bytes, Vector] = {}
        self.known: dict[str, Lead] = {}
        self._store = Store(directory)
        self.open = OpenLeads(self._store, CELLS)

    def take(self, step: Step) -> None:
        deltas: dict[bytes, Vector] = {}
        match step:
            case Waits() | Done():
                self.known[step.lead] = seen(step)
                self.open.update(step.lead, self.known[step.lead], self.clock, deltas)
            case Later(minutes):
                self.clock += minutes * MINUTE
            case Restart():
                self.open = OpenLeads(self._store, CELLS)
        self.open.age(self.clock, deltas)
        self._store.apply(self._store.take(), Reached(1, b"", 1))
        for cell, delta in deltas.items():
            add_into(self.table.setdefault(cell, {}), delta)

    def counted(self) -> dict[bytes, Vector]:
        return {cell: vector for cell, vector in self.table.items() if vector}

    def from_scratch(self) -> tuple[dict[bytes, Vector], dict[bytes, Millis]]:
        table: dict[bytes, Vector] = {}
        oldest: dict[bytes, Millis] = {}
        for view in self.known.values():
            for lead in open_leads(view):
                for cell in CELLS((BASIS, 0, lead.dims)):
                    add_into(table.setdefault(cell, {}), now_vector(age_band(self.clock - lead.engaged_at)))
                    oldest[cell] = min(oldest.get(cell, lead.engaged_at), lead.engaged_at)
        return table, oldest


def check(taken: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        counting = Counting(Path(directory))
        for step in taken:
            counting.take(step)
            table, oldest = counting.from_scratch()
            assert counting.counted() == table, step
            assert {cell: counting.open.oldest(cell) for cell in table} == oldest, step


@settings(max_examples=50)
@given(steps)
@example([Waits("l-1", 0, "a"), Done("l-1"), Later(10), Waits("l-1", 10, "a"), Later(10)])
@example([Waits("l-1", 10, "a"), Waits("l-1", 0, "a"), Later(5)])
@example([Waits("l-1", 0, "a"), Later(1_500), Done("l-1"), Waits("l-1", 1_500, "b"), Later(60)])
def test_counts_by_age_and_the_oldest_are_those_of_a_count_from_scratch(taken: list[Step]) -> None:
    """Leads wait, are answered, engage again or turn out to have engaged earlier; time passes; workers restart."""
    check(taken)


def test_a_team_that_nobody_waits_for_any_more_has_no_oldest(tmp_path: Path) -> None:
    counting = Counting(tmp_path)
    counting.take(Waits("l-1", 0, "a"))
    counting.take(Done("l-1"))
    assert counting.open.oldest(EVERYTHING) is None


def test_what_did_not_change_is_not_written(tmp_path: Path) -> None:
    store = Store(tmp_path)
    waiting, deltas = OpenLeads(store, CELLS), dict[bytes, Vector]()
    waiting.update("l-1", seen(Waits("l-1", 0, "a")), START, {})
    store.apply(store.take(), Reached(1, b"", 1))
    waiting.update("l-1", seen(Waits("l-1", 0, "a")), START, deltas)
    waiting.age(START + MINUTE, deltas)
    assert (store.take(), deltas) == ({}, {})


def test_counting_anew_counts_every_open_lead_once(tmp_path: Path) -> None:
    waiting = OpenLeads(Store(tmp_path), CELLS)
    waiting.update("l-1", seen(Waits("l-1", 0, "a")), START, {})
    waiting.update("l-2", seen(Waits("l-2", 1, "b")), START + 10 * MINUTE, {})
    deltas: dict[bytes, Vector] = {}
    waiting.recount(deltas)
    assert deltas[EVERYTHING] == now_vector(0) | now_vector(1)
