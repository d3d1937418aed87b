"""How Grafana finds the data and the dashboards when it starts: nothing is clicked together."""

from __future__ import annotations

from typing import Any, Final

from deploy.render.grafana.panels import CLICKHOUSE, PROMETHEUS
from deploy.render.yaml import dump

_HEAD: Final = """\
# Written by `salespulse render`: do not edit. What comes from outside: docs/grafana.md.
"""

_SOURCES: Final[dict[str, Any]] = {
    "apiVersion": 1,
    "datasources": [
        {
            "name": "Sales metrics",
            "uid": PROMETHEUS.uid,
            "type": PROMETHEUS.type_val,
            "access": "proxy",
            "url": "$SALESPULSE_PROMETHEUS_URL",
            "isDefault": True,
            "jsonData": {"timeInterval": "15s", "httpMethod": "POST"},
        },
        {
            "name": "Sales history",
            "uid": CLICKHOUSE.uid,
            "type": CLICKHOUSE.type_val,
            "jsonData": {
                "host": "$CLICKHOUSE_HOST",
                "port": "$CLICKHOUSE_PORT",
                "protocol": "http",
                "username": "$CLICKHOUSE_USER",
                "defaultDatabase": "$CLICKHOUSE_DATABASE",
            },
            "secureJsonData": {"password": "$__file{/run/secrets/clickhouse_password}"},
        },
    ],
}
_BOARDS: Final[dict[str, Any]] = {
    "apiVersion": 1,
    "providers": [
        {
            "name": "salespulse",
            "folder": "Sales",
            "type": "file",
            "allowUiUpdates": False,
            "options": {"path": "/etc/grafana/dashboards"},
        }
    ],
}


def files() -> dict[str, str]:
    """``grafana/provisioning/…`` → text."""
    return {
        "grafana/provisioning/datasources/salespulse.yml": _HEAD + dump(_SOURCES),
        "grafana/provisioning/dashboards/salespulse.yml": _HEAD + dump(_BOARDS),
    }
