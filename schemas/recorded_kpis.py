"""The recorded KPIs, declared once each: computed by ClickHouse over recorded events, for any period and scope."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Kind = Literal["ratio", "sum", "estimate", "rank", "folded", "series"]
"""How the parts of a group become its value: numerator / denominator, their sum, a sum with an interval, a sum with its
place among the others, whichever of the first two an observation is, or whatever the query itself says."""
Unit = Literal["ratio", "seconds", "money", "count", "points", "as sent", "of the KPI"]

PERIODS: Final = ("day", "week", "month", "quarter", "year", "custom")
"""Calendar periods of the time zone of the settings; weeks are ISO weeks, ``custom`` is the whole range as one."""

RESULTS: Final = (
    "sales_volume", "new_customers", "deals_won", "won_amount", "won_units", "deals_lost", "lost_amount", "win_rate",
    "closing_ratio", "quote_to_close", "sales_cycle_length", "conversion_time",
)  # fmt: skip
"""What weeks of work are meant to lead to; everything else that is measured by the week may lead to it."""


class RecordedKpi(Struct, frozen=True):
    """One recorded KPI: what it means, by what it is shown, and how its parts make its value.

    ``scopes`` starts with the one shown unless asked otherwise. ``of`` says what its rows are told apart by beside the
    scope, ``parts`` what ``statistics`` holds. ``used`` names the definition where vendors differ: what stands
    in braces is a setting. ``n`` is what a row's n counts, in SQL; ``depth`` is how many periods before the first one
    it looks at.
    """

    name: str
    subject: str
    kind: Kind
    unit: Unit
    definition: str
    formula: str
    source: str
    scopes: tuple[str, ...]
    of: str = ""
    parts: str = ""
    used: str = ""
    n: str = "denominator"
    good: Literal["up", "down"] = "up"
    depth: int = 1

    @property
    def by_currency(self) -> bool:
        """Whether there is a row for each currency."""
        return self.unit == "money" or self.name in _BY_CURRENCY


_BY_CURRENCY: Final = frozenset(
    {"revenue_retention", "gross_margin", "revenue_growth", "quota_attainment", "leaderboard", "observed",
     "observed_ratio", "marginal_gain"}
)  # fmt: skip
_LEADS: Final = ("all", "team", "rep", "source", "region", "segment", "channel", "campaign")
_CUSTOMERS: Final = ("all", "team", "rep", "region", "product", "channel", "partner", "segment", "source", "campaign")
_DEALS: Final = ("all", "team", "rep", "region", "product", "channel", "partner", "stage")
_PEOPLE: Final = ("all", "team", "rep")
_SURVEY: Final = ("all", "team", "rep", "region", "product", "segment", "channel")
_SPEND: Final = ("all", "team", "region", "campaign")

RECORDED: Final[tuple[RecordedKpi, ...]] = (
    RecordedKpi(
        "conversion_rate", "From lead to customer", "ratio", "ratio",
        "Share of the leads that engaged (became MQL, became SQL) in the period and became customers.",
        "leads with a deal won within the horizon / leads; of closed deals: won / (won + lost)",
        "Salesmate", _LEADS, of="from where: lead, mql, sql (or closed deal)",
        used="over {conversion_over}, won within {conversion_horizon}",
    ),
    RecordedKpi(
        "lifecycle_share", "From lead to customer", "ratio", "ratio",
        "Share of the people known at the end of the period in each stage, from contact to customer.",
        "people in the stage / people known", "HubSpot lifecycle stages", ("all", "team", "rep", "source"),
        of="lifecycle stage",
    ),
    RecordedKpi(
        "customer_lifecycle_length", "From lead to customer", "ratio", "seconds",
        "Mean time from first seen to first won deal, of the customers won in the period.",
        "sum of (first won - first seen) / new customers", "own", _CUSTOMERS, good="down",
    ),
    RecordedKpi(
        "activities_per_qualified_lead", "From lead to customer", "ratio", "count",
        "Calls, messages, meetings and demos of the period for each lead that became MQL or SQL in it.",
        "activities / leads qualified", "pyramid", ("all", "team", "rep"), parts="activities by kind", good="down",
    ),
    RecordedKpi(
        "activities_per_won_deal", "From lead to customer", "ratio", "count",
        "Calls, messages, meetings and demos of the period for each deal won in it.",
        "activities / deals won", "pyramid", ("all", "team", "rep"), parts="activities by kind", good="down",
    ),
    RecordedKpi(
        "customer_acquisition_rate", "From lead to customer", "ratio", "ratio",
        "New customers of the period for each lead that engaged in it, by the rep or team that owns them.",
        "new customers / leads owned", "Salesmate", _LEADS,
    ),
    RecordedKpi(
        "customer_acquisition_cost", "What it costs", "ratio", "money",
        "Spend of the period for each customer won in it.",
        "observations `spend` / new customers", "Salesmate", _SPEND, good="down",
    ),
    RecordedKpi(
        "cost_per_lead", "What it costs", "ratio", "money",
        "Spend of the period for each lead that engaged in it.",
        "observations `spend` / leads", "Salesmate", _SPEND, good="down",
    ),
    RecordedKpi(
        "churn_rate", "Who stays", "ratio", "ratio",
        "Share of the customers at the start of the period that left in it.",
        "customers lost / customers at start", "Salesmate", _CUSTOMERS, good="down",
    ),
    RecordedKpi(
        "retention_rate", "Who stays", "ratio", "ratio",
        "Share of the customers at the start of the period that were still there at its end.",
        "customers kept / customers at start", "Salesmate", _CUSTOMERS,
    ),
    RecordedKpi(
        "revenue_retention", "Who stays", "ratio", "ratio",
        "Share of the monthly recurring revenue at the start of the period that the same customers pay at its end; "
        "gross without what they pay more.",
        "net: MRR at end / MRR at start of the customers at start; gross: at most what each paid", "SaaS usage",
        _CUSTOMERS, of="net, gross", n="1",
    ),
    RecordedKpi(
        "churn_by_cycle_length", "Who stays", "ratio", "ratio",
        "Churn by how long the customer's first deal took to win: do quick closers win customers who leave?",
        "customers lost / customers at start, by band of opened to won", "own", _CUSTOMERS,
        of="length of the first cycle", used="bands {cycle_bands}", good="down",
    ),
    RecordedKpi(
        "won_by_cycle_length", "Who stays", "ratio", "ratio",
        "Share of the closed deals that were won, by how long they took: the length that closes most.",
        "won / (won + lost), by band of opened to closed", "own", _DEALS, of="length of the cycle",
        used="bands {cycle_bands}",
    ),
    RecordedKpi(
        "churn_alarm", "Who stays", "series", "count",
        "Cancellations of a product in the period, beside the usual: the mean of the twelve periods before plus three "
        "standard deviations (meant for weeks).",
        "cancellations > mean + 3 sigma of the 12 before", "own", ("product",),
        parts="mean, limit, alarm (1 where it is over)", n="n", good="down",
    ),
    RecordedKpi(
        "upsell_rate", "Who buys more", "ratio", "ratio",
        "Share of the customers of the period that bought more of what they have in it.",
        "customers with an upsell / customers", "Salesmate", _CUSTOMERS, parts="upsells by product, by tenure",
    ),
    RecordedKpi(
        "cross_sell_rate", "Who buys more", "ratio", "ratio",
        "Share of the customers of the period that bought something else in it.",
        "customers with a cross-sell / customers", "Salesmate", _CUSTOMERS, parts="cross-sells by product, by tenure",
    ),
    RecordedKpi(
        "customer_engagement", "Who buys more", "ratio", "ratio",
        "Share of the customers at the end of the period whom somebody touched not long before.",
        "customers touched within the setting's days before the end / customers", "own", _CUSTOMERS,
        used="touched within {engaged_within}",
    ),
    RecordedKpi(
        "customer_touch_age", "Who buys more", "ratio", "seconds",
        "Mean time since the last touch, of the customers at the end of the period who were ever touched.",
        "sum of (end - last touch) / customers touched", "own", _CUSTOMERS, good="down",
    ),
    RecordedKpi(
        "mrr", "Revenue", "sum", "money",
        "What customers pay each month at the end of the period, by currency.",
        "sum of monthly_recurring of won deals, as renewed, expanded or cancelled since", "SaaS usage", _CUSTOMERS,
        n="1",
    ),
    RecordedKpi(
        "arr", "Revenue", "sum", "money",
        "What customers pay in a year at the rate of the period's end, by currency.",
        "12 x MRR", "SaaS usage", _CUSTOMERS, n="1",
    ),
    RecordedKpi(
        "average_deal_value", "Revenue", "ratio", "money",
        "Mean amount of the deals won in the period, by currency.",
        "amount won / deals won", "Salesmate", _CUSTOMERS,
    ),
    RecordedKpi(
        "customer_lifetime_value", "Revenue", "ratio", "money",
        "What a customer brings while it stays, at the period's rate of churn; nothing where nobody left.",
        "MRR at start x months of the period / customers lost in it", "Salesmate", _CUSTOMERS, n="1",
        used="of revenue, not of margin",
    ),
    RecordedKpi(
        "gross_margin", "Revenue", "ratio", "ratio",
        "Share of the amount won that is left after its cost, over the deals that state one.",
        "(amount - cost) / amount", "Salesmate", _CUSTOMERS, n="1",
    ),
    RecordedKpi(
        "revenue_growth", "Revenue", "ratio", "ratio",
        "Change of what was sold (won, renewed, expanded) against the period before, by currency.",
        "(sold - sold before) / sold before", "Salesmate", _CUSTOMERS, n="n", depth=2,
    ),
    RecordedKpi(
        "sales_volume", "Revenue", "sum", "money",
        "Amount sold in the period: won, renewed and expanded deals, by currency.",
        "sum of amount", "Salesmate", _CUSTOMERS, parts="amount by won, renewed, expanded; units won", n="1",
    ),
    RecordedKpi(
        "forecast", "What is to come", "estimate", "money",
        "Amount to be expected from the deals open now, in the period in which they should close; with an interval.",
        "sum of amount x share won from the deal's stage; closing at stage entry + median time from it to won",
        "tl;dv, Salesmate", _DEALS, parts="low, high: 95 % interval", n="1",
    ),
    RecordedKpi(
        "pipeline_coverage", "What is to come", "ratio", "ratio",
        "How many times the open pipeline covers what is still to be won of the target, in the setting's currency.",
        "open pipeline / (target - won so far)", "Salesmate", _PEOPLE, n="n",
    ),
    RecordedKpi(
        "nps", "What people say", "ratio", "points",
        "Net promoter score, -100 to 100: promoters (9, 10) less detractors (0 to 6), per hundred answers.",
        "100 x (promoters - detractors) / answers", "Reichheld 2003", _SURVEY, parts="promoters, passives, detractors",
    ),
    RecordedKpi(
        "csat", "What people say", "ratio", "ratio",
        "Share of the answers that are satisfied.",
        "answers of at least the setting's / answers", "Salesmate", _SURVEY, used="satisfied from {csat_from}",
    ),
    RecordedKpi(
        "employee_satisfaction", "What people say", "ratio", "points",
        "The same score of employees, -100 to 100: promoters (9, 10) less detractors (0 to 6), per hundred answers.",
        "100 x (promoters - detractors) / answers", "eNPS", _SURVEY, parts="promoters, passives, detractors",
    ),
    RecordedKpi(
        "quota_attainment", "Targets", "ratio", "ratio",
        "What was reached of the targets that stand and begin in the period; 1 is the target. For what should be low, "
        "the target over what was measured.",
        "actual / target", "Salesmate", ("all", "team", "rep"), of="KPI", n="n",
    ),
    RecordedKpi(
        "team_at_quota", "Targets", "ratio", "ratio",
        "Share of the reps with a target that stands and begins in the period who reached it.",
        "reps at target / reps with a target", "Salesmate", ("team", "all"), of="KPI",
    ),
    RecordedKpi(
        "leaderboard", "Targets", "rank", "of the KPI",
        "Who won most, in amount and in deals, and who did most.",
        "amount won; deals won; activities", "Salesmate", ("rep", "team"), of="won_amount, deals_won, activities",
        parts="rank, 1 is first", n="1",
    ),
    RecordedKpi(
        "target_plan", "Targets", "series", "count",
        "What the period's revenue target takes: deals to win, and so opportunities, proposals, demos and calls.",
        "target / mean deal won x share of the deals won by way of the step / share of the step's tries that were won",
        "pyramid", _PEOPLE, of="deals_won, opportunities, proposals, demos, calls",
        parts="share, reach, mean; days from it to won; each: what one unit of money takes; 95 % intervals; reps",
        used="as measured in the 365 days before", n="n", good="down",
    ),
    RecordedKpi(
        "loss_reasons", "Targets", "sum", "count",
        "Deals lost in the period by reason.",
        "deals lost", "Salesmate", _DEALS, of="reason", parts="amount by currency", n="1", good="down",
    ),
    RecordedKpi(
        "benchmark_30_30_50", "Beside the mark", "ratio", "ratio",
        "Messages opened, messages answered, deals won for each positive reply, beside the mark of 30, 30 and 50 %.",
        "opened / delivered; replied / delivered (or sent); won / positive replies", "Salesmate 30/30/50",
        ("all", "team", "rep"), of="open, reply, conversion", parts="mark", used="reply over {reply_over}",
    ),
    RecordedKpi(
        "marginal_gain", "Beside the mark", "series", "ratio",
        "Change of each KPI a week in its good direction, as a share of its mean, and whether it exceeds its noise.",
        "slope of a straight line through the weeks / mean; noise: twice its standard error", "marginal gains",
        ("all", "team", "rep"), of="KPI", parts="mean, exceeds_noise, what 1 % a day makes of 1 in a year", n="n",
    ),
    RecordedKpi(
        "observed", "Measured elsewhere", "folded", "as sent",
        "Whatever was sent to the observations: the sum of what adds up, the mean of everything else.",
        "sum of values, or sum / observations", "yours", _SURVEY, of="name of the observation", n="n",
        used="added up: {observed_sums}",
    ),
    RecordedKpi(
        "observed_ratio", "Measured elsewhere", "ratio", "ratio",
        "Named ratios of two observations: return on ad spend, sell-through, market share, cart abandonment, …",
        "sum of the one / sum of the other, in the same currency or none", "yours", _SURVEY, of="name of the ratio",
        n="n", used="{observed_ratios}",
    ),
)  # fmt: skip

by_name: Final[dict[str, RecordedKpi]] = {kpi.name: kpi for kpi in RECORDED}


class Benchmark(Struct, frozen=True):
    """A mark that others measured or advise, for a line on a chart, and where it is from."""

    kpi: str
    of: str
    mark: float
    citation: str

    @property
    def name(self) -> str:
        """``kpi`` or ``kpi.of``: how the setting names it."""
        return f"{self.kpi}.{self.of}" if self.of else self.kpi


BENCHMARKS: Final = (
    Benchmark("lead_response_time", "", 300, "5 minutes: MIT/InsideSales 2007, six firms, observational"),
    Benchmark("lead_response_time", "responders", 151_200, "42 h: mean of responders, 23 % never answered, HBR 2011"),
    Benchmark("benchmark_30_30_50", "open", 0.30, "30/30/50: Salesmate"),
    Benchmark("benchmark_30_30_50", "reply", 0.30, "30/30/50: Salesmate"),
    Benchmark("benchmark_30_30_50", "conversion", 0.50, "30/30/50: Salesmate"),
)
