"""The floor's figures: rows of KPIs put together for everybody, and for each team, rep or source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from msgspec import structs

from deploy.promises import hot as hot_policy
from deploy.promises import seconds
from schemas.catalogue import GROUPINGS
from schemas.events import Millis
from schemas.instants import parse
from schemas.policy import PolicyFile
from schemas.results import KpiRow

Row = Mapping[str, Any]
"""A KPI row as the contract shapes it."""
Key = tuple[str, tuple[str, ...]]
"""KPI and the values of the grouping's dimensions."""
Figures = dict[str, Any]
"""What is shown of a group: instants in milliseconds, durations in seconds, shares 0…1; nothing where it has none."""

MOST: Final = 200
"""Groups shown at most: those in which most leads wait, then by name."""


class Target(NamedTuple):
    """Within which time hot leads are promised an answer, and from which on it is at risk; in seconds."""

    policy: str
    text: str
    seconds: int
    warning: float


def target(file: PolicyFile) -> Target | None:
    """What the policy for first responses to hot leads says, where there is one."""
    policy = hot_policy(file)
    if policy is None:
        return None
    warning = min(policy.warn_at, default=1.0) * seconds(policy)
    return Target(policy.name, str(policy.target), seconds(policy), warning)


def standing(own: Iterable[KpiRow], others: Iterable[Row], window: str) -> dict[Key, Row]:
    """The rows of now and of a window, of each place the one with the greatest revision."""
    found: dict[Key, Row] = {}
    shown = ("all", window)
    rows = [structs.asdict(row) for row in own if row.window in shown]
    for row in (*rows, *(row for row in others if row["window"] in shown)):
        key = row["kpi"], tuple(row["dimensions"][name] for name in GROUPINGS[row["grouping"]])
        before = found.get(key)
        if before is None or (row["start"], row["revision"]) > (before["start"], before["revision"]):
            found[key] = row
    return found


def groups(rows: Mapping[Key, Row]) -> list[Figures]:
    """The figures of each group of one grouping, those in which most leads wait first."""
    by_place: dict[tuple[str, ...], dict[str, Row]] = {}
    for (kpi, values), row in rows.items():
        by_place.setdefault(values, {})[kpi] = row
    made = [figures(found) | {"of": list(values)} for values, found in by_place.items()]
    return sorted(made, key=lambda each: (-each["open"], each["of"]))


def figures(rows: Mapping[str, Row]) -> Figures:
    """The figures of one group from its rows by KPI."""
    oldest = rows.get("oldest_open_lead")
    return {
        "open": _count(rows, "open_leads"),
        "oldest": None if oldest is None else _since(oldest),
        "at_risk": _count(rows, "sla_at_risk"),
        "breached": _count(rows, "sla_breached"),
        "created": _count(rows, "leads_created"),
        "response": _response(rows.get("lead_response_time")),
        "followed_up": _ratio(rows.get("follow_up_rate")),
        "replied": _ratio(rows.get("reply_rate")),
        "kept": _ratio(rows.get("response_within_sla")),
    }


def hot(rows: Mapping[Key, Row]) -> dict[str, Figures]:
    """How many hot leads wait and since when, by team, from the rows by team and temperature."""
    found: dict[str, Figures] = {}
    for (kpi, values), row in rows.items():
        if kpi in ("open_leads", "oldest_open_lead") and values[1] == "hot":
            of_team = found.setdefault(values[0], {"open": 0, "oldest": None})
            of_team |= {"open": row["count"]} if kpi == "open_leads" else {"oldest": _since(row)}
    return found


def together(hot_by_team: Mapping[str, Figures]) -> Figures:
    """The hot leads of all teams."""
    since = [found["oldest"] for found in hot_by_team.values() if found["oldest"] is not None]
    return {"open": sum(found["open"] for found in hot_by_team.values()), "oldest": min(since, default=None)}


def _count(rows: Mapping[str, Row], kpi: str) -> int:
    return int(rows[kpi]["count"]) if kpi in rows else 0


def _since(row: Row) -> Millis | None:
    found = row["statistics"].get("oldest_engaged_at")
    return None if found is None else parse(found)[0]


def _response(row: Row | None) -> Figures | None:
    if row is None:
        return None
    statistics = row["statistics"]
    return {
        "p50": statistics.get("p50"),
        "p90": statistics.get("p90"),
        "at_least": [name for name in ("p50", "p90") if name in statistics.get("lower_bounds", ())],
        "answered": row["count"],
        "open": statistics.get("censored", 0),
    }


def _ratio(row: Row | None) -> Figures | None:
    if row is None or row["value"] is None:
        return None
    return {"share": row["value"], "hits": row["numerator"], "of": row["denominator"]}
