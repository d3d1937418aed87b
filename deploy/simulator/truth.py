"""The true KPIs of a recorded log, by batch: every event at once, every number from scratch, nothing incremental."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, time
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from deploy.simulator import standing
from deploy.simulator.comparison import compare
from deploy.simulator.history import History
from deploy.simulator.measures import observe
from deploy.simulator.reading import Log
from deploy.simulator.script import EventDict
from deploy.simulator.seen import Seen
from schemas.events import Millis
from schemas.results import timestamp
from schemas.settings import Settings

__all__ = ["compare", "truth"]

Row = dict[str, Any]
Key = tuple[str, str, str, str, str]

EPOCH: Final = timestamp(0)
QUARTER: Final = 15 * 60_000
WITHIN: Final = (300, 900, 3600, 14400, 86400)
PERCENTS: Final = (50, 90, 95, 99)
DURATIONS: Final = {
    "lead_response_time",
    "system_delay",
    "rep_response_time",
    "time_to_contact",
    "reply_latency",
    "next_response_time",
    "sales_cycle_length",
    "conversion_time",
    "stage_duration",
    "talk_time",
}
MEANS: Final = {"follow_ups_per_lead", "personalization"}
COUNTS: Final = {
    "activities",
    "leads_created",
    "opportunities_created",
    "proposals_sent",
    "deals_won",
    "deals_lost",
    "leads_qualified",
    "planned_activities",
}
STANDING: Final = ("open_pipeline", "weighted_pipeline", "stage_age", "stagnant_deals", "pipeline_velocity")
SUMS: Final = {"won_amount", "lost_amount", "won_units"}
NOT_COUNTED: Final = ("censored", "cancelled", "machine")
"""What may belong to a row whose count is 0; where nothing belongs there is no row."""


def truth(
    events: Iterable[EventDict | bytes],
    settings: Settings | None = None,
    clock: Millis | None = None,
    windows: tuple[str, ...] = ("all", "1d"),
) -> dict[str, Any]:
    """``{"events": counts, "kpis": rows of the windows}`` of dicts or JSON lines in any order.

    ``clock`` (milliseconds) is when the open leads are looked at; None means the last event's time.
    """
    settings = settings or Settings()
    log = Log()
    for event in events:
        log.take(event)
    histories = [History(lead, settings) for lead in log.leads().values()]
    now = clock if clock is not None else max((h.events[-1].at for h in histories), default=0)
    return {"events": log.counts(), "kpis": _rows(histories, ZoneInfo(settings.timezone), now, windows)}


def _rows(histories: list[History], zone: ZoneInfo, clock: Millis, windows: tuple[str, ...]) -> list[Row]:
    reporting = _reporting(histories)
    groups: dict[Key, list[Seen]] = defaultdict(list)
    for history in histories:
        for seen in observe(history, reporting, clock):
            for key in _keys(seen, zone, windows):
                groups[key].append(seen)
    rows = (_row(key, groups[key]) for key in sorted(groups))
    return [row for row in rows if row["count"] or any(row["statistics"].get(rest) for rest in NOT_COUNTED)]


def _reporting(histories: list[History]) -> set[str]:
    """The sources of messages that were ever reported delivered, by whomever."""
    return {
        sent.source
        for history in histories
        for name, sent in history.messages.items()
        if "email.delivered" in history.marks[name]
    }


def _keys(seen: Seen, zone: ZoneInfo, windows: tuple[str, ...]) -> list[Key]:
    """The row of each grouping and window that one observation belongs to; what is *now* has only ``all``."""
    is_now = seen.kpi in ("open_leads", "oldest_open_lead", *STANDING)
    starts = [
        (window, EPOCH if window == "all" else _day(seen.at // QUARTER, zone))
        for window in windows
        if window == "all" or not is_now
    ]
    keys = []
    for grouping in seen.groupings:
        names = [] if grouping == "all" else grouping.split(",")
        dimensions = {name: seen.dimensions[name] for name in names}
        if seen.kind is not None:
            dimensions[seen.told_by] = seen.kind
        spelled = orjson.dumps(dimensions, option=orjson.OPT_SORT_KEYS).decode()
        keys += [(seen.kpi, grouping, spelled, window, start) for window, start in starts]
    return keys


@lru_cache(maxsize=100_000)
def _day(quarter: int, zone: ZoneInfo) -> str:
    """The start of the calendar day that a quarter of an hour lies in: no zone's midnight falls inside one."""
    day = datetime.fromtimestamp(quarter * QUARTER / 1000, UTC).astimezone(zone).date()
    return timestamp(round(datetime.combine(day, time.min, zone).timestamp()) * 1000)


