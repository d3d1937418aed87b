"""The open leads of one partition: counted by age, with the oldest of every group."""

from __future__ import annotations

import sys

import msgspec

from agents.appointments import Appointments
from agents.engine.store import Store
from agents.oldest import Oldest
from schemas.events import Millis
from streams.accumulators import Vector, add_into, difference
from streams.dimensions import Dims
from streams.lead import Lead
from streams.now import BASIS, OpenLead, age_band, next_band_change, now_vector, open_leads
from streams.windows import Cells

_OPEN = b"o"


class Held(msgspec.Struct, frozen=True, array_like=True):
    """An open lead as it is counted: its band is that of the clock when it was counted last."""

    engaged_at: Millis
    dims: Dims
    band: int


_decode = msgspec.msgpack.Decoder(Held).decode


class OpenLeads:
    """An index over the timelines, kept in the store; it changes with a lead and with the clock."""

    def __init__(self, store: Store, cells: Cells) -> None:
        self._store = store
        self._cells = cells
        self._held: dict[str, Held] = {}
        self._oldest: dict[bytes, Oldest] = {}
        self._again = Appointments()
        for key, value in store.scan(_OPEN):
            lead, held = key[len(_OPEN) :].decode(), _decode(value)
            self._held[lead] = held
            self._enter(lead, held)

    def update(self, lead: str, view: Lead, clock: Millis, deltas: dict[bytes, Vector]) -> None:
        """Follow what is now known of a lead; what changes for the cells goes to ``deltas``."""
        found = open_leads(view)
        if found or lead in self._held:
            self._change(lead, self._counted(found[0], clock) if found else None, deltas)

    def age(self, clock: Millis, deltas: dict[bytes, Vector]) -> None:
        """Let leads pass into their next band of age."""
        self._again.tick(clock)
        for lead in self._again.take(sys.maxsize, clock):
            held = self._held[lead]
            band = age_band(clock - held.engaged_at)
            self._grow_older(lead, held, band, deltas)
            self._schedule(lead, held.engaged_at, band)

    def oldest(self, cell: bytes) -> Millis | None:
        """When the cell's oldest open lead engaged; None in cells of any other basis, or without one."""
        found = self._oldest.get(cell)
        return None if found is None else found.least

    def recount(self, deltas: dict[bytes, Vector]) -> None:
        """Count every open lead anew, into cells that were emptied."""
        for held in self._held.values():
            self._add(held, 1, deltas)

    def _counted(self, lead: OpenLead, clock: Millis) -> Held:
        return Held(lead.engaged_at, lead.dims, age_band(clock - lead.engaged_at))

    def _change(self, lead: str, new: Held | None, deltas: dict[bytes, Vector]) -> None:
        old = self._held.get(lead)
        if old == new:
            return
        self._keep(lead, new)
        if old is not None:
            self._add(old, -1, deltas)
            for cell in self._cells((BASIS, 0, old.dims)):
                self._oldest[cell].remove(old.engaged_at)
            self._again.make(lead, None)
        if new is not None:
            self._add(new, 1, deltas)
            self._enter(lead, new)

    def _grow_older(self, lead: str, held: Held, band: int, deltas: dict[bytes, Vector]) -> None:
        """Into another band: the cells and who is the oldest there stay, which counts where many do so at once."""
        self._keep(lead, msgspec.structs.replace(held, band=band))
        shift = difference(now_vector(band), now_vector(held.band))
        for cell in self._cells((BASIS, 0, held.dims)):
            add_into(deltas.setdefault(cell, {}), shift)

    def _keep(self, lead: str, held: Held | None) -> None:
        if held is None:
            del self._held[lead]
        else:
            self._held[lead] = held
        self._store.put(_OPEN + lead.encode(), None if held is None else msgspec.msgpack.encode(held))

    def _enter(self, lead: str, held: Held) -> None:
        for cell in self._cells((BASIS, 0, held.dims)):
            self._oldest.setdefault(cell, Oldest()).add(held.engaged_at)
        self._schedule(lead, held.engaged_at, held.band)

    def _schedule(self, lead: str, engaged_at: Millis, band: int) -> None:
        self._again.make(lead, next_band_change(engaged_at, band))

    def _add(self, held: Held, sign: int, deltas: dict[bytes, Vector]) -> None:
        vector = {slot: sign * n for slot, n in now_vector(held.band).items()}
        for cell in self._cells((BASIS, 0, held.dims)):
            add_into(deltas.setdefault(cell, {}), vector)
