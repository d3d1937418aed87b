"""What each deal KPI sees in one subject's history, sentence by sentence from the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from deploy.simulator.history import UNASSIGNED, UNKNOWN, Episode, Happening, History
from deploy.simulator.seen import PROPOSAL, Seen

ENDS = ("deal.won", "deal.lost")
OF_LOST = ("deal_id", "reason", "rep", "team")


class Deal:
    """All events of one deal of one subject, in order."""

    def __init__(self, history: History, events: list[Happening]) -> None:
        self.history = history
        self.events = events
        openings = [event for event in events if event.type == "deal.opened"]
        ends = [event for event in events if event.type in ENDS]
        self.opened: Happening | None = openings[0] if openings else None
        self.end: Happening | None = ends[-1] if ends else None
        self.episode: Episode = history.instance_at(events[0].at)

    @property
    def won(self) -> bool:
        """Of several outcomes the latest stands."""
        return self.end is not None and self.end.type == "deal.won"

    @property
    def outcome(self) -> dict[str, Any]:
        """What the outcome states; fields that a loss does not have are not known of it."""
        stated = self.end.data if self.end else {}
        return stated if self.won else {name: stated.get(name) for name in OF_LOST}

    @property
    def opening(self) -> dict[str, Any]:
        """What the opening states."""
        return self.opened.data if self.opened else {}

    def says(self, name: str) -> Any:
        """The outcome's, else the opening's."""
        return self.opening.get(name) if self.outcome.get(name) in (None, "") else self.outcome[name]

    @property
    def dimensions(self) -> dict[str, str]:
        """Its own rep, team and region; temperature, source and else the region of the lead."""
        lead = self.episode.engaged.data if self.episode.engaged else {}
        return {
            "team": self.says("team") or UNASSIGNED,
            "rep": self.says("rep") or UNASSIGNED,
            "region": self.says("region") or lead.get("region") or UNKNOWN,
            "source": lead.get("source") or UNKNOWN,
            "temperature": lead.get("temperature") or UNKNOWN,
        }

    @property
    def currency(self) -> str:
        """That of the amount; a missing one is the opening's, else as is set."""
        stated = self.outcome.get("currency")
        if self.outcome.get("amount") is None and self.opening.get("amount") is not None:
            stated = None
        return stated or self.opening.get("currency") or self.history.settings.currency

    def entries(self) -> Iterator[tuple[Happening, str | None]]:
        """The stages it came to, each with the event that brought it there; None where it ended."""
        stage = None
        for event in self.events:
            if event.type == "deal.opened" and event.data.get("stage") is None and stage is not None:
                continue
            before, stage = stage, event.data.get("stage") if event.type not in ENDS else None
            if stage != before:
                yield event, stage


def deals_of(history: History) -> list[Deal]:
    """The deals of a subject; those of an instance that is a duplicate count nowhere."""
    by_id: dict[str, list[Happening]] = defaultdict(list)
    for event in history.events:
        if event.type in ("deal.opened", "deal.stage_changed", *ENDS):
            by_id[event.data["deal_id"]].append(event)
    deals = [Deal(history, events) for events in by_id.values()]
    return [deal for deal in deals if not deal.episode.duplicate]


def sold(history: History) -> Iterator[Seen]:
    """Everything that one subject's deals add to any KPI."""
    touches = [touch for episode in history.episodes if not episode.duplicate for touch in episode.touches]
    for deal in deals_of(history):
        yield from _begun(deal)
        yield from _visited(deal, touches)
        if deal.end is not None:
            yield from _ended(deal, deal.end)


def _visited(deal: Deal, touches: list[Happening]) -> Iterator[Seen]:
    """Each stage that it left, when it did."""
    entries = list(deal.entries())
    for (entered, stage), (left, _) in pairwise(entries):
        if stage is not None:
            who = deal.dimensions
            between = sum(entered.at <= touch.at < left.at for touch in touches)
            yield Seen("stage_duration", left.at, who, left.at - entered.at, kind=stage, told_by="stage")
            yield Seen("stage_conversion", left.at, who, int(left.type != "deal.lost"), kind=stage, told_by="stage")
            yield Seen("touches_per_stage_move", left.at, who, between, kind=stage, told_by="stage")


def _begun(deal: Deal) -> Iterator[Seen]:
    who = deal.dimensions
    if deal.opened is not None:
        yield Seen("opportunities_created", deal.opened.at, who, 1)
        yield Seen("closing_ratio", deal.opened.at, who, int(deal.won))
    proposals = [event for event, stage in deal.entries() if stage == PROPOSAL]
    for proposal in proposals:
        yield Seen("proposals_sent", proposal.at, who, 1)
    if proposals:
        yield Seen("quote_to_close", proposals[0].at, who, int(deal.won))


def _ended(deal: Deal, end: Happening) -> Iterator[Seen]:
    who, at, result = deal.dimensions, end.at, "won" if deal.won else "lost"
    yield Seen("win_rate", at, who, int(deal.won))
    yield Seen(f"deals_{result}", at, who, 1)
    if not deal.won:
        yield Seen("deals_lost", at, who, 1, kind=end.data.get("reason") or UNKNOWN, told_by="reason")
    amounts = {f"{result}_amount": deal.says("amount"), f"{result}_units": deal.says("units")}
    for kpi, amount in amounts.items():
        if amount is not None and kpi != "lost_units":
            yield Seen(kpi, at, who, 1, note=str(amount), kind=deal.currency, told_by="currency")
    if deal.won and deal.opened is not None:
        yield Seen("sales_cycle_length", at, who, max(0, at - deal.opened.at))
    if deal.won and deal.episode.engaged is not None:
        yield Seen("conversion_time", at, who, max(0, at - deal.episode.engaged.at))
