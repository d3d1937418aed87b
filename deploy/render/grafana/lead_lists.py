"""*Leads*: the leads behind a number, and of one of them what happened and how its clocks stand."""

from __future__ import annotations

from typing import Final

from deploy.render.grafana.panels import Link, Panel, Row, sql
from deploy.render.grafana.words import one_lead
from schemas.policy import PolicyFile

SHOWN: Final = {
    "waiting": "open AND first_touch_at IS NULL",
    "at_risk": "lead IN (SELECT lead FROM clocks WHERE latest = 'sla.at_risk')",
    "breached": "lead IN (SELECT lead FROM clocks WHERE latest IN ('sla.breached', 'sla.escalated'))",
    "engaged": "engaged_at >= $__fromTime AND engaged_at < $__toTime",
}
"""What can be shown → the leads that it is."""


def rows(file: PolicyFile) -> list[Row]:
    """The list, then the one that was clicked on."""
    notify = file.notify
    pages = tuple(
        Link(name, url.replace("{lead}", "${__value.text}"), "lead")
        for name, url in (("Its page", notify.lead_url), ("In the CRM", notify.crm_url))
        if url
    )
    return [
        Row(
            "Leads",
            12,
            (
                Panel(
                    "$show", "table",
                    "Waiting: not touched, not closed. At risk and breached: a clock of theirs runs past its warning, "
                    "or past its deadline. Engaged: in the range.",
                    (sql(_list()),), width=24, links=(one_lead(), *pages), units={"response_seconds": "s"},
                ),
            ),
        ),
        Row(
            "Lead $lead",
            10,
            (
                Panel(
                    "What happened", "table",
                    "Its events as they are recorded. How each was read, line by line: salespulse explain.",
                    (sql(_EVENTS),), width=12,
                ),
                Panel(
                    "Its clocks", "table", "What was announced of each of its clocks, by policy and version.",
                    (sql(_CLOCKS),), width=12, units={"business_seconds": "s", "late_seconds": "s"},
                ),
            ),
        ),
    ]  # fmt: skip


def _list() -> str:
    which = "\n    OR ".join(f"${{show:singlequote}} = '{name}' AND {leads}" for name, leads in SHOWN.items())
    return f"""\
WITH clocks AS (SELECT lead, clock, argMax(name, (at, revision, identity)) AS latest FROM sla_once GROUP BY lead, clock)
SELECT lead, team, owner, temperature, source, engaged_at, first_touch_at, response_seconds, touches, replies, stage
FROM leads_latest
WHERE qualified
    AND ('all' IN (${{team:singlequote}}) OR team IN (${{team:singlequote}}))
    AND owner IN (${{rep:singlequote}})
    AND temperature IN (${{temperature:singlequote}})
    AND ({which})
ORDER BY engaged_at
LIMIT 1000"""


_EVENTS: Final = """\
SELECT time, type, source, rep, team, JSONExtractRaw(body, 'data') AS data
FROM events_once
WHERE subject = ${lead:singlequote}
ORDER BY time
LIMIT 1000"""

_CLOCKS: Final = """\
SELECT at, name, step, concat(policy, ' v', JSONExtractString(body, 'version')) AS judged_by,
    JSONExtractString(body, 'due_at') AS due_at, JSONExtractString(body, 'reason') AS reason,
    JSONExtractFloat(body, 'business_seconds') AS business_seconds,
    JSONExtract(body, 'late_seconds', 'Nullable(Float64)') AS late_seconds, clock
FROM sla_once
WHERE lead = ${lead:singlequote}
ORDER BY at, revision
LIMIT 1000"""
