"""Attainment by policy, as the events of ``sales.sla`` tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

_ENDS: Final = ("sla.met", "sla.answered_late", "sla.cancelled")


class Standing:
    """What has been told of one clock and not taken back."""

    def __init__(self) -> None:
        self.breached = False
        self.end: str | None = None
        self.is_withdrawn = False
        self.due_at: str | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        """Follow the next announcement."""
        name = event["name"]
        self.due_at = event["due_at"]
        if name in ("sla.breached", "sla.retracted"):
            self.breached = name == "sla.breached"
        elif name in _ENDS:
            self.end = name
        elif name == "sla.reopened":
            self.end = None
        # Nothing ended it: the clock itself is none any more.
        self.is_withdrawn = name == "sla.cancelled" and event["evidence"] is None

    @property
    def is_met(self) -> bool:
        """Whether it was met, in time for a deadline that it has."""
        return self.end == "sla.met" and self.due_at is not None


def standing(events: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], Standing]:
    """By lead, clock and version of a policy, what the announcements come to; those of a lead in their order."""
    found: dict[tuple[str, str, str], Standing] = {}
    for event in events:
        found.setdefault((event["lead"], event["clock"], event["policy"]), Standing()).take(event)
    return found


def attainment(events: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """How many clocks of each policy, all its versions together, were met or breached.

    They are those of ``response_within_sla`` by policy: one that was met counts at once, whenever it would be due.
    """
    counts: dict[str, dict[str, int]] = {}
    for (_, _, policy), clock in standing(events).items():
        of_policy = counts.setdefault(policy.partition("@")[0], {"due": 0, "met": 0, "breached": 0})
        if not clock.is_withdrawn and (clock.breached or clock.is_met):
            of_policy["due"] += 1
            of_policy["breached" if clock.breached else "met"] += 1
    return {policy: of_policy for policy, of_policy in counts.items() if of_policy["due"]}
