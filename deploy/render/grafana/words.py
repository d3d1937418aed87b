"""What panels have in common: descriptions from the catalogues, filters of the variables, links, marks."""

from __future__ import annotations

from typing import Final

from deploy.promises import seconds
from deploy.render.grafana.panels import GREEN, RED, YELLOW, Link, Panel, Query, Steps, promql
from deploy.render.recorded_kpis import settings_named
from schemas import catalogue, recorded_kpis
from schemas.policy import Policy

UNITS: Final = {"ratio": "percentunit", "seconds": "s"}
"""Unit of a catalogue → that of Grafana; anything else is a plain number."""

OF_TEAMS: Final = "grouping IN ('all', 'team') AND if(grouping = 'all', 'all', team) IN (${team:singlequote})"
"""The rows of the teams chosen, ``all`` being everybody: a ratio of all is no sum of ratios."""
WHO: Final = "if(grouping = 'all', 'all', team)"
"""Whose such a row is."""
MONEY: Final = f"concat({WHO}, ' ', JSONExtractString(dimensions, 'currency'))"
"""Whose it is, and in which currency: amounts in two are never added."""
IN_RANGE: Final = "start >= $__fromTime AND start < $__toTime"
ASKED: Final = "from = '${__from:date:iso}', to = '${__to:date:iso}'"
"""The parameters of a recorded KPI's view for the dashboard's range."""


def meaning(kpi: str) -> str:
    """Definition, formula and the settings that decide it, of a streamed or a recorded KPI."""
    found = catalogue.by_name.get(kpi) or recorded_kpis.by_name[kpi]
    used = f" Counted: {settings_named(found.used)}." if found.used else ""
    return f"{found.definition} ({kpi}: {found.formula}.){used}"


def unit(kpi: str) -> str:
    """Grafana's unit of a KPI."""
    found = catalogue.by_name.get(kpi) or recorded_kpis.by_name[kpi]
    return UNITS.get(found.unit, "short")


def quantile(kpi: str, share: str, legend: str = "{{team}}") -> Query:
    """A quantile of a duration in the last whole window, of each team chosen."""
    labels = f'kpi="{kpi}", window="$window", team=~"$team", quantile="{share}"'
    return promql(f"max by (team) (sales_kpi_seconds{{{labels}}})", legend)


def ratio(kpi: str, window: str = "$window") -> Query:
    """A ratio or mean in the last whole window, of each team chosen."""
    return promql(f'max by (team) (sales_kpi_ratio{{kpi="{kpi}", window="{window}", team=~"$team"}})', "{{team}}")


def number(kpi: str, window: str = "$window") -> Query:
    """A count in the last whole window, of each team chosen."""
    return promql(f'max by (team) (sales_kpi_count{{kpi="{kpi}", window="{window}", team=~"$team"}})', "{{team}}")


def waiting(how: str, metric: str, temperature: str) -> str:
    """PromQL of open leads by team and temperature, for everybody too: there is only one series of all of them."""
    of = f'{metric}{{temperature=~"{temperature}", team!="all"}}'
    everybody = f'label_replace({how} by (temperature) ({of}), "team", "all", "", "")'
    chosen = 'group by (team) (sales_open_leads{team=~"$team"})'
    return f"({how} by (temperature, team) ({of}) or {everybody}) and on (team) {chosen}"


def leads(show: str, *variables: str) -> Link:
    """To the leads behind a number, for the same range and the same choice."""
    chosen = "".join(f"&${{{name}:queryparam}}" for name in variables)
    return Link("The leads behind it", f"/d/salespulse-leads?${{__url_time_range}}&var-show={show}{chosen}")


def one_lead(column: str = "lead") -> Link:
    """From a lead in a table to what happened to it, and why its clocks stand as they do."""
    url = "/d/salespulse-leads?${__url_time_range}&var-lead=${__value.text}"
    return Link("What happened to it", url, column)


def up_to(policy: Policy | None) -> Steps:
    """Green until the policy's first warning, red from its target on; no colours without a policy."""
    if policy is None:
        return ()
    target = seconds(policy)
    warned = (round(min(policy.warn_at) * target, 3), YELLOW) if policy.warn_at else (target, RED)
    return ((None, GREEN), warned, (target, RED))


def none_is_good() -> Steps:
    """Green at nothing, red from one on."""
    return ((None, GREEN), (1, RED))


def clocks_now() -> tuple[Panel, Panel]:
    """How many clocks run past a warning, and how many past their deadline."""
    return (
        Panel(
            "At risk", "stat", meaning("sla_at_risk"), (number("sla_at_risk", "now"),),
            width=5, steps=((None, GREEN), (1, YELLOW)), links=(leads("at_risk", "team"),),
        ),
        Panel(
            "Breached", "stat", meaning("sla_breached"), (number("sla_breached", "now"),),
            width=5, steps=none_is_good(), links=(leads("breached", "team"),),
        ),
    )  # fmt: skip


def data_as_of() -> Panel:
    """How far event time has come: what is later is not in any number beside."""
    return Panel(
        "Data as of",
        "stat",
        "The event time that every partition has reached: all numbers of this page are as of then, or of the last "
        "whole window before. The clock of a partition waits for what it has not read yet.",
        (promql("min(max by (partition) (sales_watermark_seconds)) * 1000"),),
        "dateTimeFromNow",
        4,
    )
