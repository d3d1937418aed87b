"""What the manifests of ``deploy/kubernetes`` take from elsewhere: the policies, and the rules that follow."""

from __future__ import annotations

from deploy.policy_check import EXAMPLE, check
from deploy.render.alerting import pipeline, service_levels
from deploy.render.yaml import dump

_FOLDER = "deploy/kubernetes"
_HEAD = "# Written by `salespulse render` from deploy/policies/example.toml: do not edit.\n"


def files() -> dict[str, str]:
    """Path → text."""
    policies = check(EXAMPLE)[0]
    rules = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "salespulse"},
        "spec": {"groups": [*service_levels.groups(policies), *pipeline.groups(policies)]},
    }
    return {
        f"{_FOLDER}/base/policies.toml": EXAMPLE.read_text(encoding="utf-8"),
        f"{_FOLDER}/overlays/production/rules.yaml": _HEAD + dump(rules),
    }
