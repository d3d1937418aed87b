"""The catalogue: every KPI that is streamed, declared once. How to add one: ``docs/adding-a-kpi.md``."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from schemas.policy import Clock

Kind = Literal["duration", "ratio", "mean", "count", "sum", "now"]
Family = Literal["response", "follow-up", "reply", "activity", "deal"]
Horizon = Literal["response", "follow_up", "reply", "none"]

GROUPINGS: Final[dict[str, tuple[str, ...]]] = {
    "all": (),
    "team": ("team",),
    "rep": ("rep",),
    "team,temperature": ("team", "temperature"),
    "source": ("source",),
    "region": ("region",),
    "channel": ("channel",),
    "policy": ("policy",),
    "policy,team": ("policy", "team"),
}
"""Grouping → the dimensions that it groups by. Positions are stored: the table only grows."""

WINDOWS: Final[tuple[str, ...]] = ("1m", "5m", "1h", "1d", "all")
"""Window sizes. Positions are stored: the tuple only grows."""

FINE: Final[dict[str, tuple[str, ...]]] = {
    "all": ("1m", "5m"),
    "team": ("1m", "5m"),
    "policy": ("5m",),
    "policy,team": ("5m",),
}
"""The few groupings that everybody watches → the windows shorter than an hour that only they have."""

TRAILING: Final[tuple[str, ...]] = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
"""Windows of business time up to the present, in which clocks are counted for alerts. A day is a business day."""

BASES: Final[dict[str, str]] = {
    "engaged": "engaged",
    "assigned": "assigned",
    "first_touch": "first_touch",
    "first_touch_by_channel": "first_touch",
    "replied": "replied",
    "sent": "sent",
    "touched": "sent",
    "happened": "happened",
    "now": "now",
    "inbound": "inbound",
    "deadline": "deadline",
    "deadline_by_policy": "deadline",
    "clocks": "now",
    "created": "happened",
    "opened": "opened",
    "quoted": "happened",
    "proposed": "proposed",
    "ended": "happened",
    "closed": "closed",
    "ended_by_reason": "happened",
    "closed_by_currency": "closed",
    "left_by_stage": "left",
    "qualified_by_stage": "happened",
    "due": "due",
    "called": "happened",
    "now_by_currency": "now",
    "now_by_stage": "now",
}
"""What a KPI counts, told apart as finely as its items and groupings need → ``basis`` of its rows.

Positions are stored: the table only grows.
"""

_TOGETHER: Final = dict.fromkeys(("touched", "happened"), "sent") | dict.fromkeys(
    ("created", "quoted", "proposed", "ended", "closed"), "opened"
)

AXES: Final[dict[str, str]] = {basis: _TOGETHER.get(basis, basis) for basis in BASES}
"""Basis → the one whose cells hold it: all that a person does, all that becomes of a deal is added up together."""

CELLS: Final[dict[str, tuple[str, ...]]] = {
    "events": (),
    "now": (),
    "reason": ("reason",),
    "currency": ("currency",),
    "stage": ("stage",),
    "now_by_currency": ("currency",),
    "now_by_stage": ("stage",),
}
"""Kind of cell → the dimensions that its rows have beside those of the grouping.

