"""Alertmanager's configuration: who is told of what, what is told together, and what goes without saying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

import orjson

from deploy.render.alerting.pipeline import AWAY, HEARTBEAT
from schemas.policy import PolicyFile

Receiver = dict[str, Any]

_PAGE: Final = 'severity="page"'
_KINDS: Final = ("page", "ticket")
_RELAY: Final = "http://127.0.0.1:9099"
"""Where the example sends to: nothing leaves the machine until somebody says where to."""


def routing(file: PolicyFile, receiver: Callable[[str], Receiver]) -> dict[str, Any]:
    """Pages and tickets of each team by themselves; ``receiver`` makes one of its name."""
    teams = _teams(file)
    names = [*_KINDS, *(f"{team}-{kind}" for team in teams for kind in _KINDS), "heartbeat"]
    return {
        "route": {
            "receiver": "ticket",
            "group_by": ["team", "severity", "alertname", "policy"],
            "group_wait": "10s",
            "group_interval": "1m",
            "repeat_interval": "4h",
            "routes": [_heartbeat(), *map(_team, teams), {"matchers": [_PAGE], "receiver": "page"}],
        },
        "inhibit_rules": _INHIBITED,
        "receivers": [{"name": name, **receiver(name)} for name in names],
    }


def webhooks(name: str) -> Receiver:
    """Alertmanager's own JSON, to a path of the relay that is the receiver's name."""
    return {"webhook_configs": [{"url": f"{_RELAY}/{quote(name, safe='')}", "send_resolved": name != "heartbeat"}]}


def chats(name: str) -> Receiver:
    """A chat that accepts what Slack does. Its address is a secret, and read from a file beside the configuration."""
    if name == "heartbeat":
        return webhooks(name)
    return {"slack_configs": [{"api_url_file": f"secrets/{quote(name, safe='')}", "send_resolved": True, **_WORDS}]}


def _teams(file: PolicyFile) -> list[str]:
    told = [team for audience in file.audiences.values() for team in audience.teams]
    judged = [team for policy in file.policies for team in policy.when.team or ()]
    return sorted({*file.teams, *told, *judged})


def _team(team: str) -> dict[str, Any]:
    return {
        "matchers": [f"team={orjson.dumps(team).decode()}"],
        "receiver": f"{team}-ticket",
        "routes": [{"matchers": [_PAGE], "receiver": f"{team}-page"}],
    }


def _heartbeat() -> dict[str, Any]:
    return {
        "matchers": [f'alertname="{HEARTBEAT}"'],
        "receiver": "heartbeat",
        "group_wait": "0s",
        "repeat_interval": "1m",
    }


_INHIBITED: Final = [
    # While nobody watches, what is said of leads is old.
    {
        "source_matchers": [f'alertname="{AWAY}"'],
        "target_matchers": [f'alertname!~"{AWAY}|{HEARTBEAT}"'],
    },
    # Who is paged for a policy needs no ticket for it.
    {
        "source_matchers": [_PAGE, 'policy=~".+"'],
        "target_matchers": ['severity="ticket"', 'policy=~".+"'],
        "equal": ["team", "policy"],
    },
]
_WORDS: Final = {
    "title": "{{ .Status | toUpper }} {{ .CommonLabels.severity }}: {{ .CommonLabels.alertname }}",
    "text": "{{ range .Alerts }}{{ .Annotations.summary }}. {{ .Annotations.description }}"
    " ({{ .Annotations.runbook_url }})\n{{ end }}",
}
