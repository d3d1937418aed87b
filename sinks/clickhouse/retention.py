"""How long each table keeps its rows: environment variables ``SALESPULSE_KEEP_*``."""

from __future__ import annotations

from typing import Final

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.settings import Duration, millis


class Retention(BaseSettings):
    """Durations written ``90d``; standing facts, targets and KPI rows of 1h and longer are kept.

    Events count from when they were stored, since a backfill may carry records stamped long ago; what
    this pipeline publishes counts from its publication.
    """

    model_config = SettingsConfigDict(env_prefix="SALESPULSE_KEEP_", env_file=".env", extra="ignore", frozen=True)

    events: Duration = Field(millis("730d"), description="events and observations in ClickHouse")
    fine_windows: Duration = Field(millis("90d"), description="KPI rows of the windows 1m and 5m in ClickHouse")
    revisions: Duration = Field(millis("90d"), description="the history of KPI rows in ClickHouse")
    sla_events: Duration = Field(millis("730d"), description="clock events in ClickHouse")
    dead_letters: Duration = Field(millis("90d"), description="dead letters in ClickHouse")


_CLAUSES: Final = {
    "events": "stored_at + toIntervalSecond({events})",
    "observations": "stored_at + toIntervalSecond({events})",
    "kpis": "toDateTime(written_at) + toIntervalSecond({fine_windows}) WHERE window IN ('1m', '5m')",
    "kpi_revisions": "toDateTime(written_at) + toIntervalSecond({revisions})",
    "sla_events": "toDateTime(written_at) + toIntervalSecond({sla_events})",
    "dead_letters": "toDateTime(written_at) + toIntervalSecond({dead_letters})",
}


def ttl_clauses(retention: Retention) -> dict[str, str]:
    """Table → its TTL expression."""
    seconds = {name: value // 1000 for name, value in retention.model_dump().items()}
    return {table: clause.format(**seconds) for table, clause in _CLAUSES.items()}
