"""Opening hours for tests: some that people know, any that Hypothesis thinks of, and an oracle that counts minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from schemas.policy import Hours
from schemas.policy_values import MINUTE, Shift
from streams.shifts import is_holiday

HOUR: Final = 60 * MINUTE
OFFICE: Final = {"mon-fri": ["09:00-17:00"]}

ZONES: Final = {
    "UTC": ("2024-02-29",),
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    # Midnight itself is leapt over and repeated.
    "America/Havana": ("2026-03-08", "2026-11-01"),
    "America/Sao_Paulo": ("2018-11-04", "2019-02-17"),
    # Half an hour; ten months of summer; a day that never was; the far east and the far west.
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "Africa/Casablanca": ("2026-02-15", "2026-03-22"),
    "Pacific/Apia": ("2011-12-30", "2012-01-01"),
    "Asia/Kathmandu": ("2031-01-01",),
    "Pacific/Kiritimati": ("2027-01-01",),
    "Etc/GMT+12": ("2027-01-01",),
}
"""Zone → days on which its clocks are changed, or the year is."""

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def hours(timezone: str = "UTC", week: dict[str, list[str]] | None = None, **more: Any) -> Hours:
    """Opening hours as a policy file writes them, Monday to Friday 9 to 17 if nothing else is said."""
    return Hours.model_validate({"timezone": timezone, "hours": OFFICE if week is None else week, **more})


def at(text: str, timezone: str = "UTC") -> int:
    """The instant of a local time such as ``2026-03-02T11:00``; one that is repeated is the first."""
    local = datetime.fromisoformat(text)
    return int((local if local.tzinfo else local.replace(tzinfo=ZoneInfo(timezone))).timestamp()) * 1000


def local(instant: int, timezone: str = "UTC") -> str:
    """``Mon 2026-03-02 11:00``, to be compared with what a person expects."""
    return datetime.fromtimestamp(instant / 1000, ZoneInfo(timezone)).strftime("%a %Y-%m-%d %H:%M")


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def shift_lists(draw: st.DrawFn) -> list[str]:
    """Up to three shifts of a day, the last perhaps past midnight; they may touch, and be very short."""
    times = sorted(draw(st.sets(st.integers(0, 1439), max_size=6)))
    if len(times) % 2:
        times.pop(draw(st.integers(0, len(times) - 1)))
    found = [f"{_time(start)}-{_time(end)}" for start, end in zip(times[::2], times[1::2], strict=True)]
    usual = st.sampled_from(["22:00-06:00", "00:00-24:00", "23:30-02:30", "02:00-03:00"])
    return found if draw(st.booleans()) else [draw(usual)]


@st.composite
def opening_hours(draw: st.DrawFn) -> tuple[Hours, int]:
    """Any opening hours, and the midnight in Greenwich of a day near which something is likely to go wrong."""
    timezone = draw(st.sampled_from(list(ZONES)))
    near = draw(st.one_of(
        st.sampled_from(ZONES[timezone]).map(date.fromisoformat), st.dates(date(2000, 1, 9), date(2100, 12, 1))
    ))  # fmt: skip
    nearby = st.integers(-4, 6).map(lambda days: (near + timedelta(days)).isoformat())
    found = hours(
        timezone,
        draw(st.dictionaries(st.sampled_from(_WEEKDAYS), shift_lists(), max_size=7)),
        breaks=draw(st.dictionaries(st.sampled_from(_WEEKDAYS), shift_lists(), max_size=2)),
        holidays=draw(st.lists(st.sampled_from(["DE-BY", "US", "JP"]), max_size=2)),
        dates=draw(st.dictionaries(st.one_of(nearby, nearby.map(lambda text: text[5:])), shift_lists(), max_size=3)),
    )
    return found, int(datetime(near.year, near.month, near.day, tzinfo=UTC).timestamp()) * 1000


def open_minutes(calendar: Hours, start: int, end: int) -> list[int]:
    """The slow oracle: each minute of Greenwich at whose wall-clock time a shift of that day or the last one runs."""
    info = ZoneInfo(calendar.timezone)
    worked: dict[date, set[int]] = {}
    found = []
    for minute in range(start - start % MINUTE, end, MINUTE):
        wall = datetime.fromtimestamp(minute / 1000, info)
        today, time = wall.date(), wall.hour * 60 + wall.minute
        for day, since in ((today, time), (today - timedelta(1), time + 1440)):
            if day not in worked:
                worked[day] = _worked(calendar, day)
            if since in worked[day]:
                found.append(minute)
                break
    return found


def _worked(calendar: Hours, day: date) -> set[int]:
    """The minutes after the midnight of ``day`` that are worked in shifts that begin on it."""

    def minutes(shifts: tuple[Shift, ...]) -> set[int]:
        return {time // MINUTE for start, end in shifts for time in range(start, end, MINUTE)}

    def weekly(week: dict[tuple[int, ...], tuple[Shift, ...]]) -> set[int]:
        return {time for days, shifts in week.items() if day.weekday() in days for time in minutes(shifts)}

    if day.isoformat() in calendar.dates:
        return minutes(calendar.dates[day.isoformat()])
    resting = weekly(calendar.breaks)
    usual = weekly(calendar.hours) - resting - {time + 1440 for time in resting}
    if not usual or is_holiday(calendar, day):
        return set()
    yearly = calendar.dates.get(f"{day:%m-%d}")
    return usual if yearly is None else minutes(yearly)
