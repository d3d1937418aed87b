"""The kind *now*: open leads, and how old they are as the clock goes on."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from msgspec import Struct

from schemas.catalogue import BASES, index_of
from schemas.events import Millis
from streams.accumulators import SLOTS, Vector
from streams.dimensions import Dims
from streams.kinds import WITHIN
from streams.lead import UNASSIGNED, Lead

BASIS: Final = tuple(BASES).index("now")
BANDS: Final = (*(str(limit // 1000) for limit in WITHIN), "older")
"""Names of the age bands: under so many seconds, or older."""


class OpenLead(Struct, frozen=True):
    """A lead that waits: since when, and its dimensions with the present owner, team and temperature."""

    engaged_at: Millis
    dims: Dims


def open_leads(lead: Lead) -> list[OpenLead]:
    """The lead if it is open: engaged, not answered, not closed, not merged away."""
    last = lead.instances[-1]
    if lead.merged_into is not None or not last.is_open or last.duplicate:
        return []
    profile = last.profile
    owner, team = last.owner or UNASSIGNED, last.team or UNASSIGNED
    dims = (team, owner, last.temperature, profile.source, profile.region, profile.channel)
    return [OpenLead(last.engaged_at, dims)]


def age_band(age: Millis) -> int:
    """The band of an age: 0 under 5 minutes … 5 from 24 hours on."""
    return bisect_right(WITHIN, age)


def next_band_change(engaged_at: Millis, band: int) -> Millis | None:
    """When an open lead that is in a band enters the next; None in the last."""
    return engaged_at + WITHIN[band] if band < len(WITHIN) else None


def now_vector(band: int) -> Vector:
    """What one open lead of an age band adds to its cells."""
    return {index_of["open_leads"] * SLOTS + band: 1}
