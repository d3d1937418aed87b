"""``prometheus.yml``: what is scraped, which rules are looked at, who is told, on this machine or in containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

JOBS: Final = {
    "salespulse-worker": 6066,
    "salespulse-sink": 9364,
    "salespulse-reconcile": 9365,
    "salespulse-notify": 9105,
}
"""The ports are those of ``SALESPULSE_PORT`` and of the ``--port`` in docs/operating.md and docs/notify.md."""


IN_CONTAINERS: Final = {
    "salespulse-worker": ["worker-1:6066", "worker-2:6066"],
    "salespulse-sink": ["sink:9364"],
}
"""The same by the names of services in ``deploy/docker/compose.yaml``; the others do not run there."""


def prometheus() -> dict[str, Any]:
    """The configuration of Prometheus 2.42 or later, for this machine."""
    return _scraping({job: [f"127.0.0.1:{port}"] for job, port in JOBS.items()}, "127.0.0.1:9093")


def in_containers() -> dict[str, Any]:
    """The same for the services of ``deploy/docker/compose.yaml``."""
    return _scraping(IN_CONTAINERS, "alertmanager:9093")


def _scraping(targets: Mapping[str, list[str]], alertmanager: str) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": job, "static_configs": [{"targets": found}]} for job, found in targets.items()],
    }
