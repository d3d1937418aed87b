"""The catalogue: every KPI that is streamed, declared once. How to add one: ``docs/adding-a-kpi.md``."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Kind = Literal["duration", "ratio", "mean", "count", "now"]
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
}
"""Grouping → the dimensions that it groups by. Positions are stored: the table only grows."""

WINDOWS: Final[tuple[str, ...]] = ("1m", "5m", "1h", "1d", "all")
"""Window sizes. Positions are stored: the tuple only grows."""

COARSE: Final = ("all", "team")
"""The only groupings that have 1m and 5m windows."""

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
}
"""What a KPI counts, told apart as finely as its items and groupings need → ``basis`` of its rows.

Positions are stored: the table only grows.
"""

AXES: Final[dict[str, str]] = {basis: "sent" if basis in ("touched", "happened") else basis for basis in BASES}
"""Basis → the one whose cells hold it: all that a person does is added up together, at its own time."""

_LEADS: Final = ("all", "team", "rep", "team,temperature", "source", "region")


class Kpi(Struct, frozen=True):
    """One KPI: its name, how it is measured, and one plain sentence that defines it.

    ``bases`` says what is counted (keys of ``BASES``, each with the groupings it is shown by);
    ``over`` names the KPI whose tally a ratio is divided by, ``extra`` the dimension beside the
    grouping's, ``good`` the direction that is an improvement.
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

    @property
    def groupings(self) -> tuple[str, ...]:
        """Every grouping it is shown by."""
        return tuple(grouping for groupings in self.bases.values() for grouping in groupings)


CATALOGUE: Final[tuple[Kpi, ...]] = (
    Kpi(
        "lead_response_time", "response", "duration", "seconds", {"engaged": _LEADS},
        "Time from a lead's engagement to the first touch by a person; leads still waiting rank after all answered.",
        "all seeds; Conversica promptness", "response", "down",
    ),
    Kpi(
        "system_delay", "response", "duration", "seconds", {"engaged": _LEADS},
        "Time from a lead's engagement until it is first assigned to a person.",
        "own", "response", "down",
    ),
    Kpi(
        "rep_response_time", "response", "duration", "seconds", {"assigned": _LEADS},
        "Time from the assignment of a lead to that owner's first touch, once per ownership; "
        "a lead taken away before counts as cancelled.",
        "own", "response", "down",
    ),
    Kpi(
        "time_to_contact", "response", "duration", "seconds", {"engaged": _LEADS},
        "Time from a lead's engagement to the first two-way exchange: a real conversation or a human reply.",
        "own", "response", "down",
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
)  # fmt: skip
"""Positions are stored in accumulators: new KPIs go to the end."""

by_name: Final[dict[str, Kpi]] = {kpi.name: kpi for kpi in CATALOGUE}
index_of: Final[dict[str, int]] = {kpi.name: position for position, kpi in enumerate(CATALOGUE)}
