"""Alerts on service levels: budgets that burn too fast, hot leads that wait, a team far behind the others."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from deploy.promises import in_force
from deploy.render.alerting.rules import Alert, Rule, Severity, group, record
from schemas.policy import Policy, PolicyFile

BUDGET_DAYS: Final = 30
"""The budget is what may be breached in so many days. To the textbook a day has 24 hours: see docs/alerts.md."""
CAP: Final = 0.8
"""No threshold asks for more than this share of clocks breached: at an objective of 0.9 all of them burn 10 times."""
LEAST_DUE: Final = 10
"""With fewer clocks due in the long window nothing is said of a rate."""
LEAST_BREACHED: Final = 5
"""With fewer breaches in a day no team is called worse than the rest."""

_HOURS: Final = {"5m": 1 / 12, "30m": 0.5, "1h": 1, "2h": 2, "6h": 6, "1d": 24, "3d": 72}


class Burn(NamedTuple):
    """Tell when ``share`` of the budget burns within the long window, and the short one does not say it is over."""

    severity: Severity
    share: float
    short: str
    long: str

    def threshold(self, objective: float) -> float:
        """The burn rate from which to tell: 2 % of 30 days within an hour are 14.4, or what the cap leaves of it."""
        textbook = self.share * BUDGET_DAYS * 24 / _HOURS[self.long]
        return round(min(textbook, CAP / (1 - objective)), 4)


BURNS: Final = (
    Burn("page", 0.02, "5m", "1h"),
    Burn("page", 0.05, "30m", "6h"),
    Burn("ticket", 0.10, "2h", "1d"),
    Burn("ticket", 0.10, "6h", "3d"),
)


def groups(file: PolicyFile) -> list[dict[str, Any]]:
    """One group of what all policies share, then one of each policy as its newest version has it."""
    return [_shared(), *(_of(policy) for policy in in_force(file))]


def _shared() -> dict[str, Any]:
    return group("sales-clocks", *(_standing(name) for name in ("due", "breached")))


def _standing(name: str) -> Rule:
    """Of all workers: each has the series of its partitions, and of teams beyond the most a share."""
    return record(f"sales:sla_{name}", f"sum by (policy, team, window) (sales_sla_{name})")


def _of(policy: Policy) -> dict[str, Any]:
    alerts = [_burning(policy, burn) for burn in BURNS] + [_behind(policy)]
    if policy.clock == "first_response" and "hot" in (policy.when.temperature or ()):
        alerts.append(_waiting(policy))
    return group(f"sales-clocks-{policy.name}", _burn_rate(policy), *alerts)


def _burn_rate(policy: Policy) -> Rule:
    """Absent where nothing was due: of nothing there is no rate."""
    of = f'{{policy="{policy.name}"}}'
    expr = f"sales:sla_breached{of} / (sales:sla_due{of} > 0) / {_budget(policy):g}"
    return record("sales:sla_burn_rate", expr, policy=policy.name)


def _burning(policy: Policy, burn: Burn) -> Alert:
    threshold = burn.threshold(policy.objective)
    short, long = (f'{{policy="{policy.name}", window="{window}"}}' for window in (burn.short, burn.long))
    return Alert(
        name=f"SalesBurnRate{burn.severity.title()}",
        severity=burn.severity,
        expr=(
            f"sales:sla_burn_rate{long} > {threshold:g}\n"
            f"unless on (policy, team) sales:sla_burn_rate{short} <= {threshold:g}\n"
            f"and on (policy, team) sales:sla_due{long} >= {LEAST_DUE}"
        ),
        by=("policy", "team", "window"),
        until=f"sales:sla_due{long}",
        labels={"policy": policy.name, "window": burn.long},
        summary=f"{policy.name}: too many deadlines missed by {{{{ $labels.team }}}} within {burn.long}",
        text=(
            f"Of the clocks due in the last {burn.long} so many were breached that the budget of "
            f"{_budget(policy):.0%} burns {{{{ $value | humanize }}}} times as fast as it may; "
            f"told from {threshold:g} times on."
        ),
    )


def _behind(policy: Policy) -> Alert:
    due, breached = (f'sales:sla_{name}{{policy="{policy.name}", window="1d", team!="all"}}' for name in _PAIR)
    all_due, all_breached = (f'sales:sla_{name}{{policy="{policy.name}", window="1d", team="all"}}' for name in _PAIR)
    rest = "on (policy, window) group_right"
    return Alert(
        name="SalesTeamBehind",
        severity="ticket",
        expr=(
            f"{breached} / {due}\n"
            f"> on (policy, team, window) 2 * ({all_breached} - {rest} {breached})"
            f" / ({all_due} - {rest} {due} > 0)\n"
            f"and on (policy, team) {breached} / {due} > {_budget(policy):g}\n"
            f"and on (policy, team) {breached} >= {LEAST_BREACHED}\n"
            f"and on (policy, team) {due} >= {LEAST_DUE}"
        ),
        by=("policy", "team", "window"),
        until=due,
        labels={"policy": policy.name, "window": "1d"},
        summary=f"{policy.name}: {{{{ $labels.team }}}} misses far more deadlines than the other teams",
        text="It missed {{ $value | humanizePercentage }} of those of the last day, over twice what the others did.",
    )


_PAIR: Final = ("due", "breached")


def _waiting(policy: Policy) -> Alert:
    overdue = f'max by (policy, team) (sales_sla_oldest_overdue_seconds{{policy="{policy.name}", team!="all"}})'
    return Alert(
        name="SalesHotLeadWaiting",
        severity="page",
        expr=f"{overdue} > 0",
        by=("policy", "team"),
        until=overdue,
        labels={"policy": policy.name},
        summary=f"{policy.name}: a hot lead of {{{{ $labels.team }}}} waits past its target of {policy.target}",
        text="The longest waiting one should have been answered {{ $value | humanizeDuration }} ago, and was not yet.",
    )


def _budget(policy: Policy) -> float:
    return round(1 - policy.objective, 6)