Positions are stored: the table only grows.
"""

_CELL_OF: Final = {
    "now": "now",
    "clocks": "now",
    "ended_by_reason": "reason",
    "closed_by_currency": "currency",
    "left_by_stage": "stage",
    "qualified_by_stage": "stage",
    "now_by_currency": "now_by_currency",
    "now_by_stage": "now_by_stage",
}


def cell_kind(basis: str) -> str:
    """The kind of the cells that hold what is counted on a basis."""
    return _CELL_OF.get(basis, "events")


_LEADS: Final = ("all", "team", "rep", "team,temperature", "source", "region")
_POLICIES: Final = ("policy", "policy,team")


class Kpi(Struct, frozen=True):
    """One KPI: its name, how it is measured, and one plain sentence that defines it.

    ``bases`` says what is counted (keys of ``BASES``, each with the groupings it is shown by);
    ``over`` names the KPI whose tally a ratio is divided by, ``extra`` the dimension beside the
    grouping's, ``good`` the direction that is an improvement, ``clock`` the one that is started by what
    a duration begins with: where a policy judges it, business time is that policy's.
    """

    name: str
    family: Family
    kind: Kind
    unit: str
    bases: dict[str, tuple[str, ...]]
    definition: str
    source: str
    horizon: Horizon = "none"
    good: Literal["up", "down"] = "up"
    over: str | None = None
    extra: str | None = None
    clock: Clock | None = None

    @property
    def basis(self) -> str:
        """``basis`` of its rows."""
        return BASES[next(iter(self.bases))]

    @property
    def axes(self) -> frozenset[str]:
        """The bases whose cells hold its numbers."""
        return frozenset(AXES[basis] for basis in self.bases)

    def is_shown(self, axis: str, grouping: str) -> bool:
        """Whether a row is made of it from a cell of ``axis`` and ``grouping``."""
        return any(AXES[basis] == axis and grouping in groupings for basis, groupings in self.bases.items())

    def cells(self, grouping: str) -> dict[str, str | None]:
        """The kinds of cells that rows of a grouping are made from, each with the dimension it has besides."""
        kinds = [cell_kind(basis) for basis, groupings in self.bases.items() if grouping in groupings]
        return {kind: self.extra or next(iter(CELLS[kind]), None) for kind in kinds}

    @property
    def groupings(self) -> tuple[str, ...]:
        """Every grouping it is shown by."""
        return tuple(grouping for groupings in self.bases.values() for grouping in groupings)


CATALOGUE: Final[tuple[Kpi, ...]] = (
    Kpi(
        "lead_response_time", "response", "duration", "seconds", {"engaged": _LEADS},
        "Time from a lead's engagement to the first touch by a person; leads still waiting rank after all answered.",
        "all seeds; Conversica promptness", "response", "down", clock="first_response",
    ),
    Kpi(
        "system_delay", "response", "duration", "seconds", {"engaged": _LEADS},
        "Time from a lead's engagement until it is first assigned to a person.",
        "own", "response", "down", clock="first_response",
    ),
    Kpi(
        "rep_response_time", "response", "duration", "seconds", {"assigned": _LEADS},
        "Time from the assignment of a lead to that owner's first touch, once per ownership; "
        "a lead taken away before counts as cancelled.",
        "own", "response", "down", clock="rep_response",
    ),
    Kpi(
        "time_to_contact", "response", "duration", "seconds", {"engaged": _LEADS},
        "Time from a lead's engagement to the first two-way exchange: a real conversation or a human reply.",
        "own", "response", "down", clock="contact",
    ),
    Kpi(
        "follow_up_rate", "follow-up", "ratio", "ratio", {"engaged": _LEADS},
        "Share of the leads engaged in the window that were touched within the follow-up horizon of engaging.",
        "Salesmate, % of leads followed up", "follow_up",
    ),
    Kpi(
        "follow_ups_per_lead", "follow-up", "mean", "touches", {"engaged": _LEADS},
        "Touches after the first one, per contacted lead.",
        "Conversica persistence", "follow_up",
    ),
    Kpi(
        "reply_rate", "reply", "ratio", "ratio",
        {"first_touch": _LEADS, "first_touch_by_channel": ("channel",)},
        "Share of the contacted leads that replied; by channel, of those touched on it the ones that replied on it.",
        "tl;dv, Salesmate", "reply",
    ),
    Kpi(
        "positive_reply_rate", "reply", "ratio", "ratio", {"first_touch": _LEADS},
        "Share of the contacted leads whose first classed reply was positive.",
        "Salesmate 8", "reply",
    ),
    Kpi(
        "negative_reply_rate", "reply", "ratio", "ratio", {"first_touch": _LEADS},
        "Share of the contacted leads whose first classed reply was negative.",
        "Salesmate 8", "reply", "down",
    ),
    Kpi(
        "message_reply_rate", "reply", "ratio", "ratio", {"touched": (*_LEADS, "channel")},
        "Share of the touches that drew a positive reply.",
        "tl;dv, share of outreach", "reply",
    ),
    Kpi(
        "reply_latency", "reply", "duration", "seconds", {"replied": _LEADS},
        "Time from the message answered, else from the last touch before, to the reply.",
        "own", "reply", "down",
    ),
    Kpi(
        "delivery_rate", "reply", "ratio", "ratio", {"sent": _LEADS},
        "Share of the messages sent by people that were delivered; of sources that report none, did not bounce.",
        "Conversica performance", "reply",
    ),
    Kpi(
        "bounce_rate", "reply", "ratio", "ratio", {"sent": _LEADS},
        "Share of the messages sent by people that bounced.",
        "Conversica performance", "reply", "down", over="delivery_rate",
    ),
    Kpi(
        "open_rate", "reply", "ratio", "ratio", {"sent": _LEADS},
        "Share of the delivered messages that a person opened; machine openings are told apart.",
        "tl;dv", "reply", over="delivery_rate",
    ),
    Kpi(
        "click_rate", "reply", "ratio", "ratio", {"sent": _LEADS},
        "Share of the delivered messages in which a person clicked; machine clicks are told apart.",
        "tl;dv", "reply", over="delivery_rate",
    ),
    Kpi(
        "personalization", "reply", "mean", "elements", {"sent": _LEADS},
        "Personalised elements per follow-up message that states how many it has.",
        "Conversica personalization", "reply",
    ),
    Kpi(
        "activities", "activity", "count", "activities", {"happened": _LEADS},
        "What people did towards customers, by kind: calls, messages, meetings, demos, quotes, follow-up calls.",
        "Salesmate; base of the pyramid", extra="kind",
    ),
    Kpi(
        "leads_created", "activity", "count", "leads", {"engaged": _LEADS},
        "Leads that engaged in the window; one that engages again after it was closed counts once more.",
        "Salesmate",
    ),
    Kpi(
        "open_leads", "response", "now", "leads", {"now": _LEADS},
        "Leads engaged, not yet touched and not closed, by age.",
        "operations", good="down",
    ),
    Kpi(
        "oldest_open_lead", "response", "now", "seconds", {"now": _LEADS},
        "How long the lead has been waiting that has waited longest.",
        "operations", good="down",
    ),
    Kpi(
        "next_response_time", "response", "duration", "seconds", {"inbound": _LEADS},
        "Time from a lead's first unanswered message or missed call to the next touch, or to a call of theirs that is "
        "taken; of a lead that was closed before, or asked to be left alone, it stays open.",
        "own", "response", "down", clock="next_response",
    ),
    Kpi(
        "response_within_sla", "response", "ratio", "ratio",
        {"deadline": _LEADS, "deadline_by_policy": _POLICIES},
        "Share of the clocks with their deadline in the window that were met, of those met or past it; of first "
        "responses, and by policy of whatever each policy judges.",
        "operations",
    ),
    Kpi(
        "sla_at_risk", "response", "now", "clocks", {"clocks": (*_LEADS, *_POLICIES)},
        "Clocks that run, past a warning and not yet past their deadline.",
        "operations", good="down",
    ),
    Kpi(
        "sla_breached", "response", "now", "clocks", {"clocks": (*_LEADS, *_POLICIES)},
        "Clocks that run, past their deadline.",
        "operations", good="down",
    ),
    Kpi(
        "paused_share", "response", "now", "ratio", {"clocks": (*_LEADS, *_POLICIES)},
        "Of the time since the clocks that run have started, the share while which they stood still.",
        "operations", good="down",
    ),
    Kpi(
        "opportunities_created", "deal", "count", "deals", {"created": _LEADS},
        "Deals that were opened.",
        "Salesmate, pyramid",
    ),
    Kpi(
        "proposals_sent", "deal", "count", "proposals", {"quoted": _LEADS},
        "Times that a deal entered the stage proposal.",
        "Salesmate, pyramid",
    ),
    Kpi(
        "deals_won", "deal", "count", "deals", {"ended": _LEADS},
        "Deals whose latest outcome is that they were won.",
        "Salesmate, pyramid",
    ),
    Kpi(
        "deals_lost", "deal", "count", "deals", {"ended": _LEADS, "ended_by_reason": _LEADS},
        "Deals whose latest outcome is that they were lost, all and by reason.",
        "Salesmate, pyramid", good="down",
    ),
    Kpi(
        "won_amount", "deal", "sum", "currency", {"closed_by_currency": _LEADS},
        "What the deals won are worth, by currency: the amount that the outcome states, else the opening.",
        "Salesmate, pyramid",
    ),
    Kpi(
        "lost_amount", "deal", "sum", "currency", {"closed_by_currency": _LEADS},
        "What the deals lost would have been worth, by currency.",
        "Salesmate, pyramid", good="down",
    ),
    Kpi(
        "won_units", "deal", "sum", "units", {"closed_by_currency": _LEADS},
        "Units sold in the deals won, by the currency they were sold in.",
        "Salesmate, pyramid",
    ),
    Kpi(
        "win_rate", "deal", "ratio", "ratio", {"closed": _LEADS},
        "Share of the deals that ended in the window that were won.",
        "Salesmate 10",
    ),
    Kpi(
        "closing_ratio", "deal", "ratio", "ratio", {"opened": _LEADS},
        "Share of the deals opened in the window that are won by now.",
        "Salesmate 7",
    ),
    Kpi(
        "quote_to_close", "deal", "ratio", "ratio", {"proposed": _LEADS},
        "Share of the deals first proposed in the window that are won by now.",
        "Salesmate 7",
    ),
    Kpi(
        "sales_cycle_length", "deal", "duration", "seconds", {"closed": _LEADS},
        "Time from a deal's opening until it was won; only deals whose opening is known.",
        "all seeds", good="down",
    ),
    Kpi(
        "conversion_time", "deal", "duration", "seconds", {"closed": _LEADS},
        "Time from a lead's engagement until a deal with it was won.",
        "all seeds", good="down",
    ),
    Kpi(
        "stage_duration", "deal", "duration", "seconds", {"left_by_stage": _LEADS},
        "Time that a deal spent in a stage, by stage; a deal that comes back to a stage visits it anew.",
        "effectiveness, pyramid", good="down",
    ),
    Kpi(
        "stage_conversion", "deal", "ratio", "ratio", {"left_by_stage": _LEADS},
        "Share of the visits of a stage that ended in another stage or in a deal won, rather than lost.",
        "effectiveness, pyramid",
    ),
    Kpi(
        "touches_per_stage_move", "deal", "mean", "touches", {"left_by_stage": _LEADS},
        "Touches of the lead while a deal was in a stage, per visit that ended.",
        "effectiveness, pyramid", good="down",
    ),
    Kpi(
        "leads_qualified", "activity", "count", "leads", {"qualified_by_stage": _LEADS},
        "Times that a lead entered the stage MQL or SQL, by stage.",
        "Salesmate",
    ),
    Kpi(
        "planned_activities", "activity", "count", "activities", {"due": _LEADS},
        "Calls, demos and meetings that were scheduled, when they are due; one put off is due later.",
        "pyramid, planned and carried out",
    ),
    Kpi(
        "no_show_rate", "activity", "ratio", "ratio", {"due": _LEADS},
        "Share of the calls, demos and meetings due in the window that were missed.",
        "pyramid, planned and carried out", good="down",
    ),
    Kpi(
        "connect_rate", "activity", "ratio", "ratio", {"called": _LEADS},
        "Share of the calls placed that were answered.",
        "tl;dv, effectiveness",
    ),
    Kpi(
        "talk_time", "activity", "duration", "seconds", {"called": _LEADS},
        "How long was talked in the calls placed in which anything was said.",
        "tl;dv, effectiveness",
    ),
    Kpi(
        "talk_listen_ratio", "activity", "ratio", "ratio", {"called": _LEADS},
        "Seconds that the rep talked of the seconds that both talked, in the calls placed that state both.",
        "tl;dv, effectiveness", good="down",
    ),
    Kpi(
        "calls_per_hour_talked", "activity", "mean", "calls", {"called": _LEADS},
        "Calls placed per hour talked in them: productivity, outputs per input.",
        "tl;dv, effectiveness",
    ),
    Kpi(
        "open_pipeline", "deal", "now", "currency", {"now_by_currency": _LEADS},
        "What the open deals are worth, by currency; those of which nobody said count as deals only.",
        "tl;dv, Salesmate",
    ),
    Kpi(
        "weighted_pipeline", "deal", "now", "currency", {"now_by_currency": _LEADS},
        "Open amounts times the share won of the deals of the same group and currency that were in that stage and "
        "ended in the last 90 days; of a stage without any, the share won of all that ended.",
        "tl;dv, Salesmate",
    ),
    Kpi(
        "stage_age", "deal", "now", "seconds", {"now_by_stage": _LEADS},
        "How long open deals have been in their present stage, by stage, to five minutes.",
        "tl;dv, Salesmate", good="down",
    ),
    Kpi(
        "stagnant_deals", "deal", "now", "deals", {"now_by_stage": _LEADS},
        "Open deals that have been in their stage for longer than nine of ten visits of it that ended in the last 90 "
        "days lasted; null where fewer than 20 have ended.",
        "tl;dv, Salesmate", good="down",
    ),
    Kpi(
        "pipeline_velocity", "deal", "now", "currency per day", {"now_by_currency": _LEADS},
        "Open deals times win rate times mean amount won, divided by the mean cycle in days, of the deals that ended "
        "in the last 90 days, by currency.",
        "tl;dv, Salesmate",
    ),
)  # fmt: skip
"""Positions are stored in accumulators: new KPIs go to the end."""

by_name: Final[dict[str, Kpi]] = {kpi.name: kpi for kpi in CATALOGUE}
index_of: Final[dict[str, int]] = {kpi.name: position for position, kpi in enumerate(CATALOGUE)}
