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
    ``formula`` is its arithmetic in a line. ``used`` names the definition where vendors differ, for every row to say:
    what stands in braces is a setting.
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
    formula: str = ""
    used: str = ""

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
        formula="first touch - engagement, a lead at a time",
    ),
    Kpi(
        "system_delay", "response", "duration", "seconds", {"engaged": _LEADS},
        "Time from a lead's engagement until it is first assigned to a person.",
        "own", "response", "down", clock="first_response",
        formula="first assignment to a person - engagement",
    ),
    Kpi(
        "rep_response_time", "response", "duration", "seconds", {"assigned": _LEADS},
        "Time from the assignment of a lead to that owner's first touch, once per ownership; "
        "a lead taken away before counts as cancelled.",
        "own", "response", "down", clock="rep_response",
        formula="the owner's first touch - assignment, an ownership at a time",
    ),
    Kpi(
        "time_to_contact", "response", "duration", "seconds", {"engaged": _LEADS},
        "Time from a lead's engagement to the first two-way exchange: a real conversation or a human reply.",
        "own", "response", "down", clock="contact",
        formula="first two-way exchange - engagement",
        used="a conversation is talk of {contact_seconds} s or more",
    ),
    Kpi(
        "follow_up_rate", "follow-up", "ratio", "ratio", {"engaged": _LEADS},
        "Share of the leads engaged in the window that were touched within the follow-up horizon of engaging.",
        "Salesmate, % of leads followed up", "follow_up",
        formula="leads touched within the horizon / leads engaged",
        used="touched within {follow_up_horizon} of engaging",
    ),
    Kpi(
        "follow_ups_per_lead", "follow-up", "mean", "touches", {"engaged": _LEADS},
        "Touches after the first one, per contacted lead.",
        "Conversica persistence", "follow_up",
        formula="(touches - 1) of the contacted leads / contacted leads",
    ),
    Kpi(
        "reply_rate", "reply", "ratio", "ratio",
        {"first_touch": _LEADS, "first_touch_by_channel": ("channel",)},
        "Share of the contacted leads that replied; by channel, of those touched on it the ones that replied on it.",
        "tl;dv, Salesmate", "reply",
        formula="leads that replied / leads contacted",
        used="over leads contacted, replied within {reply_horizon}",
    ),
    Kpi(
        "positive_reply_rate", "reply", "ratio", "ratio", {"first_touch": _LEADS},
        "Share of the contacted leads whose first classed reply was positive.",
        "Salesmate 8", "reply",
        formula="leads whose first classed reply was positive / leads contacted",
        used="over leads contacted, replied within {reply_horizon}",
    ),
    Kpi(
        "negative_reply_rate", "reply", "ratio", "ratio", {"first_touch": _LEADS},
        "Share of the contacted leads whose first classed reply was negative.",
        "Salesmate 8", "reply", "down",
        formula="leads whose first classed reply was negative / leads contacted",
        used="over leads contacted, replied within {reply_horizon}",
    ),
    Kpi(
        "message_reply_rate", "reply", "ratio", "ratio", {"touched": (*_LEADS, "channel")},
        "Share of the touches that drew a positive reply.",
        "tl;dv, share of outreach", "reply",
        formula="touches answered by a positive reply / touches",
        used="over touches, replied within {reply_horizon}",
    ),
    Kpi(
        "reply_latency", "reply", "duration", "seconds", {"replied": _LEADS},
        "Time from the message answered, else from the last touch before, to the reply.",
        "own", "reply", "down",
        formula="reply - the message that it answers, else the last touch before it",
    ),
    Kpi(
        "delivery_rate", "reply", "ratio", "ratio", {"sent": _LEADS},
        "Share of the messages sent by people that were delivered; of sources that report none, did not bounce.",
        "Conversica performance", "reply",
        formula="messages delivered / messages sent",
    ),
    Kpi(
        "bounce_rate", "reply", "ratio", "ratio", {"sent": _LEADS},
        "Share of the messages sent by people that bounced.",
        "Conversica performance", "reply", "down", over="delivery_rate",
        formula="messages bounced / messages sent",
        used="over messages sent",
    ),
    Kpi(
        "open_rate", "reply", "ratio", "ratio", {"sent": _LEADS},
        "Share of the delivered messages that a person opened; machine openings are told apart.",
        "tl;dv", "reply", over="delivery_rate",
        formula="messages opened by a person / messages delivered",
        used="over messages delivered",
    ),
    Kpi(
        "click_rate", "reply", "ratio", "ratio", {"sent": _LEADS},
        "Share of the delivered messages in which a person clicked; machine clicks are told apart.",
        "tl;dv", "reply", over="delivery_rate",
        formula="messages clicked by a person / messages delivered",
        used="over messages delivered",
    ),
    Kpi(
        "personalization", "reply", "mean", "elements", {"sent": _LEADS},
        "Personalised elements per follow-up message that states how many it has.",
        "Conversica personalization", "reply",
        formula="personalised elements / follow-up messages that state how many",
    ),
    Kpi(
        "activities", "activity", "count", "activities", {"happened": _LEADS},
        "What people did towards customers, by kind: calls, messages, meetings, demos, quotes, follow-up calls.",
        "Salesmate; base of the pyramid", extra="kind",
        formula="number of them",
    ),
    Kpi(
        "leads_created", "activity", "count", "leads", {"engaged": _LEADS},
        "Leads that engaged in the window; one that engages again after it was closed counts once more.",
        "Salesmate",
        formula="number of them",
    ),
    Kpi(
        "open_leads", "response", "now", "leads", {"now": _LEADS},
        "Leads engaged, not yet touched and not closed, by age.",
        "operations", good="down",
        formula="number of them now",
    ),
    Kpi(
        "oldest_open_lead", "response", "now", "seconds", {"now": _LEADS},
        "How long the lead has been waiting that has waited longest.",
        "operations", good="down",
        formula="now - its engagement",
    ),
    Kpi(
        "next_response_time", "response", "duration", "seconds", {"inbound": _LEADS},
        "Time from a lead's first unanswered message or missed call to the next touch, or to a call of theirs that is "
        "taken; of a lead that was closed before, or asked to be left alone, it stays open.",
        "own", "response", "down", clock="next_response",
        formula="next touch - the first message or missed call not yet answered",
    ),
    Kpi(
        "response_within_sla", "response", "ratio", "ratio",
        {"deadline": _LEADS, "deadline_by_policy": _POLICIES},
        "Share of the clocks with their deadline in the window that were met, of those met or past it; of first "
        "responses, and by policy of whatever each policy judges.",
        "operations",
        formula="clocks met in time / clocks whose deadline is in the window",
    ),
    Kpi(
        "sla_at_risk", "response", "now", "clocks", {"clocks": (*_LEADS, *_POLICIES)},
        "Clocks that run, past a warning and not yet past their deadline.",
        "operations", good="down",
        formula="number of them now",
    ),
    Kpi(
        "sla_breached", "response", "now", "clocks", {"clocks": (*_LEADS, *_POLICIES)},
        "Clocks that run, past their deadline.",
        "operations", good="down",
        formula="number of them now",
    ),
    Kpi(
        "paused_share", "response", "now", "ratio", {"clocks": (*_LEADS, *_POLICIES)},
        "Of the time since the clocks that run have started, the share while which they stood still.",
        "operations", good="down",
        formula="time paused / time since the start, of the clocks that run now",
    ),
    Kpi(
        "opportunities_created", "deal", "count", "deals", {"created": _LEADS},
        "Deals that were opened.",
        "Salesmate, pyramid",
        formula="number of deals opened",
    ),
    Kpi(
        "proposals_sent", "deal", "count", "proposals", {"quoted": _LEADS},
        "Times that a deal entered the stage proposal.",
        "Salesmate, pyramid",
        formula="number of entries into the stage proposal",
    ),
    Kpi(
        "deals_won", "deal", "count", "deals", {"ended": _LEADS},
        "Deals whose latest outcome is that they were won.",
        "Salesmate, pyramid",
        formula="number of them",
    ),
    Kpi(
        "deals_lost", "deal", "count", "deals", {"ended": _LEADS, "ended_by_reason": _LEADS},
        "Deals whose latest outcome is that they were lost, all and by reason.",
        "Salesmate, pyramid", good="down",
        formula="number of them",
    ),
    Kpi(
        "won_amount", "deal", "sum", "currency", {"closed_by_currency": _LEADS},
        "What the deals won are worth, by currency: the amount that the outcome states, else the opening.",
        "Salesmate, pyramid",
        formula="sum of their amounts",
    ),
    Kpi(
        "lost_amount", "deal", "sum", "currency", {"closed_by_currency": _LEADS},
        "What the deals lost would have been worth, by currency.",
        "Salesmate, pyramid", good="down",
        formula="sum of their amounts",
    ),
    Kpi(
        "won_units", "deal", "sum", "units", {"closed_by_currency": _LEADS},
        "Units sold in the deals won, by the currency they were sold in.",
        "Salesmate, pyramid",
        formula="sum of their units",
    ),
    Kpi(
        "win_rate", "deal", "ratio", "ratio", {"closed": _LEADS},
        "Share of the deals that ended in the window that were won.",
        "Salesmate 10",
        formula="deals won / (deals won + deals lost)",
        used="over deals closed",
    ),
    Kpi(
        "closing_ratio", "deal", "ratio", "ratio", {"opened": _LEADS},
        "Share of the deals opened in the window that are won by now.",
        "Salesmate 7",
        formula="of the deals opened in the window, those won / all",
        used="over deals opened",
    ),
    Kpi(
        "quote_to_close", "deal", "ratio", "ratio", {"proposed": _LEADS},
        "Share of the deals first proposed in the window that are won by now.",
        "Salesmate 7",
        formula="of the deals first proposed in the window, those won / all",
        used="over deals proposed",
    ),
    Kpi(
        "sales_cycle_length", "deal", "duration", "seconds", {"closed": _LEADS},
        "Time from a deal's opening until it was won; only deals whose opening is known.",
        "all seeds", good="down",
        formula="won - opened, a deal at a time",
    ),
    Kpi(
        "conversion_time", "deal", "duration", "seconds", {"closed": _LEADS},
        "Time from a lead's engagement until a deal with it was won.",
        "all seeds", good="down",
        formula="won - engagement of its lead",
    ),
    Kpi(
        "stage_duration", "deal", "duration", "seconds", {"left_by_stage": _LEADS},
        "Time that a deal spent in a stage, by stage; a deal that comes back to a stage visits it anew.",
        "effectiveness, pyramid", good="down",
        formula="left - entered, a visit at a time",
    ),
    Kpi(
        "stage_conversion", "deal", "ratio", "ratio", {"left_by_stage": _LEADS},
        "Share of the visits of a stage that ended in another stage or in a deal won, rather than lost.",
        "effectiveness, pyramid",
        formula="visits that moved on or were won / visits that ended",
    ),
    Kpi(
        "touches_per_stage_move", "deal", "mean", "touches", {"left_by_stage": _LEADS},
        "Touches of the lead while a deal was in a stage, per visit that ended.",
        "effectiveness, pyramid", good="down",
        formula="touches during the visits / visits that ended",
    ),
    Kpi(
        "leads_qualified", "activity", "count", "leads", {"qualified_by_stage": _LEADS},
        "Times that a lead entered the stage MQL or SQL, by stage.",
        "Salesmate",
        formula="number of entries",
    ),
    Kpi(
        "planned_activities", "activity", "count", "activities", {"due": _LEADS},
        "Calls, demos and meetings that were scheduled, when they are due; one put off is due later.",
        "pyramid, planned and carried out",
        formula="number of them",
    ),
    Kpi(
        "no_show_rate", "activity", "ratio", "ratio", {"due": _LEADS},
        "Share of the calls, demos and meetings due in the window that were missed, of those come due by now.",
        "pyramid, planned and carried out", good="down",
        formula="missed / scheduled that came due",
    ),
    Kpi(
        "connect_rate", "activity", "ratio", "ratio", {"called": _LEADS},
        "Share of the calls placed that were answered.",
        "tl;dv, effectiveness",
        formula="calls answered / calls placed",
    ),
    Kpi(
        "talk_time", "activity", "duration", "seconds", {"called": _LEADS},
        "How long was talked in the calls placed in which anything was said.",
        "tl;dv, effectiveness",
        formula="seconds talked, a call at a time",
    ),
    Kpi(
        "talk_listen_ratio", "activity", "ratio", "ratio", {"called": _LEADS},
        "Seconds that the rep talked of the seconds that both talked, in the calls placed that state both.",
        "tl;dv, effectiveness", good="down",
        formula="seconds that the rep talked / seconds that both talked",
    ),
    Kpi(
        "calls_per_hour_talked", "activity", "mean", "calls", {"called": _LEADS},
        "Calls placed per hour talked in them: productivity, outputs per input.",
        "tl;dv, effectiveness",
        formula="calls placed / hours talked in them",
    ),
    Kpi(
        "open_pipeline", "deal", "now", "currency", {"now_by_currency": _LEADS},
        "What the open deals are worth, by currency; those of which nobody said count as deals only.",
        "tl;dv, Salesmate",
        formula="sum of the amounts of the open deals",
    ),
    Kpi(
        "weighted_pipeline", "deal", "now", "currency", {"now_by_currency": _LEADS},
        "Open amounts times the share won of the deals of the same group and currency that were in that stage and "
        "ended in the last 90 days; of a stage without any, the share won of all that ended.",
        "tl;dv, Salesmate",
        formula="sum of amount x share won of the deal's stage",
    ),
    Kpi(
        "stage_age", "deal", "now", "seconds", {"now_by_stage": _LEADS},
        "How long open deals have been in their present stage, by stage, to five minutes.",
        "tl;dv, Salesmate", good="down",
        formula="now - entering of the present stage, a deal at a time",
    ),
    Kpi(
        "stagnant_deals", "deal", "now", "deals", {"now_by_stage": _LEADS},
        "Open deals that have been in their stage for longer than its policy allows; where no policy is for them, for "
        "longer than nine of ten visits of it that ended in the last 90 days lasted, if there were 20 or more.",
        "tl;dv, Salesmate", good="down",
        formula="number of them now",
    ),
    Kpi(
        "pipeline_velocity", "deal", "now", "currency per day", {"now_by_currency": _LEADS},
        "Open deals times win rate times mean amount won, divided by the mean cycle in days, of the deals that ended "
        "in the last 90 days, by currency.",
        "tl;dv, Salesmate",
        formula="open deals x win rate x mean amount won / mean cycle in days",
    ),
)  # fmt: skip
"""Positions are stored in accumulators: new KPIs go to the end."""

by_name: Final[dict[str, Kpi]] = {kpi.name: kpi for kpi in CATALOGUE}
index_of: Final[dict[str, int]] = {kpi.name: position for position, kpi in enumerate(CATALOGUE)}
