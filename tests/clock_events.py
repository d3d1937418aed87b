"""Clock events for tests, as they stand on ``sales.sla``."""

from __future__ import annotations

from typing import Any

from schemas.events import Millis
from schemas.results import SlaEvent, timestamp

NINE: Millis = 1_772_442_000_000
"""Monday, 2026-03-02, 09:00 UTC: ten o'clock in Berlin."""


def clock_event(name: str = "breached", step: str = "", lead: str = "lead-1", **changed: Any) -> SlaEvent:
    """An event of the first response to a lead of r-1 in emea, by policy p@1, told to ``reps``; ``at`` is five past."""
    clock = f"first_response/leads/{lead}/crm/e-1"
    fields: dict[str, Any] = {
        "name": f"sla.{name}",
        "identity": f"{clock}/p@1/{name}{':' if step else ''}{step}",
        "lead": lead,
        "clock": clock,
        "kind": "first_response",
        "policy": "p@1",
        "step": step,
        "at": timestamp(NINE + 300_000),
        "started_at": timestamp(NINE),
        "due_at": timestamp(NINE + 300_000),
        "stopped_at": None,
        "owner": "r-1",
        "responsible": "r-1",
        "team": "emea",
        "temperature": "hot",
        "source": "web",
        "tell": "reps",
        "reason": None,
        "evidence": None,
        "elapsed_seconds": 300.0,
        "business_seconds": 240.0,
        "paused_seconds": 0.0,
        "late_seconds": None,
        "late_business_seconds": None,
        "steps": (),
    }
    return SlaEvent(**fields | changed)
