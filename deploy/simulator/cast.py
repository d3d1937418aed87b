"""Who works on the simulated floor: teams on three continents, reps of different habits, and their hours."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from schemas.events import Millis

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class Habit(Struct, frozen=True):
    """How a rep works: median minutes to an answer, share of leads left silent, chance of one more touch."""

    name: str
    answer_minutes: float
    silence: float
    persistence: float


class Rep(Struct, frozen=True):
    """One seller with a team and a habit."""

    name: str
    team: Team
    habit: Habit


class Team(Struct, frozen=True):
    """A team, its zone and office hours (local, ``[opens, closes)``), the CRM it writes to and its currency."""

    name: str
    region: str
    zone: str
    crm: str
    currency: str
    opens: int = 9
    closes: int = 18


FAST: Final = Habit("fast", 4, 0.03, 0.70)
STEADY: Final = Habit("steady", 25, 0.08, 0.60)
SLOW: Final = Habit("slow", 180, 0.12, 0.45)
FORGETFUL: Final = Habit("forgetful", 90, 0.35, 0.30)
HABITS: Final = (FAST, STEADY, STEADY, SLOW, FORGETFUL)

TEAMS: Final = (
    Team("emea-1", "emea", "Europe/Berlin", "crm/eu", "EUR"),
    Team("emea-2", "emea", "Europe/London", "crm/eu", "EUR", 8, 17),
    Team("amer-1", "amer", "America/New_York", "crm/us", "USD"),
    Team("amer-2", "amer", "America/Los_Angeles", "crm/us", "USD", 8, 18),
    Team("apac-1", "apac", "Asia/Singapore", "crm/us", "USD"),
    Team("apac-2", "apac", "Australia/Sydney", "crm/eu", "USD", 9, 17),
)
TEAMS_OF: Final = {region: [team for team in TEAMS if team.region == region] for region in ("emea", "amer", "apac")}


def reps(random: Random, each: int = 7) -> dict[str, list[Rep]]:
    """Team name → its reps, ``each`` of them, of mixed habits."""
    numbers = iter(range(1, 1 + each * len(TEAMS)))
    return {team.name: [Rep(f"r-{next(numbers)}", team, random.choice(HABITS)) for _ in range(each)] for team in TEAMS}


@lru_cache(maxsize=100_000)
def _offset(zone: str, hour: int) -> Millis:
    shift = datetime.fromtimestamp(hour * 3600, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return int(shift.total_seconds() * 1000) if shift is not None else 0


def at_work(team: Team, at: Millis) -> Millis:
    """The first instant at or after ``at`` at which the team is in its office."""
    local = at + _offset(team.zone, at // HOUR)
    day, of_day = divmod(local, DAY)
    if of_day >= team.closes * HOUR:
        day, of_day = day + 1, 0
    weekday = (day + 3) % 7
    if weekday >= 5:
        day, of_day = day + 7 - weekday, 0
    opened = day * DAY + max(of_day, team.opens * HOUR)
    return at + (opened - local)
