"""What an explanation needs, from ClickHouse."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client
from msgspec import structs

from agents.engine.clock import now
from deploy.explaining.lead import Account, Terms, explain
from deploy.explaining.row import Arrival, Behind, Gathering, Question, behind
from deploy.failures import Failure
from deploy.recorded import Families, from_clickhouse, timeline
from deploy.tables import client_of, expecting_tables
from schemas.catalogue import GROUPINGS, by_name
from schemas.events import Millis
from schemas.forgetting import mark
from schemas.instants import parse
from schemas.policy import PolicyFile
from schemas.results import timestamp
from schemas.settings import Settings
from sinks.clickhouse import queries, recorded
from streams.policies import Policies
from streams.reading import read
from streams.rules import Rules
from streams.selection import Selection
from streams.windows import window_bounds


def of_lead(settings: Settings, policies: PolicyFile, lead: str) -> Account:
    """The account of a lead; ``Failure`` where nothing is recorded of it."""
    with expecting_tables(), closing(client_of(settings)) as client:
        members = Families(recorded.merges(client)).members(lead)
        events = [event for event, _ in recorded.events(client, members)]
        if not events:
            raise Failure(_nothing(client, lead))
        rules, selection = Rules.of(settings), Selection.of(settings)
        announced = queries.announcements(client, lead)
        terms = Terms(rules, selection, Policies(policies), now(), announced)
        return explain(timeline(lead, events, rules), terms)


def _nothing(client: Client, lead: str) -> str:
    at = queries.forgotten_at(client, mark(lead))
    if at is not None:
        return f"{lead} was forgotten on request on {timestamp(at)[:10]}: nothing is kept of it"
    return f"nothing is recorded of {lead}: neither a lead nor a KPI is called that"


def question(
    settings: Settings, kpi: str, dimensions: dict[str, str], window: str, start: str | None, kind: str | None
) -> tuple[Question, bool]:
    """The row that is asked for, and whether its window was named; ``ValueError`` where there can be none."""
    grouping = next((name for name, of in GROUPINGS.items() if set(of) == set(dimensions)), None)
    declared = by_name[kpi]
    if grouping is None or grouping not in declared.groupings:
        raise ValueError(
            f"{kpi} is not told by {' and '.join(dimensions) or 'all'}: by {'; '.join(declared.groupings)}"
        )
    told_by = set(declared.cells(grouping).values())
    if kind is None and None not in told_by:
        raise ValueError(f"{kpi} is told by {' and '.join(name for name in told_by if name)}: say which with --kind")
    if kind is not None and told_by == {None}:
        raise ValueError(f"{kpi} is not told by kind")
    if declared.kind == "now" and window != "all":
        window, start = "all", None
    at = 0 if start is None else _instant(start, settings.timezone)
    begins = window_bounds(window, at, settings.timezone)[0]
    return Question(kpi, grouping, dimensions, window, begins, kind), window == "all" or start is not None


def _instant(text: str, timezone: str) -> Millis:
    """Of a date or time without an offset, on the walls of ``timezone``."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a time such as 2026-03-02T09:00, not {text!r}") from None
    return int((at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))).timestamp() * 1000)


def of_row(settings: Settings, policies: PolicyFile, asked: Question, is_named: bool, limit: int) -> Behind:
    """What is behind a row, the newest of its kind where no window was named; ``Failure`` where there is none."""
    rules = Rules.of(settings)
    with expecting_tables(), closing(client_of(settings)) as client:
        place = (asked.kpi, asked.grouping, asked.window, asked.dimensions | asked.extra)
        published = queries.row(client, *place, asked.start if is_named else None)
        if published is None and not is_named:
            raise Failure(
                f"no row of {asked.kpi} with these dimensions and the window {asked.window} was published yet"
            )
        if published is not None:
            asked = structs.replace(asked, start=parse(published["start"])[0])
        end = window_bounds(asked.window, asked.start, settings.timezone)[1]
        gathered = Gathering(asked, rules, now(), limit, policies)
        leads: list[str] = []
        # Of a deadline nothing need have happened to the lead in the window.
        heard_of = (0, None) if by_name[asked.kpi].basis == "deadline" else (asked.start, end)
        for each in from_clickhouse(client, rules, *heard_of):
            if gathered.take(read(each, rules)):
                leads += sorted({event.subject for event in each.events})
        history = queries.history(client, *place, asked.start)
        arrivals = [Arrival(*found) for found in recorded.events(client, leads[:limit])]
        return behind(gathered, rules, None if end is None else timestamp(end), published, history, arrivals)
