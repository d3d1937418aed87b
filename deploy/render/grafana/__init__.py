"""What Grafana is given: dashboards, and where it finds them and the data, written from catalogue and policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from deploy.policy_check import EXAMPLE, check
from deploy.render.grafana import floor, funnel, health, lead_lists, levels, provisioning, reps
from deploy.render.grafana.panels import CLICKHOUSE, Row, placed
from deploy.render.grafana.variables import VARIABLES
from schemas.policy import PolicyFile

TAG: Final = "salespulse"
SCHEMA: Final = 41


class Board(NamedTuple):
    """A dashboard: its rows follow from the policies, ``variables`` are keys of ``VARIABLES``."""

    uid: str
    title: str
    description: str
    rows: Callable[[PolicyFile], list[Row]]
    variables: tuple[str, ...]
    since: str
    refresh: str


BOARDS: Final = (
    Board(
        "floor", "Sales floor now",
        "Who waits, how fast answers are: for a screen on the wall.",
        floor.rows, ("team", "temperature", "window"), "now-6h", "10s",
    ),
    Board(
        "levels", "Service levels",
        "What was promised, what was kept, how fast the budget for misses is used.",
        levels.rows, ("team", "trailing", "days"), "now-7d", "1m",
    ),
    Board(
        "funnel", "Funnel and pipeline",
        "From lead to deal: what is open, what is to come, where deals get stuck.",
        funnel.rows, ("team", "days"), "now-30d", "5m",
    ),
    Board(
        "reps", "Reps and targets",
        "Who is where on the way to the target, and where coaching would help.",
        reps.rows, ("scope", "rep"), "now-30d", "5m",
    ),
    Board(
        "health", "Pipeline health",
        "Whether the numbers can be believed: what is behind, what was refused, what differs.",
        health.rows, (), "now-3h", "30s",
    ),
    Board(
        "leads", "Leads",
        "The leads behind a number; of one of them what happened and how its clocks stand.",
        lead_lists.rows, ("show", "team", "rep", "temperature", "lead"), "now-7d", "",
    ),
)  # fmt: skip

_POLICY_CHANGES: Final = """\
SELECT min(at) AS time, concat(policy, ' v', JSONExtractString(body, 'version')) AS text, 'policy' AS tags
FROM sla_once
WHERE name = 'sla.started'
GROUP BY text
HAVING time >= $__fromTime AND time < $__toTime"""
_BACKFILLS: Final = """\
SELECT toStartOfInterval(received_at, INTERVAL 15 MINUTE) AS time,
    concat(toString(count()), ' events came that were older than a day') AS text, 'backfill' AS tags
FROM events
WHERE received_at > events.time + INTERVAL 1 DAY AND received_at >= $__fromTime AND received_at < $__toTime
GROUP BY time
HAVING count() >= 100"""


def files() -> dict[str, str]:
    """Path → text of the files of the repository, which follow the example policies."""
    return {f"deploy/{path}": text for path, text in files_of(check(EXAMPLE)[0]).items()}


def files_of(policies: PolicyFile) -> dict[str, str]:
    """``grafana/…`` → text: what Grafana is provisioned with for these policies."""
    boards = {f"grafana/dashboards/{board.uid}.json": _text(board, policies) for board in BOARDS}
    return boards | provisioning.files()


def _text(board: Board, policies: PolicyFile) -> str:
    made: dict[str, Any] = json.loads(json.dumps(_made(board, policies).build(), cls=JSONEncoder))
    made["schemaVersion"] = SCHEMA
    made["annotations"] = {"list": _annotations()}
    # Grafana expects the list, also of a dashboard without any.
    made["templating"].setdefault("list", [])
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _made(board: Board, policies: PolicyFile) -> dashboard.Dashboard:
    made = dashboard.Dashboard(board.title).uid(f"{TAG}-{board.uid}").tags([TAG]).description(board.description)
    made = made.timezone("browser").time(board.since, "now").readonly()
    if board.refresh:
        made = made.refresh(board.refresh)
    for name in board.variables:
        made = made.with_variable(VARIABLES[name]())
    others = dashboard.DashboardLink("salespulse").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    made = made.link(others.as_dropdown(True).keep_time(True).include_vars(True))
    return placed(made, board.rows(policies))


def _annotations() -> list[dict[str, Any]]:
    """The SDK has no queries of a plugin here. Deploys are told by whoever deploys: docs/grafana.md shows how."""
    queries = {"Policy changes": (_POLICY_CHANGES, "purple"), "Backfills": (_BACKFILLS, "orange")}
    asked = [
        {
            "name": name,
            "datasource": CLICKHOUSE.to_json(),
            "enable": True,
            "iconColor": colour,
            "target": {"refId": "A", "editorType": "sql", "queryType": "table", "format": 1, "rawSql": text},
        }
        for name, (text, colour) in queries.items()
    ]
    deploys = {
        "name": "Deploys",
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "iconColor": "blue",
        "target": {"type": "tags", "tags": [TAG, "deploy"], "matchAny": False, "limit": 100},
    }
    return [*asked, deploys]
