"""Targets: as they were set, and as they are worked towards once overlaps, absences and breakdowns are settled."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final, Literal

import orjson
from msgspec import Struct

from schemas.catalogue import CATALOGUE, by_name
from schemas.events import Millis
from schemas.publishing import dumps
from schemas.results import timestamp

Scope = Literal["all", "team", "rep"]
Origin = Literal["set", "derived"]
Level = Literal["period", "week"]

EVERYBODY: Final = "all"
SALES: Final = ("sales_volume", "new_customers")
"""What targets may name beside streamed KPIs and observations: added up from the deals themselves."""
OBSERVED: Final = "observed."
_CENT: Final = Decimal("0.01")
_ONE: Final = Decimal(1)


class Target(Struct, frozen=True):
    """A target as it was set: for ``kpi``, of ``who``, over ``[start, end)``.

    ``currency`` is "" where the KPI is no amount of money. ``team`` is what the target says of a rep's team, "" for
    nothing. ``time``, ``source`` and ``id`` are those of the event, ``by`` whoever set it.
    """

    subject: str
    kpi: str
    scope: Scope
    who: str
    currency: str
    start: Millis
    end: Millis
    value: Decimal
    time: Millis = 0
    source: str = ""
    id: str = ""
    by: str = ""
    team: str = ""

    @property
    def line(self) -> tuple[str, str, str, str]:
        """What it is a target of: those of one line must not overlap."""
        return (self.kpi, self.scope, self.who, self.currency)


class Aim(Struct, frozen=True):
    """What is to be reached in ``[start, end)``: a target or the part of it that stands there, or a share of one.

    ``value`` is what counts, ``whole`` the same as if nobody were away; days are working days, of ``start`` to ``end``
    and of those the ones ``who`` is there. ``origin`` says whether it was set for ``who`` or follows from the target
    of the team, ``level`` whether it is of a whole piece or of one week of it. ``subject`` is the target's.
    """

    subject: str
    kpi: str
    scope: Scope
    who: str
    team: str
    currency: str
    start: Millis
    end: Millis
    value: Decimal
    whole: Decimal
    origin: Origin = "set"
    level: Level = "period"
    working_days: float = 0.0
    present_days: float = 0.0


def subject(kpi: str, scope: dict[str, str], start: Millis, end: Millis) -> str:
    """The subject of a target's events: canonical JSON of ``[kpi, scope, start, end]``."""
    return dumps([kpi, scope, timestamp(start), timestamp(end)], option=orjson.OPT_SORT_KEYS).decode()


def is_additive(kpi: str, observed_sums: Collection[str]) -> bool:
    """Whether two halves of a period make the whole: counts and sums do; ratios, means and durations are levels."""
    if kpi.startswith(OBSERVED):
        return kpi.removeprefix(OBSERVED) in observed_sums
    return kpi in SALES or (kpi in by_name and by_name[kpi].kind in ("count", "sum"))


def is_money(kpi: str) -> bool:
    """Whether it is an amount in a currency."""
    return kpi == "sales_volume" or (kpi in by_name and by_name[kpi].kind == "sum" and by_name[kpi].unit == "currency")


def is_low(kpi: str) -> bool:
    """Whether it is better the lower it is."""
    return kpi in by_name and by_name[kpi].good == "down"


def is_measured(kpi: str) -> bool:
    """Whether something is ever measured of it over a period, so that it can have a target."""
    return kpi in MEASURED or (kpi.startswith(OBSERVED) and kpi != OBSERVED)


MEASURED: Final = (*(kpi.name for kpi in CATALOGUE if kpi.kind != "now"), *SALES)
"""Every KPI a target may name but for observations; those of *now* have no period."""


def step(kpi: str, value: Decimal) -> Decimal:
    """The least that a share of a target differs by: a cent of money, else one; finer where the target is finer."""
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return min(_CENT if is_money(kpi) else _ONE, _ONE.scaleb(exponent))
