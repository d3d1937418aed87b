"""The recorded events read in plain Python, independent of the SQL: leads, acts, deals, customers, what they pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from deploy.simulator.history import UNASSIGNED, UNKNOWN, Happening, History, channel_of
from deploy.simulator.reading import Log, millis
from schemas.events import TOPIC_OF, Millis
from schemas.settings import Settings

FOREVER: Millis = 2**62
OUTCOMES = ("deal.won", "deal.lost")
AFTERWARDS = ("deal.renewed", "deal.expanded", "deal.churned")
Dimensions = dict[str, str]


class LeadOnce(NamedTuple):
    """One instance of a lead."""

    lead: str
    engaged_at: Millis
    stage_at: dict[str, Millis]
    won: list[Millis]
    is_duplicate: bool
    touches: int
    dimensions: Dimensions


class Act(NamedTuple):
    """A human call or message, theirs or ours."""

    lead: str
    at: Millis
    kind: str
    is_inbound: bool
    touches: bool
    dimensions: Dimensions


class Deal(NamedTuple):
    """One deal with its standing outcome, empty while it is open."""

    lead: str
    id: str
    events: list[Happening]
    opened: Happening | None
    ended: Happening | None
    dimensions: Dimensions

    def stated(self, name: str, missing: Any = None) -> Any:
        """What the outcome says, else the opening."""
        for event in (self.ended, self.opened):
            if event is not None and event.data.get(name) not in (None, ""):
                return event.data[name]
        return missing

    @property
    def cycle(self) -> Millis | None:
        """Opened to ended."""
        return None if self.opened is None or self.ended is None else max(0, self.ended.at - self.opened.at)


class Movement(NamedTuple):
    """A won deal, or how one went on."""

    customer: str
    deal: Deal
    at: Millis
    place: int
    what: str
    amount: Decimal
    currency: str
    paid: tuple[Decimal, str]
    paid_before: tuple[Decimal, str]
    is_active: bool
    was_active: bool
    expands: str
    dimensions: Dimensions


class CustomerOnce(NamedTuple):
    """A time of somebody's as a customer; ``number`` 1 is the first."""

    customer: str
    number: int
    since: Millis
    until: Millis
    first: Movement
    first_seen_at: Millis


class World:
    """Everything that was recorded, read once."""

    def __init__(self, lines: Iterable[bytes], settings: Settings) -> None:
        log = Log()
        for line in lines:
            log.take(line)
        self.settings = settings
        self.measured = [event for _, event in log.standing.values() if event["type"] == "observation.recorded"]
        self.aimed = [event for _, event in log.standing.values() if event["type"].startswith("target.")]
        aside = {event["subject"] for event in (*self.measured, *self.aimed)}
        found = {lead: events for lead, events in log.leads().items() if lead not in aside}
        self.histories = {lead: History(events, settings) for lead, events in found.items()}
        self.deals = [deal for lead, history in self.histories.items() for deal in _deals(lead, history)]
        self.leads = [one for lead, history in self.histories.items() for one in self._instances(lead, history)]
        self.acts = [act for lead, history in self.histories.items() for act in _acts(lead, history)]
        self.customer_of = {lead: _account(history) or lead for lead, history in self.histories.items()}
        self.movements = [move for deal in self.deals for move in self._movements(deal)]
        self.customers = list(self._customers())
        self.revenue = _revenue(self.movements)

    def _instances(self, lead: str, history: History) -> Iterator[LeadOnce]:
        for episode in history.episodes[1:]:
            assert episode.engaged is not None
            start, end = episode.engaged, history.end_of(episode)
            rep, team = history.owner_of(episode)
            touches = episode.before_closing(episode.touches)
            stated = start.data
            stage_at: dict[str, Millis] = {}
            for event in history.events:
                if event.type in ("lead.engaged", "lead.stage_changed") and start.order <= event.order < end:
                    stage_at.setdefault(event.data.get("stage", ""), event.at)
            dimensions = {name: stated.get(name) or UNKNOWN for name in ("source", "region", "segment", "campaign")}
            dimensions |= {"rep": rep, "team": team, "channel": channel_of(touches[0]) if touches else "none"}
            won = [deal.ended.at for deal in self.deals if deal.lead == lead and _is_won(deal) and deal.ended]
            within = [at for at in won if start.at <= at < end[0]]
            yield LeadOnce(lead, start.at, stage_at, within, episode.duplicate, len(touches), dimensions)

    def _movements(self, deal: Deal) -> Iterator[Movement]:
        if not _is_won(deal):
            return
        assert deal.ended is not None
        history, currency = self.histories[deal.lead], deal.stated("currency", self.settings.currency)
        engaged = _last_engaged(history)
        said = {name: engaged.get(name) or UNKNOWN for name in ("segment", "source", "campaign")}
        paid: tuple[Decimal, str] = (Decimal(0), "")
        was_active, monthly = False, (Decimal(0), "")
        following = [e for e in deal.events if e.type in AFTERWARDS and e.order > deal.ended.order]
        for place, event in enumerate([deal.ended, *following]):
            what, data = event.type.removeprefix("deal."), event.data
            mine = currency if what == "won" else data.get("currency") or currency
            if data.get("monthly_recurring") is not None:
                paid = (Decimal(str(data["monthly_recurring"])), mine)
            now = (Decimal(0), paid[1]) if what == "churned" else paid
            amount = deal.stated("amount", 0) if what == "won" else data.get("amount") or 0
            kind = deal.opened.data.get("kind", "new") if deal.opened else "new"
            expands = kind if what == "won" and kind in ("upsell", "cross_sell") else ""
            if what == "expanded":
                expands = "cross_sell" if data.get("kind") == "cross_sell" else "upsell"
            product = deal.dimensions["product"] if what == "won" else data.get("product") or deal.dimensions["product"]
            dimensions = {name: deal.dimensions[name] for name in ("team", "rep", "region", "channel", "partner")}
            yield Movement(
                self.customer_of[deal.lead], deal, event.at, place, what, Decimal(str(amount)), mine, now, monthly,
                what != "churned", was_active, expands, dimensions | said | {"product": product},
            )  # fmt: skip
            was_active, monthly = what != "churned", now

    def _customers(self) -> Iterator[CustomerOnce]:
        by_customer: dict[str, list[Movement]] = defaultdict(list)
        for move in self.movements:
            by_customer[move.customer].append(move)
        for customer, moves in by_customer.items():
            moves.sort(key=lambda move: (move.at, move.was_active - move.is_active, move.deal.lead, move.deal.id))
            active: set[tuple[str, str]] = set()
            number, present = 0, list[Movement]()
            for move in moves:
                if move.is_active and not active:
                    number, present = number + 1, []
                present.append(move)
                was_there = bool(active)
                (active.add if move.is_active else active.discard)((move.deal.lead, move.deal.id))
                if was_there and not active:
                    yield self._customer(customer, number, present, move.at)
            if active:
                yield self._customer(customer, number, present, FOREVER)

    def _customer(self, customer: str, number: int, moves: list[Movement], until: Millis) -> CustomerOnce:
        seen = min(self.first_seen(move.deal.lead) for move in moves)
        return CustomerOnce(customer, number, moves[0].at, until, moves[0], seen)

    def first_seen(self, lead: str) -> Millis:
        """The first event of a lead, or what one says of an earlier time."""
        events = self.histories[lead].events
        stated = [millis(e.data["first_seen_at"]) for e in events if e.data.get("first_seen_at")]
        return min([e.at for e in events] + stated)

    def paid_at(self, customer: str, currency: str, at: Millis) -> Decimal:
        """What a customer pays a month at an instant, changes at that instant included."""
        return sum((change for moment, change in self.revenue[customer, currency] if moment <= at), Decimal(0))


