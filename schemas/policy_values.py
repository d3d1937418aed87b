"""The values of a policy file, each read from the one way in which it is written."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, StrictInt

from schemas.events import Millis

Unit = Literal["minute", "hour", "day"]

MINUTE: Final = 60_000
DAY: Final = 86_400_000

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN: Final = re.compile(r"([1-9]\d{0,5}) (business|calendar) (minute|hour|day)s?", re.ASCII)
_SHIFT: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))", re.ASCII)
_DATE: Final = re.compile(r"(\d{4}-)?\d\d-\d\d", re.ASCII)
_HOLIDAYS: Final = re.compile(r"([A-Z]{2})(?:-([\w ]+))?")


class Span(NamedTuple):
    """A length of time: of business time, or of time that runs on day and night."""

    amount: int
    unit: Unit
    business: bool

    def __str__(self) -> str:
        kind = "business" if self.business else "calendar"
        return f"{self.amount} {kind} {self.unit}{'s' if self.amount > 1 else ''}"


class Shift(NamedTuple):
    """``[start, end)`` in milliseconds since the midnight before ``start``; past midnight ``end`` is over 24 h."""

    start: Millis
    end: Millis


class HolidaysOf(NamedTuple):
    """A country and perhaps a subdivision, by their ISO 3166 codes."""

    country: str
    subdivision: str | None


def _span(text: Any) -> Span:
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('expected a length such as "4 business hours", "1 business day" or "30 calendar minutes"')
    unit: Any = match[3]
    return Span(int(match[1]), unit, match[2] == "business")


def _shift(text: Any) -> Shift:
    match = _SHIFT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('expected hours such as "09:00-17:30", or "22:00-06:00" past midnight')
    hour, minute, until_hour, until_minute = (int(part) for part in match.groups() if part is not None)
    start, end = (hour * 60 + minute) * MINUTE, (until_hour * 60 + until_minute) * MINUTE
    if start == end:
        raise ValueError('expected two different times; the whole day is "00:00-24:00"')
    return Shift(start, end if end > start else end + DAY)


def _weekdays(text: Any) -> tuple[int, ...]:
    first, _, last = str(text).partition("-")
    if first not in _WEEKDAYS or (last or first) not in _WEEKDAYS or str(text).endswith("-"):
        raise ValueError(f"expected a day or several, such as sat or mon-fri, of {' '.join(_WEEKDAYS)}")
    start, count = _WEEKDAYS.index(first), (_WEEKDAYS.index(last or first) - _WEEKDAYS.index(first)) % 7 + 1
    return tuple((start + n) % 7 for n in range(count))


def _each_day_once(week: dict[tuple[int, ...], tuple[Shift, ...]]) -> dict[tuple[int, ...], tuple[Shift, ...]]:
    days = [day for group in week for day in group]
    twice = sorted({day for day in days if days.count(day) > 1})
    if twice:
        raise ValueError(f"expected each day once, {' '.join(_WEEKDAYS[day] for day in twice)} is named twice")
    return week


def _date(text: str) -> str:
    try:
        # A yearly date may be the 29th of February.
        if _DATE.fullmatch(text):
            date.fromisoformat(text if len(text) > 5 else f"2000-{text}")
            return text
    except ValueError:
        pass
    raise ValueError("expected a date such as 2026-12-24, or 12-24 for every year")


def _holidays_of(text: Any) -> HolidaysOf:
    match = _HOLIDAYS.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('expected a country or a part of one, such as "US", "DE-BY" or "GB-SCT"')
    return HolidaysOf(match[1], match[2])


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("expected an IANA time zone such as Europe/Berlin") from error
    return name


def _instant(value: Any) -> Millis:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("expected a date and time with an offset, such as 2026-04-01T00:00:00+02:00, without quotes")
    return int(value.timestamp()) * 1000


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _ascending(shares: tuple[float, ...]) -> tuple[float, ...]:
    if list(shares) != sorted(set(shares)):
        raise ValueError("expected rising shares such as [0.5, 0.8]")
    return shares


LengthOfTime = Annotated[Span, PlainValidator(_span)]
Shifts = tuple[Annotated[Shift, PlainValidator(_shift)], ...]
Week = Annotated[
    dict[Annotated[tuple[int, ...], PlainValidator(_weekdays)], Shifts],
    AfterValidator(_each_day_once),
]
"""Weekdays, Monday being 0 → their shifts."""
Dates = dict[Annotated[str, AfterValidator(_date)], Shifts]
"""``2026-12-24``, or ``12-24`` for every year → the shifts that begin then."""
PublicHolidays = tuple[Annotated[HolidaysOf, PlainValidator(_holidays_of)], ...]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Instant = Annotated[Millis, PlainValidator(_instant)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Count = Annotated[StrictInt, Field(ge=1)]
Share = Annotated[float, Field(gt=0, lt=1, strict=True)]
Shares = Annotated[tuple[Share, ...], AfterValidator(_ascending)]
Temperatures = Annotated[
    tuple[Literal["hot", "warm", "cold", "unknown"], ...], BeforeValidator(_one_or_more), Field(min_length=1)
]
OneOrMore = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_one_or_more), Field(min_length=1)
]
