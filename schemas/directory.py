"""The rep directory: who works where, who is away from when until when, and who stands in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field, PlainValidator, StrictBool

from schemas.events import Millis
from schemas.policy_values import TimeZone
from schemas.toml_tables import Fault, Table, document, tables


def _day(value: Any) -> date | Millis:
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return int(value.timestamp()) * 1000
    elif isinstance(value, date):
        return value
    raise ValueError("expected a date such as 2026-07-06, or a date and time with an offset, without quotes")


Day = Annotated[date | Millis, PlainValidator(_day)]
"""A whole day in the rep's time zone, or an instant."""


class Absence(Table):
    """Away from ``first`` to the end of ``last``, or from and until an instant; ``cover`` instead of the rep's own."""

    first: Day = Field(alias="from", description="the first day away, such as 2026-07-06")
    last: Day = Field(alias="to", description="the last day away, such as 2026-07-17")
    cover: str | None = None


class Rep(Table):
    """A rep, or a queue, which is nobody. ``left_on`` is the last day at work; from then on it is the ``cover``."""

    team: str | None = None
    timezone: TimeZone = "UTC"
    queue: StrictBool = False
    cover: str | None = None
    absences: tuple[Absence, ...] = ()
    left_on: Day | None = None


Reps = Mapping[str, Rep]
"""By the name that events call them."""
NOBODY: Final[Reps] = MappingProxyType({})
"""No directory: everybody is there."""


def read(text: str) -> tuple[Reps, list[Fault]]:
    """What a rep directory says as far as it can be understood, and every fault of its form.

    Whether somebody is always there is for ``streams.directory_faults`` to say.
    """
    faults: list[Fault] = []
    return tables(document(text, ("reps",), faults), "reps", Rep, faults), faults
