"""The choices at the top of a dashboard, by the name that queries have for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import VariableModel, VariableOption, VariableRefresh, VariableSort

from deploy.render.grafana.lead_lists import SHOWN
from deploy.render.grafana.panels import CLICKHOUSE, PROMETHEUS
from schemas.catalogue import TRAILING

TEAMS: Final = "label_values(sales_open_leads, team)"
REPS: Final = "SELECT DISTINCT rep FROM kpis WHERE grouping = 'rep' ORDER BY rep"

Variable = Builder[VariableModel]


def _chosen(*values: str) -> VariableOption:
    return VariableOption(True, list(values), list(values))


def _custom(name: str, label: str, values: Sequence[str], first: str) -> dashboard.CustomVariable:
    variable = dashboard.CustomVariable(name).label(label).values(",".join(values))
    options = [VariableOption(value == first, value, value) for value in values]
    return variable.options(options).current(VariableOption(True, first, first))


def _team() -> Variable:
    """``all`` is a value of the label: the row of everybody, not every team."""
    variable = dashboard.QueryVariable("team").label("Team").datasource(PROMETHEUS).multi(True)
    asked: dict[str, object] = {"query": TEAMS, "refId": "team"}
    asked_when = variable.query(asked).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    return asked_when.sort(VariableSort.ALPHABETICAL_ASC).current(_chosen("all"))


def _rep() -> Variable:
    variable = dashboard.QueryVariable("rep").label("Rep").datasource(CLICKHOUSE).multi(True).include_all(True)
    asked: dict[str, object] = {"rawSql": REPS, "query": REPS, "refId": "rep"}
    everybody = VariableOption(True, ["All"], ["$__all"])
    return variable.query(asked).refresh(VariableRefresh.ON_DASHBOARD_LOAD).current(everybody)


def _temperature() -> Variable:
    values = ("hot", "warm", "cold", "unknown")
    variable = dashboard.CustomVariable("temperature").label("Temperature").values(",".join(values))
    options = [VariableOption(False, value, value) for value in values]
    everything = VariableOption(True, ["All"], ["$__all"])
    return variable.options(options).multi(True).include_all(True).current(everything)


VARIABLES: Final[dict[str, Callable[[], Variable]]] = {
    "team": _team,
    "rep": _rep,
    "temperature": _temperature,
    "window": lambda: _custom("window", "Window", ("5m", "1h", "current", "1d"), "1h"),
    "days": lambda: _custom("window", "Window", ("1h", "1d"), "1d"),
    "trailing": lambda: _custom("trailing", "Last business time", TRAILING, "1d"),
    "scope": lambda: _custom("scope", "Targets of", ("all", "team", "rep"), "team").multi(True),
    "show": lambda: _custom("show", "Show", tuple(SHOWN), "waiting"),
    "lead": lambda: dashboard.TextBoxVariable("lead").label("Lead"),
}
"""What a dashboard names → the variable; ``days`` is the window where there are no shorter ones."""
