"""CPU seconds of calendar arithmetic: 10,000 deadlines of 30 working days, the calendar's years included.

Run with ``python -m benchmarks.calendars``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from schemas.events import Millis
from schemas.policy import Hours
from streams.calendars import Calendar

_DEADLINES: Final = 10_000
_START: Final[Millis] = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_APART: Final[Millis] = 3_153_000  # so that they are spread over the whole year
_WORKING_DAY: Final[Millis] = 8 * 3_600_000
_HOURS: Final = Hours.model_validate(
    {
        "timezone": "Europe/Berlin",
        "hours": {"mon-fri": ["09:00-18:00"]},
        "breaks": {"mon-fri": ["12:30-13:30"]},
        "holidays": ["DE-BY"],
        "dates": {"12-24": ["09:00-12:00"]},
    }
)


def seconds(deadline: Callable[[Calendar, Millis], Millis]) -> float:
    """CPU time of all deadlines by a calendar that has worked out nothing yet."""
    began = time.process_time()
    calendar = Calendar(_HOURS)
    for n in range(_DEADLINES):
        deadline(calendar, _START + n * _APART)
    return time.process_time() - began


def measured() -> dict[str, float]:
    """What was timed → CPU seconds."""
    seconds(lambda calendar, start: start)  # zone and holidays are looked up once for the process
    return {
        "add(start, 30 business days)": seconds(lambda calendar, at: calendar.add(at, calendar.days(at, 30))),
        "add(start, 240 business hours)": seconds(lambda calendar, at: calendar.add(at, 30 * _WORKING_DAY)),
        "between(start, start + 42 days)": seconds(lambda calendar, at: calendar.between(at, at + 42 * 86_400_000)),
    }


if __name__ == "__main__":
    began = time.process_time()
    Calendar(_HOURS).add(_START, _WORKING_DAY)
    print(f"the first deadline of a process: {time.process_time() - began:.3f} CPU-seconds (holidays, zone, a year)")
    print(f"{_DEADLINES:,} deadlines, CPU seconds")
    for name, cost in measured().items():
        print(f"  {name:34} {cost:6.3f}")
