"""Rules of Prometheus, and what all alerts have in common: labels, runbook, and that silence resolves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

Rule = dict[str, Any]
Severity = Literal["page", "ticket", "none"]

OPERATIONS: Final = "operations"
"""The team of alerts about the pipeline itself."""
RUNBOOK: Final = "docs/runbook.md"
PARTS: Final = {
    "worker": "count(count by (partition) (sales_watermark_seconds))",
    "sink": "count(count by (topic) (sales_sink_lag_records))",
    "notify": "count(count by (partition) (sales_notify_lag_records))",
    "reconcile": "count(sales_reconcile_last_time_seconds > 0)",
}
"""How much there is of each part of the pipeline; no series while it is away."""

_STEADY: Final = "15m"

_STANDS: Final = "No data comes any more: this is how it stood when there was some."


class Alert(NamedTuple):
    """An alert whose expression yields series of the labels ``by``; ``text`` describes what is, ``value`` the number.

    ``until`` is the data: while it has no series of the same labels, an alert that fires goes on firing, unless its
    ``part`` of the pipeline has been there as a whole for a while, and just this series is not any more. Groups are
    looked at in no order: in the turn a worker comes back, what is recorded of it may not be there yet.
    """

    name: str
    severity: Severity
    expr: str
    summary: str
    text: str
    by: tuple[str, ...] = ()
    until: str | None = None
    part: str = "worker"
    wait: str | None = None
    labels: Mapping[str, str] = {}

    def rule(self) -> Rule:
        """As Prometheus reads it. A team among ``by`` is the one that is told, else it is operations."""
        team = {} if "team" in self.by else {"team": OPERATIONS}
        return {
            "alert": self.name,
            "expr": self.expr if self.until is None else self._held(self.until),
            **({} if self.wait is None else {"for": self.wait}),
            "labels": {"severity": self.severity, **team, **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.text if self.until is None else self._description(),
                "runbook_url": f"{RUNBOOK}#{self.name.lower()}",
            },
        }

    def _held(self, until: str) -> str:
        by, present = ", ".join(self.by), f'sales:present{{part="{self.part}"}}[{_STEADY}]'
        fixed = "".join(f', {name}="{value}"' for name, value in self.labels.items())
        firing = f'ALERTS{{alertname="{self.name}", alertstate="firing"{fixed}}}'
        return "\n".join(
            [
                "(",
                *(f"  {line}" for line in self.expr.split("\n")),
                ") or (",
                f"  -1 * max by ({by}) ({firing})",
                f"  unless on ({by}) {until}",
                "  unless on () (",
                f"    {PARTS[self.part]} >= on () max_over_time({present})",
                f"    and on () min_over_time({present}) >= on () max_over_time({present}) > 0",
                "  )",
                ")",
            ]
        )

    def _description(self) -> str:
        return f"{{{{ if lt $value 0.0 }}}}{_STANDS}{{{{ else }}}}{self.text}{{{{ end }}}}"


def record(name: str, expr: str, **labels: str) -> Rule:
    """A series that is computed from others."""
    return {"record": name, "expr": expr, **({"labels": labels} if labels else {})}


def group(name: str, *rules: Rule | Alert, interval: str | None = None) -> dict[str, Any]:
    """Rules that are looked at one after the other."""
    made = [each.rule() if isinstance(each, Alert) else each for each in rules]
    return {"name": name, **({} if interval is None else {"interval": interval}), "rules": made}
