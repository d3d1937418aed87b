"""What Prometheus and Alertmanager are given: rules, scrapes and routes, written from the policies."""

from __future__ import annotations

from typing import Final

from deploy.policy_check import EXAMPLE, check
from deploy.render.alerting import pipeline, scraping, service_levels
from deploy.render.alerting.routing import chats, routing, webhooks
from deploy.render.yaml import dump
from schemas.policy import PolicyFile

_HEAD: Final = """\
# Written by `salespulse render` from {origin}: do not edit.
# What each alert means and what to do is in docs/runbook.md, how to wire it up in docs/alerts.md.
"""


def files() -> dict[str, str]:
    """Path → text of the files of the repository, which follow the example policies."""
    return {
        f"deploy/{path}": text for path, text in files_of(check(EXAMPLE)[0], "deploy/policies/example.toml").items()
    }


def files_of(policies: PolicyFile, origin: str) -> dict[str, str]:
    """``prometheus/…`` and ``alertmanager/…`` → text; ``origin`` is what the files say that they were written from."""
    wanted = {
        "prometheus/prometheus.yml": scraping.prometheus(),
        "prometheus/rules/service-levels.yml": {"groups": service_levels.groups(policies)},
        "prometheus/rules/pipeline.yml": {"groups": pipeline.groups(policies)},
        "alertmanager/alertmanager.yml": routing(policies, webhooks),
        "alertmanager/alertmanager.chat.yml": routing(policies, chats),
    }
    return {path: _HEAD.format(origin=origin) + dump(value) for path, value in wanted.items()}
