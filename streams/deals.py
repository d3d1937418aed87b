"""Deals: what became of each, and what that offers to be counted."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Final

from mypy_extensions import mypyc_attr

from schemas.event import Event
from schemas.events import Millis
from streams.dimensions import Counted, Dims
from streams.lead import UNASSIGNED, UNKNOWN, Instance, Lead, instance_at
from streams.money import scaled
from streams.rules import Rules
from streams.stages import Visit, visits

PROPOSAL: Final = "proposal"


@mypyc_attr(acyclic=True)
class Deal:
    """A deal of a lead: its first opening, the latest of its outcomes and the stages that it visited, in order.

    ``instance`` is the one in which the first that is known of it happened. ``amount`` is what it is worth, scaled,
    None where nobody said; its ``currency`` is that of the event which states the amount, else the opening's, else
    as set.
    """

    def __init__(self, events: list[Event], instance: Instance, rules: Rules) -> None:
        self.opened: Event | None = None
        self.outcome: Event | None = None
        for event in events:
            if event.type == "deal.opened":
                self.opened = self.opened or event
            elif event.type in ("deal.won", "deal.lost"):
                self.outcome = event
        self.visits = visits(events)
        self.instance = instance
        self.is_won = self.outcome is not None and self.outcome.type == "deal.won"
        amount = self.stated("amount")
        self.amount: int | None = None if amount is None else scaled(amount)
        self.currency = self._currency(rules)
        profile = instance.profile
        self._dims: Dims = (
            self.stated("team") or UNASSIGNED,
            self.stated("rep") or UNASSIGNED,
            profile.temperature,
            profile.source,
            self.stated("region") or profile.region,
            UNKNOWN,
        )

    def stated(self, name: str) -> Any:
        """A field as the outcome states it, else as the opening does; None where neither does."""
        for event in (self.outcome, self.opened):
            if event is not None and (value := getattr(event.data, name, None)) is not None and value != "":
                return value
        return None

    def dims(self, *extra: str) -> Dims:
        """Its own rep, team and region, else the lead's region; temperature and source of the lead's engagement."""
        return (*self._dims, *extra)

    def _currency(self, rules: Rules) -> str:
        outcome: Any = None if self.outcome is None else self.outcome.data
        opened: Any = None if self.opened is None else self.opened.data
        is_of_outcome = getattr(outcome, "amount", None) is not None or self.amount is None
        own = getattr(outcome, "currency", None) if is_of_outcome else None
        found: str = own or (opened and opened.currency) or rules.currency
        return found


@mypyc_attr(acyclic=True)
class Opened:
    """A deal at its opening."""

    def __init__(self, deal: Deal) -> None:
        self.deal = deal


@mypyc_attr(acyclic=True)
class Proposed:
    """A deal that enters the stage ``proposal``, for the first time or again."""

    def __init__(self, deal: Deal, is_first: bool) -> None:
        self.deal = deal
        self.is_first = is_first


@mypyc_attr(acyclic=True)
class Closed:
    """A deal at its outcome, which happened at ``at``."""

    def __init__(self, deal: Deal, at: Millis) -> None:
        self.deal = deal
        self.at = at


@mypyc_attr(acyclic=True)
class Left:
    """A visit of a stage that ended, and the touches of the lead during it."""

    def __init__(self, visit: Visit, touches: int) -> None:
        self.visit = visit
        self.touches = touches


Moment = Opened | Proposed | Closed


def deals(lead: Lead, rules: Rules) -> list[Deal]:
    """The deals of a lead, in the order in which they became known; those of an instance that is a duplicate aside."""
    found: list[Deal] | None = lead.derived_deals
    if found is None:
        found = lead.derived_deals = _derive(lead, rules) if lead.deals else []
    return found


def _derive(lead: Lead, rules: Rules) -> list[Deal]:
    by_id: dict[str, list[Event]] = {}
    for event in lead.deals:
        data: Any = event.data
        by_id.setdefault(data.deal_id, []).append(event)
    found: list[Deal] = []
    for events in by_id.values():
        instance = instance_at(lead, events[0].time + rules.clock_skew)
        if not instance.duplicate:
            found.append(Deal(events, instance, rules))
    return found


def moments(lead: Lead, rules: Rules) -> list[Counted]:
    """Each deal when it was opened, each time that it was proposed, and when it ended."""
    found: list[Counted] = []
    for deal in deals(lead, rules):
        dims = deal.dims()
        if deal.opened is not None:
            found.append((deal.opened.time, dims, Opened(deal)))
        proposals = [visit.entered for visit in deal.visits if visit.stage == PROPOSAL]
        found += [(event.time, dims, Proposed(deal, event is proposals[0])) for event in proposals]
        if deal.outcome is not None:
            found.append((deal.outcome.time, dims, Closed(deal, deal.outcome.time)))
    return found


def ended_by_reason(lead: Lead, rules: Rules) -> list[Counted]:
    """Each deal lost, by the reason given."""
    found: list[Counted] = []
    for deal in deals(lead, rules):
        if deal.outcome is not None and not deal.is_won:
            data: Any = deal.outcome.data
            found.append((deal.outcome.time, deal.dims(data.reason or UNKNOWN), Closed(deal, deal.outcome.time)))
    return found


def priced(lead: Lead, rules: Rules) -> list[Counted]:
    """Each deal that ended, by its currency."""
    return [
        (deal.outcome.time, deal.dims(deal.currency), Closed(deal, deal.outcome.time))
        for deal in deals(lead, rules)
        if deal.outcome is not None
    ]


def stages_left(lead: Lead, rules: Rules) -> list[Counted]:
    """Each visit of a stage when it ended, by the stage."""
    deals_of_it = deals(lead, rules)
    if not deals_of_it:
        return []
    times = sorted([touch.at for instance in lead.instances if not instance.duplicate for touch in instance.touches])
    found: list[Counted] = []
    for deal in deals_of_it:
        for visit in deal.visits:
            if visit.left is not None:
                touches = bisect_left(times, visit.left.time) - bisect_left(times, visit.entered.time)
                found.append((visit.left.time, deal.dims(visit.stage), Left(visit, touches)))
    return found