def _row(key: Key, seen: list[Seen]) -> Row:
    kpi, grouping, dimensions, window, start = key
    name = {
        "kpi": kpi,
        "grouping": grouping,
        "dimensions": orjson.loads(dimensions),
        "window": window,
        "start": start,
        "numerator": None,
        "denominator": None,
        "statistics": {},
    }
    if kpi in DURATIONS:
        return name | _duration(seen)
    if kpi in COUNTS:
        customers = Counter(one.note or "unknown" for one in seen)
        by = {"customer": {name: customers[name] for name in ("new", "existing", "unknown")}}
        return name | {"value": len(seen), "count": len(seen), "statistics": by if kpi == "activities" else {}}
    if kpi in ("talk_listen_ratio", "calls_per_hour_talked"):
        return name | _quotient(kpi, seen)
    if kpi in STANDING:
        return name | standing.row(kpi, [one.note for one in seen])
    if kpi in SUMS:
        return name | {"value": _sum(str(one.note) for one in seen), "count": len(seen)}
    if kpi in ("open_leads", "oldest_open_lead"):
        return name | _now(kpi, seen)
    return name | _share(kpi, seen)


def _sum(amounts: Iterable[str]) -> str:
    """As plain decimal digits without zeros at the end."""
    total = sum(map(Fraction, amounts), Fraction())
    digits = f"{Decimal(total.numerator) / Decimal(total.denominator):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _quotient(kpi: str, seen: list[Seen]) -> Row:
    """Seconds of seconds, or calls of hours."""
    time = sum(one.value or 0 for one in seen)
    if kpi == "talk_listen_ratio":
        over, under = sum(int(one.note or 0) for one in seen) / 1000, time / 1000
    else:
        over, under = len(seen), time / 3_600_000
    value = over / under if under else None
    return {"value": value, "count": len(seen), "numerator": over, "denominator": under}


def _share(kpi: str, seen: list[Seen]) -> Row:
    """A ratio or a mean: the values' sum over their number; a message that was not delivered has none."""
    values = [one.value for one in seen if one.value is not None]
    statistics: dict[str, Any] = {}
    if kpi == "follow_up_rate":
        touches = [int(one.note or 0) for one in seen]
        statistics = {"at_least": {str(n): sum(m >= n for m in touches) for n in range(2, 9)}}
    if kpi in ("open_rate", "click_rate"):
        statistics = {"machine": sum(int(one.note or 0) for one in seen)}
    if kpi == "follow_ups_per_lead":
        statistics = {"distribution": {str(n): m for n, m in sorted(Counter(values).items())}}
    shown = {"value": sum(values) / len(values) if values else None, "count": len(values)}
    return shown | {"numerator": sum(values), "denominator": len(values), "statistics": statistics}


def _now(kpi: str, seen: list[Seen]) -> Row:
    ages = [one.value or 0 for one in seen]
    if kpi == "oldest_open_lead":
        return {"value": max(ages) / 1000, "count": len(ages)}
    bands = Counter(next((str(limit) for limit in WITHIN if age < limit * 1000), "older") for age in ages)
    return {
        "value": len(ages),
        "count": len(ages),
        "statistics": {"bands": {name: bands[name] for name in (*map(str, WITHIN), "older")}},
    }


def _duration(seen: list[Seen]) -> Row:
    """Seconds; the open ones rank after every answered one, the cancelled ones not at all."""
    answered = sorted(one.value for one in seen if one.value is not None)
    cancelled = sum(one.note == "cancelled" for one in seen)
    censored = len(seen) - len(answered) - cancelled
    statistics: dict[str, Any] = {
        "mean": sum(answered) / (1000 * len(answered)) if answered else None,
        "censored": censored,
        "within": {str(limit): sum(one <= limit * 1000 for one in answered) for limit in WITHIN},
        "lower_bounds": [],
    }
    if seen[0].kpi == "rep_response_time":
        statistics["cancelled"] = cancelled
    for percent in PERCENTS:
        statistics[f"p{percent}_answered"] = quantile(answered, 0, percent)[0]
        statistics[f"p{percent}"], is_bound = quantile(answered, censored, percent)
        statistics["lower_bounds"] += [f"p{percent}"] * is_bound
    return {"value": statistics["p50"], "count": len(answered), "statistics": statistics}


def quantile(answered: list[int], censored: int, percent: int) -> tuple[float | None, bool]:
    """Seconds, linear between ranks as numpy does, of sorted milliseconds and open ones that rank after them.

    Where it falls among the open ones: the greatest answered, and True.
    """
    low, rest = divmod(percent * max(0, len(answered) + censored - 1), 100)
    high = low + (rest > 0)
    if high >= len(answered):
        return (answered[-1] / 1000 if answered else None), censored > 0
    return (answered[low] * (100 - rest) + answered[high] * rest) / 100_000, False