def _is_won(deal: Deal) -> bool:
    return deal.ended is not None and deal.ended.type == "deal.won"


def _last_engaged(history: History) -> dict[str, Any]:
    return next((event.data for event in reversed(history.events) if event.type == "lead.engaged"), {})


def _account(history: History) -> str | None:
    stated = [e.data["account"] for e in history.events if e.type == "lead.engaged" and e.data.get("account")]
    return stated[-1] if stated else None


def _deals(lead: str, history: History) -> Iterator[Deal]:
    by_id: dict[str, list[Happening]] = defaultdict(list)
    for event in history.events:
        if TOPIC_OF[event.type] == "deals":
            by_id[event.data["deal_id"]].append(event)
    for name, events in by_id.items():
        opened = next((event for event in events if event.type == "deal.opened"), None)
        ended = next((event for event in reversed(events) if event.type in OUTCOMES), None)
        deal = Deal(lead, name, events, opened, ended, {})
        dimensions = {name: deal.stated(name, UNASSIGNED) for name in ("rep", "team")}
        dimensions |= {name: deal.stated(name, UNKNOWN) for name in ("product", "region")}
        first = opened.data if opened is not None else {}
        dimensions |= {name: first.get(name, UNKNOWN) for name in ("channel", "partner")}
        stages = [stage for stage, _ in entered(deal)]
        yield deal._replace(dimensions=dimensions | {"stage": stages[-1] if stages else UNKNOWN})


def entered(deal: Deal) -> list[tuple[str, Millis]]:
    """The stages that a deal entered, in their order."""
    moves = ("deal.opened", "deal.stage_changed")
    return [(e.data["stage"], e.at) for e in deal.events if e.type in moves and e.data.get("stage")]


def _acts(lead: str, history: History) -> Iterator[Act]:
    touches = [touch for episode in history.episodes for touch in episode.touches]
    for event in history.events:
        if event.data.get("automatic") is True:
            continue
        is_first = event.type == "email.sent" and history.messages[event.data["message_id"]] is event
        if event.type == "call.completed" or is_first:
            rep, team = history.doer_of(event)
            channel = channel_of(event)
            kind = event.data.get("kind", "call") if channel == "call" else channel
            dimensions = {"rep": rep, "team": team, "channel": channel}
            inbound = event.data.get("direction") == "inbound"
            yield Act(lead, event.at, kind, inbound, event in touches, dimensions)


def _revenue(movements: list[Movement]) -> dict[tuple[str, str], list[tuple[Millis, Decimal]]]:
    changes: dict[tuple[str, str], list[tuple[Millis, Decimal]]] = defaultdict(list)
    for move in movements:
        changes[move.customer, move.paid[1]].append((move.at, move.paid[0]))
        changes[move.customer, move.paid_before[1]].append((move.at, -move.paid_before[0]))
    return changes
