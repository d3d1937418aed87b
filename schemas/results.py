"""What is published: KPI rows, lead facts and dead letters, as the contract shapes them."""

from __future__ import annotations

from typing import Any

import orjson
from msgspec import Struct

from schemas.instants import timestamp as timestamp
from schemas.publishing import dumps


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
        return row_key(self.kpi, self.grouping, self.dimensions, self.window, self.start)


def row_key(kpi: str, grouping: str, dimensions: dict[str, str], window: str, start: str) -> bytes:
    """``KpiRow.key`` of a row that is not there."""
    return dumps([kpi, grouping, dimensions, window, start], option=orjson.OPT_SORT_KEYS)


class LeadFacts(Struct, frozen=True):
    """What is known of one lead, for ``sales.lead-facts``; times RFC 3339, durations in seconds.

    Where a lead engaged several times, the facts are those of its latest instance. ``truncated``: it has
    more events than are kept (``SALESPULSE_LEAD_EVENTS``), and what came later is not in them.
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
    truncated: bool = False
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


class SlaEvent(Struct, frozen=True):
    """What happened to a clock, for ``sales.sla``; times RFC 3339, durations in seconds up to ``at``.

    ``name`` is ``sla.started``, ``sla.at_risk``, ``sla.breached``, ``sla.escalated``, ``sla.met``,
    ``sla.answered_late``, ``sla.retracted``, ``sla.reopened`` or ``sla.cancelled``; ``identity`` is the same for
    ever, whoever announces it how often. ``step`` is the share of a warning or the number of an escalation.
    ``tell`` is the audience that the policy names for it, ``responsible`` the owner or, while absent, the cover.
    ``stopped_at``, ``reason`` and ``evidence`` are there as soon as the end is known, on earlier steps too.
    ``evidence`` is ``source/id``, a slash within being ``%2F``, of the event that ended the clock or had seemed to;
    a clock that is cancelled without any is none any more. ``late_seconds`` says how far past the deadline it was
    stopped, ``steps`` what was announced of the clock before.
    """

    name: str
    identity: str
    lead: str
    clock: str
    kind: str
    policy: str
    step: str
    at: str
    started_at: str
    due_at: str | None
    stopped_at: str | None
    owner: str
    responsible: str
    team: str
    temperature: str
    source: str
    tell: str | None
    reason: str | None
    evidence: str | None
    elapsed_seconds: float
    business_seconds: float
    paused_seconds: float
    late_seconds: float | None
    late_business_seconds: float | None
    steps: tuple[str, ...]
    revision: int = 0
