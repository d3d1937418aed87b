"""Trailing windows: how far back the last hour or day of business time reaches, by the calendar of a policy."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from schemas.catalogue import TRAILING
from schemas.events import Millis
from schemas.policy_values import MINUTE
from streams.calendars import Calendar
from streams.policies import ALWAYS_OPEN, Policies

CELL: Final[Millis] = 5 * MINUTE
_LENGTHS: Final = {"m": MINUTE, "h": 60 * MINUTE}


class Trailing:
    """When the trailing windows of a policy and team begin."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._starts = lru_cache(maxsize=1 << 12)(self._begin)

    def __call__(self, policy: str, team: str | None, at: Millis) -> tuple[Millis, ...]:
        """The starts of ``TRAILING`` windows that last until ``at``, each at the start of a 5-minute window or before.

        A team that is None stands for all of them: theirs is the calendar of the policy.
        """
        return self._starts(policy, team, at - at % CELL)

    def _begin(self, policy: str, team: str | None, at: Millis) -> tuple[Millis, ...]:
        version = self._policies.newest(policy, at)
        calendar = ALWAYS_OPEN
        if version is not None:
            calendar = self._policies.calendar(version) if team is None else self._policies.calendar(version, team)
        return tuple(start - start % CELL for start in (_back(calendar, window, at) for window in TRAILING))


def _back(calendar: Calendar, window: str, at: Millis) -> Millis:
    count, unit = int(window[:-1]), window[-1]
    return calendar.days_before(at, count) if unit == "d" else calendar.before(at, count * _LENGTHS[unit])
