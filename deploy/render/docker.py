"""``deploy/docker/prometheus.yml``: what Prometheus is given in the containers of ``compose.yaml``."""

from __future__ import annotations

from deploy.render.alerting.scraping import in_containers
from deploy.render.yaml import dump

_HEAD = "# Written by `salespulse render`: do not edit. For the services of compose.yaml.\n"


def files() -> dict[str, str]:
    """The file's path → its text."""
    return {"deploy/docker/prometheus.yml": _HEAD + dump(in_containers())}
