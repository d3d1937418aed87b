"""Rules: the settings that change what a lead means or counts as."""

from __future__ import annotations

from msgspec import Struct

from schemas.events import Millis
from schemas.settings import Settings


class Rules(Struct, frozen=True):
    """Horizons, tolerances, bounds and the calendar that the numbers depend on; durations in milliseconds."""

    follow_up_horizon: Millis = 86_400_000
    reply_horizon: Millis = 30 * 86_400_000
    response_horizon: Millis = 30 * 86_400_000
    allowed_lateness: Millis = 3_600_000
    clock_skew: Millis = 60_000
    contact_seconds: int = 30
    timezone: str = "UTC"
    lead_events: int = 5_000
    clocks_from: Millis | None = None
    currency: str = "EUR"

    @staticmethod
    def of(settings: Settings) -> Rules:
        """The rules that ``settings`` state."""
        return Rules(**{name: getattr(settings, name) for name in Rules.__struct_fields__})
