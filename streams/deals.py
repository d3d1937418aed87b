"""Deals: what became of each, and what that offers to be counted."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Final, NamedTuple

from schemas.events import Event, Millis
from streams.dimensions import Counted, Dims
from streams.lead import UNASSIGNED, UNKNOWN, Instance, Lead, instance_at
from streams.money import scaled
from streams.rules import Rules
from streams.stages import Visit, visits

PROPOSAL: Final = "proposal"


class Deal(NamedTuple):
    """A deal of a lead: its first opening, the latest of its outcomes and the stages that it visited, in order.

    ``instance`` is the one in which the first that is known of it happened.
    """

    opened: Event | None
    outcome: Event | None
    visits: list[Visit]
    instance: Instance

    @property
    def is_won(self) -> bool:
        """Whether its outcome stands at won."""
        return self.outcome is not None and self.outcome.type == "deal.won"

    def stated(self, name: str) -> Any:
        """A field as the outcome states it, else as the opening does; None where neither does."""
        for event in (self.outcome, self.opened):
            if event is not None and (value := getattr(event.data, name, None)) is not None and value != "":
                return value
        return None

    def dims(self, *extra: str) -> Dims:
        """Its own rep, team and region, else the lead's region; temperature and source of the lead's engagement."""
        team, rep = self.stated("team") or UNASSIGNED, self.stated("rep") or UNASSIGNED
        profile = self.instance.profile
        region = self.stated("region") or profile.region
        return (team, rep, profile.temperature, profile.source, region, UNKNOWN, *extra)

    def currency(self, rules: Rules) -> str:
        """The currency of its amount: that of the event which states the amount, else the opening's, else as set."""
        outcome: Any = None if self.outcome is None else self.outcome.data
        opened: Any = None if self.opened is None else self.opened.data
        is_of_outcome = getattr(outcome, "amount", None) is not None or self.amount is None
        own = getattr(outcome, "currency", None) if is_of_outcome else None
        return own or (opened and opened.currency) or rules.currency

    @property
    def amount(self) -> int | None:
        """What it is worth, scaled; None where nobody said."""
        amount = self.stated("amount")
        return None if amount is None else scaled(amount)


class Opened(NamedTuple):
    """A deal at its opening."""

    deal: Deal


class Proposed(NamedTuple):
    """A deal that enters the stage ``proposal``, for the first time or again."""

    deal: Deal
    is_first: bool


class Closed(NamedTuple):
    """A deal at its outcome, which happened at ``at``."""

    deal: Deal
    at: Millis


class Left(NamedTuple):
    """A visit of a stage that ended, and the touches of the lead during it."""

    visit: Visit
    touches: int


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
    found = [_deal(events, instance_at(lead, events[0].time + rules.clock_skew)) for events in by_id.values()]
    return [deal for deal in found if not deal.instance.duplicate]


def _deal(events: list[Event], instance: Instance) -> Deal:
    opened = next((event for event in events if event.type == "deal.opened"), None)
    outcome = next((event for event in reversed(events) if event.type in ("deal.won", "deal.lost")), None)
    return Deal(opened, outcome, visits(events), instance)


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
        (deal.outcome.time, deal.dims(deal.currency(rules)), Closed(deal, deal.outcome.time))
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
