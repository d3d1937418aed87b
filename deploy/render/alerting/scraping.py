"""``prometheus.yml``: what is scraped, which rules are looked at, who is told. All of it on this machine."""

from __future__ import annotations

from typing import Any, Final

JOBS: Final = {
    "salespulse-worker": 6066,
    "salespulse-sink": 9364,
    "salespulse-reconcile": 9365,
    "salespulse-notify": 9105,
}
"""The ports are those of ``SALESPULSE_PORT`` and of the ``--port`` in docs/operating.md and docs/notify.md."""


def prometheus() -> dict[str, Any]:
    """The configuration of Prometheus 2.42 or later."""
    return {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["127.0.0.1:9093"]}]}]},
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for job, port in JOBS.items()
        ],
    }
