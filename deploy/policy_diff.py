"""``salespulse policy diff``: recorded leads judged by two policy files, and what would have become of their clocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from msgspec import Struct
from rich import box
from rich.table import Table

from agents.engine.clock import now
from deploy.listings import console
from deploy.produce import read_lines
from deploy.recorded import Log, from_clickhouse
from deploy.tables import client_of, expecting_tables
from schemas.events import Millis
from schemas.policy import PolicyFile
from schemas.policy_values import DAY
from schemas.settings import Settings
from streams.clocks import ServiceClock, clocks
from streams.lead import Lead
from streams.policies import Policies
from streams.reading import read
from streams.rules import Rules
from streams.timelines import Timeline

OUTCOMES: Final = ("due", "met", "breached")
NOTHING: Final = "no clock"


class Tally(Struct):
    """Clocks of one policy and team: how many fell due, were met, were breached, by the old file and by the new."""

    policy: str
    team: str
    old: dict[str, int]
    new: dict[str, int]

    @property
    def differs(self) -> bool:
        """Whether anything would have been another way."""
        return self.old != self.new


class Comparison(Struct):
    """What two files make of the same leads; ``changed`` counts clocks by what became of them and what would have."""

    leads: int
    tallies: list[Tally]
    changed: dict[str, int]

    @property
    def differs(self) -> bool:
        """Whether any clock would have ended another way."""
        return bool(self.changed) or any(tally.differs for tally in self.tallies)


class Period(NamedTuple):
    """Clocks that start from ``start`` on, as they stand at ``at``."""

    start: Millis
    at: Millis


Files = tuple[PolicyFile, PolicyFile]


def from_recorded(settings: Settings, files: Files, days: float) -> Comparison:
    """Compare on what ClickHouse has recorded of the last days, as of now; nothing is written."""
    at = now()
    rules = Rules.of(settings)
    period = Period(at - int(days * DAY), at)
    with expecting_tables(), closing(client_of(settings)) as client:
        return compare(from_clickhouse(client, rules, period.start), files, rules, period)


def from_log(paths: list[Path], files: Files, settings: Settings, days: float | None = None) -> Comparison:
    """Compare on a log, as of its latest event; nothing is written that outlives the comparison."""
    rules = Rules.of(settings)
    with TemporaryDirectory() as directory, closing(Log(read_lines(paths), Path(directory) / "log")) as log:
        start = 0 if days is None else log.latest - int(days * DAY)
        return compare(log.leads(rules), files, rules, Period(start, log.latest))


def compare(
    timelines: Iterable[Timeline],
    files: Files,
    rules: Rules,
    period: Period,
) -> Comparison:
    """Judge every lead by both files; only what is counted is kept of it."""
    policies = tuple(Policies(file) for file in files)
    counts = tuple(Counter[tuple[str, str, str]]() for _ in files)
    changed: Counter[str] = Counter()
    leads = 0
    for timeline in timelines:
        leads += 1
        view = read(timeline, rules)
        by = [_outcomes(view, each, rules, period) for each in policies]
        for count, outcomes in zip(counts, by, strict=True):
            count.update((*place, outcome) for place, outcome in outcomes.values())
        changed.update(_changes(*({clock: outcome for clock, (_, outcome) in told.items()} for told in by)))
    places = sorted({place[:2] for count in counts for place in count})
    tallies = [Tally(*place, *(_tally(count, place) for count in counts)) for place in places]
    return Comparison(
        leads, [tally for tally in tallies if any((*tally.old.values(), *tally.new.values()))], dict(changed)
    )


_Outcomes = dict[str, tuple[tuple[str, str], str]]


def _outcomes(view: Lead, policies: Policies, rules: Rules, period: Period) -> _Outcomes:
    found = clocks(view, policies, rules, period.at)
    return {clock.id: (_place(clock), clock.outcome(period.at)) for clock in found if clock.start >= period.start}


def _place(clock: ServiceClock) -> tuple[str, str]:
    return clock.policy.name, clock.team


def _changes(old: dict[str, str], new: dict[str, str]) -> Iterable[str]:
    for clock in old.keys() | new.keys():
        before, after = old.get(clock, NOTHING), new.get(clock, NOTHING)
        if before != after:
            yield f"{before} → {after}"


def _tally(count: Counter[tuple[str, str, str]], place: tuple[str, str]) -> dict[str, int]:
    met, breached = (count[*place, outcome] for outcome in ("met", "breached"))
    return {"due": met + breached, "met": met, "breached": breached}


def show(found: Comparison) -> None:
    """Print both sides of every policy and team in which they differ, then what changed."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in ("policy", "team"):
        table.add_column(heading, no_wrap=True)
    for heading in OUTCOMES:
        table.add_column(heading, justify="right", no_wrap=True)
    for tally in found.tallies:
        told = (_both(tally.old[name], tally.new[name]) for name in OUTCOMES)
        table.add_row(tally.policy, tally.team, *told, style="bold" if tally.differs else None)
    out = console()
    if found.tallies:
        out.print(table)
    for change, n in sorted(found.changed.items(), key=lambda item: (-item[1], item[0])):
        out.print(f"{n:,} clock{'' if n == 1 else 's'}: {change}")
    out.print(f"{found.leads:,} leads judged; {'nothing' if not found.differs else 'this'} would have changed")


def _both(old: int, new: int) -> str:
    return f"{old:,}" if old == new else f"{old:,} → {new:,}"
