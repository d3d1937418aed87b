"""What the demo shows, read the way any user would: from ``/metrics``, ``/readyz`` and the views in ClickHouse."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from schemas.events import Millis
from sinks.clickhouse.queries import latest

_TIMEOUT_SECONDS = 2.0
_HOT_SHOWN = 6
_HOT = """
    SELECT lead, owner, team, toUnixTimestamp64Milli(assumeNotNull(engaged_at)) AS engaged
    FROM leads_latest WHERE open AND temperature = 'hot' AND engaged_at IS NOT NULL
    ORDER BY engaged {order} LIMIT {limit}
"""

Labels = tuple[tuple[str, str], ...]
Rows = dict[tuple[str, str, str], list[dict[str, Any]]]
"""Window, team (``all`` for the whole) and KPI → its rows, several where it has a dimension of its own."""


class Samples(Struct, frozen=True):
    """One scrape: sample name → labels → value; empty while nothing answers."""

    values: dict[str, dict[Labels, float]] = {}

    def total(self, name: str, **labels: str) -> float | None:
        """Sum of the series that have these labels; None where there is none."""
        wanted = labels.items()
        found = [value for series, value in self.values.get(name, {}).items() if wanted <= dict(series).items()]
        return sum(found) if found else None


class HotLead(Struct, frozen=True):
    """A hot lead that nobody has answered."""

    lead: str
    owner: str
    team: str
    engaged_at: Millis


def scrape(url: str) -> Samples:
    """The samples at ``url``; none while nothing answers there."""
    text = _get(url)
    values: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text or ""):
        for sample in family.samples:
            values.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return Samples(values)


def is_ready(url: str) -> bool:
    """Whether ``/readyz`` says so."""
    return _get(url) is not None


def by_team(client: Any) -> Rows:
    """The rows of the running hour and day, of each team and of all."""
    found: Rows = {}
    for window in ("1h", "1d"):
        for grouping in ("all", "team"):
            for row in latest(client, window=window, grouping=grouping):
                team = row["dimensions"].get("team", "all")
                found.setdefault((window, team, row["kpi"]), []).append(row)
    return found


def hot_leads(client: Any) -> tuple[list[HotLead], list[HotLead]]:
    """The hot leads that wait longest, and those that came last."""
    longest, latest_come = (
        [HotLead(*row) for row in client.query(_HOT.format(order=order, limit=_HOT_SHOWN)).result_rows]
        for order in ("ASC", "DESC")
    )
    return longest, latest_come


def _get(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return None
