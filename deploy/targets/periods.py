"""Periods as people write them: ``2026``, ``2026-Q1``, ``2026-03``, ``2026-W10``, ``2026-03-02``, ``DAY..DAY``."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from schemas.events import Millis

_WRITTEN: Final = re.compile(
    r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-W(?P<week>\d\d)|-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?", re.ASCII
)
_EXPECTED: Final = (
    "expected a period such as 2026, 2026-Q1, 2026-03, 2026-W10, 2026-03-02, or the first day and the day after the"
    " last such as 2026-03-02..2026-04-13"
)


def period(text: str, timezone: str) -> tuple[Millis, Millis]:
    """Start and end, which is not in it, at midnight of the time zone; ``ValueError`` says what was expected."""
    first, until = (_day(part, text) for part in text.split("..")) if text.count("..") == 1 else _calendar(text)
    if until <= first:
        raise ValueError(f"expected the first day before the day after the last, not {text!r}")
    zone = ZoneInfo(timezone)
    return _midnight(first, zone), _midnight(until, zone)


def worded(start: Millis, end: Millis, timezone: str) -> str:
    """A period as it may be written: the shortest way that says it."""
    zone = ZoneInfo(timezone)
    first, until = (datetime.fromtimestamp(at / 1000, zone).date() for at in (start, end))
    iso = first.isocalendar()
    quarter = f"{first.year}-Q{(first.month + 2) // 3}"
    for text in (f"{first.year:04}", quarter, f"{first:%Y-%m}", f"{iso.year:04}-W{iso.week:02}", first.isoformat()):
        if period(text, timezone) == (start, end):
            return text
    return f"{first}..{until}"


def _calendar(text: str) -> tuple[date, date]:
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f"{_EXPECTED}, not {text!r}")
    year, quarter, week, month, day = (int(part) if part else 0 for part in match.groups())
    try:
        if week:
            first = date.fromisocalendar(year, week, 1)
            return first, first + timedelta(weeks=1)
        if day:
            return date(year, month, day), date(year, month, day) + timedelta(days=1)
        first, months = date(year, month or 3 * (quarter or 1) - 2, 1), 1 if month else 3 if quarter else 12
        count = first.year * 12 + first.month - 1 + months
        return first, date(count // 12, count % 12 + 1, 1)
    except ValueError:
        raise ValueError(f"{_EXPECTED}, not {text!r}") from None


def _day(part: str, text: str) -> date:
    try:
        return date.fromisoformat(part.strip())
    except ValueError:
        raise ValueError(f"{_EXPECTED}, not {text!r}") from None


def _midnight(day: date, zone: ZoneInfo) -> Millis:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
