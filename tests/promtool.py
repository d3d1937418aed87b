"""Prometheus's own judgement of a text that it is to scrape."""

from __future__ import annotations

import shutil
import subprocess

from prometheus_client.parser import text_string_to_metric_families


def faults(text: bytes) -> list[str]:
    """What ``promtool check metrics`` finds; where it is not installed, what the parser can tell of the same rules."""
    promtool = shutil.which("promtool")
    if promtool is None:
        return _faults(text.decode())
    found = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, timeout=60)
    said = (found.stdout + found.stderr).decode().splitlines()
    return said or [f"promtool ended with {found.returncode}"] * (found.returncode != 0)


def _faults(text: str) -> list[str]:
    found = []
    for family in text_string_to_metric_families(text):
        if not family.documentation:
            found.append(f"{family.name} has no help")
        if family.type == "gauge" and family.name.endswith(("_count", "_sum", "_bucket", "_total")):
            found.append(f"{family.name} is named like a part of something else")
        if family.type == "gauge" and any("quantile" in sample.labels for sample in family.samples):
            found.append(f"{family.name} has quantiles and is no summary")
    return found
