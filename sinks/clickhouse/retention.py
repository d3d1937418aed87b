"""How long each table keeps its rows: the settings ``SALESPULSE_KEEP_*``.

Standing facts, targets and KPI rows of 1h and longer are kept, those of windows that the worker has long forgotten
(``SALESPULSE_KEEP_1H`` and the like) too. Events count from when they were stored,
since a backfill may carry records stamped long ago; what this pipeline publishes counts from its publication.
"""

from __future__ import annotations

from typing import Final

from schemas.settings import Settings

_STORED: Final = "stored_at + toIntervalSecond({})"
_WRITTEN: Final = "toDateTime(written_at) + toIntervalSecond({})"
_CLAUSES: Final = {
    "events": ("keep_events", _STORED),
    "observations": ("keep_events", _STORED),
    "kpis": ("keep_fine_windows", f"{_WRITTEN} WHERE window IN ('1m', '5m')"),
    "kpi_revisions": ("keep_revisions", _WRITTEN),
    "sla_events": ("keep_sla_events", _WRITTEN),
    "dead_letters": ("keep_dead_letters", _WRITTEN),
}


def ttl_clauses(settings: Settings) -> dict[str, str]:
    """Table → its TTL expression."""
    return {table: clause.format(getattr(settings, kept) // 1000) for table, (kept, clause) in _CLAUSES.items()}
