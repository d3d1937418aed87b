"""What is published: KPI rows, lead facts and dead letters, as the contract shapes them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import orjson
from msgspec import Struct

from schemas.events import Millis
from schemas.publishing import dumps

_EPOCH = date(1970, 1, 1)
# Looked up rather than formatted: facts have several times each.
_SECONDS = [f"{second:02}" for second in range(60)]
_MILLIS = ["Z", *(f".{millis:03}Z" for millis in range(1, 1000))]


def timestamp(at: Millis) -> str:
    """RFC 3339 in UTC, ``2026-03-02T09:00:00Z``; milliseconds only where there are any."""
    seconds, millis = divmod(at, 1000)
    minute, second = divmod(seconds, 60)
    return _minute(minute) + _SECONDS[second] + _MILLIS[millis]


@lru_cache(maxsize=1 << 14)
def _minute(number: int) -> str:
    days, minutes = divmod(number, 1440)
    return f"{(_EPOCH + timedelta(days=days)).isoformat()}T{minutes // 60:02}:{minutes % 60:02}:"


class KpiRow(Struct, frozen=True):
    """One row of a ``sales.kpi.*`` topic: a KPI of one grouping, dimensions and window.

    ``value`` is the headline: p50 of a duration in seconds, a ratio 0…1, a count, a mean, or a
    sum as a decimal string; None where nothing can be said. ``start``, ``end``, ``watermark``
    are RFC 3339; ``end`` is None for the window ``all``.
    """

    kpi: str
    grouping: str
    dimensions: dict[str, str]
    window: str
    start: str
    end: str | None
    basis: str
    value: float | int | str | None
    count: int
    numerator: float | int | str | None
    denominator: float | int | str | None
    statistics: dict[str, Any]
    revision: int = 0
    final: bool = False
    watermark: str | None = None

    @property
    def key(self) -> bytes:
        """Canonical JSON of ``[kpi, grouping, dimensions, window, start]``: the record's key."""
        name = [self.kpi, self.grouping, self.dimensions, self.window, self.start]
        return dumps(name, option=orjson.OPT_SORT_KEYS)


class LeadFacts(Struct, frozen=True):
    """What is known of one lead, for ``sales.lead-facts``; times RFC 3339, durations in seconds.

    Where a lead engaged several times, the facts are those of its latest instance.
    """

    lead: str
    qualified: bool
    instances: int
    open: bool
    imported: bool
    engaged_at: str | None
    first_touch_at: str | None
    contact_made_at: str | None
    response_seconds: float | None
    owner: str
    team: str
    temperature: str
    stage: str | None
    source: str
    region: str
    channel: str
    segment: str
    account: str | None
    campaign: str | None
    closed_at: str | None
    close_reason: str | None
    merged_into: str | None
    touches: int
    follow_ups: int
    replies: int
    reply_class: str | None
    last_event_at: str
    revision: int = 0


class DeadLetter(Struct, frozen=True):
    """A record that could not be used, whole: bytes are base64, ``time`` is the broker's, RFC 3339."""

    reason: str
    path: str
    detail: str
    topic: str
    partition: int
    offset: int
    time: str
    key: str | None
    value: str | None
    headers: list[tuple[str, str | None]]
