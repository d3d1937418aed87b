"""Rules ask for nothing that nobody tells: a name that is spelt otherwise would be an alert that never fires."""

from __future__ import annotations

import re

from prometheus_client import CollectorRegistry

from schemas.settings import Settings
from sinks.clickhouse import metrics as of_sink
from sinks.notify import metrics as of_notify
from sinks.prometheus import Metrics
from tests.deploy.alerting.test_rules import GROUPS

PARTS = ("_total", "_bucket", "_count", "_sum")
RULES = [rule for group in GROUPS for rule in group["rules"]]


def asked(kind: str) -> set[str]:
    """Names in all expressions, the parts of counters and histograms as the whole."""
    found = {name for rule in RULES for name in re.findall(rf"\b{kind}\w+", rule["expr"])}
    return {re.sub(rf"({'|'.join(PARTS)})$", "", name) for name in found}


def told(*registries: CollectorRegistry) -> set[str]:
    return {family.name for registry in registries for family in registry.collect()}


def test_every_metric_that_rules_ask_for_is_one_of_ours() -> None:
    worker = Metrics(Settings(_env_file=None), lambda policy, team, at: [at])
    others = of_sink.Metrics(), of_sink.Differences(), of_notify.Metrics()
    assert asked("sales_") <= told(worker.registry, *(each.registry for each in others))
    assert "sales_sla_due" in asked("sales_")


def test_every_recorded_series_is_asked_for_and_every_one_asked_for_is_recorded() -> None:
    assert {rule["record"] for rule in RULES if "record" in rule} == asked("sales:")
