"""Every alert has its entry in the runbook, and no entry is of an alert that there is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deploy.alerting.test_rules import GROUPS

RUNBOOK = (Path(__file__).parents[3] / "docs/runbook.md").read_text()
ENTRIES = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", RUNBOOK, re.M | re.S))
ALERTS = [rule for group in GROUPS for rule in group["rules"] if "alert" in rule]


def test_alerts_and_entries_are_the_same() -> None:
    assert {rule["alert"] for rule in ALERTS} == set(ENTRIES)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_an_entry_says_what_it_means_what_to_look_at_and_what_to_do(name: str) -> None:
    said = re.findall(r"\*\*(Means\.|Look at|Do\.)\*\*", ENTRIES[name])
    assert said == ["Means.", "Look at", "Do."]


def test_every_alert_says_who_is_told_and_where_to_read_on() -> None:
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("page", "ticket", "none")
        assert "team" in rule["labels"] or "by (policy, team" in rule["expr"]
        assert all(rule["annotations"][text] for text in ("summary", "description"))
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{rule['alert'].lower()}"
