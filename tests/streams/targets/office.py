"""A team of three in an office that works on weekdays, for tests of targets."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from schemas.events import Millis
from streams.targets.staff import Staff
from tests.directories import directory
from tests.policy_files import HEAD, parsed

REPS = """
[reps.r-1]
team = "emea"
timezone = "Europe/Berlin"

[reps.r-2]
team = "emea"
cover = "r-1"
timezone = "Europe/Berlin"
absences = [
    { from = 2026-03-02, to = 2026-03-13 },
    { from = 2026-03-16T13:00:00+01:00, to = 2026-03-16T18:00:00+01:00 },
]

[reps.r-3]
team = "emea"
cover = "r-1"
timezone = "Europe/Berlin"
left_on = 2026-03-15

[reps.queue]
team = "emea"
queue = true

[reps.elsewhere]
team = "apac"
"""


WEEKEND = """
[calendars.weekend]
timezone = "Europe/Berlin"
hours.sat-sun = ["10:00-18:00"]
"""


def staff() -> Staff:
    """The team of the office, and one that works on weekends."""
    teams = HEAD.replace('emea.calendar = "office"', 'emea.calendar = "office"\napac.calendar = "weekend"')
    return Staff(parsed(teams + WEEKEND)._replace(reps=directory(REPS)))


def berlin(text: str) -> Millis:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1000)
