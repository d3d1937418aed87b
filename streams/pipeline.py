"""What a lead adds that changes with the clock: deals as they stand *now*, and what they are measured by, the deals and
stages that ended of late; and what is scheduled and has not come due."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import crc32

from schemas.catalogue import BASES, index_of
from schemas.events import Millis
from streams.accumulators import SLOTS, Vector, add_into
from streams.activity import no_show_rate
from streams.bases import ITEMS
from streams.contributions import MINUTE, Key
from streams.deals import Deal, deals
from streams.dimensions import Dims
from streams.kinds import BUSINESS, amount_vector, duration_vector
from streams.lead import UNKNOWN, Lead
from streams.rules import Rules
from streams.selection import Selection

TRAILING: Final[Millis] = 90 * 86_400_000
"""How long what ended is measured by."""

BY_CURRENCY: Final = tuple(BASES).index("now_by_currency")
BY_STAGE: Final = tuple(BASES).index("now_by_stage")
_AXES: Final = {BY_CURRENCY: "now_by_currency", BY_STAGE: "now_by_stage"}
DUE: Final = tuple(BASES).index("due")
NO_SHOW: Final = index_of["no_show_rate"] * SLOTS

# Slots by currency: of open deals those of a sum; of each stage, under its hash, those of what is open in it and two
# counts; of what ended of late two counts, the sums of amounts and of cycles, and how many these are taken over.
OPEN: Final = index_of["open_pipeline"] * SLOTS
ENDED: Final = index_of["pipeline_velocity"] * SLOTS
WON: Final = ENDED + 1
CYCLES: Final = ENDED + 2
CYCLE_SUM: Final = ENDED + 3
AMOUNTS: Final = ENDED + 16
STAGE_ENDED: Final = 16
STAGE_WON: Final = 17

# Slots by stage: how long visits that ended of late lasted; of deals that are in it how many, the sum of the instants
# since when, and how many by those instants, to five minutes; of those that a policy sets a limit how many, how many
# are past it, and how many by the same instants.
LASTED: Final = index_of["stagnant_deals"] * SLOTS
STAYING: Final = index_of["stage_age"] * SLOTS
SINCE_SUM: Final = STAYING + 1
LIMITED: Final = STAYING + 2
OVERDUE: Final = STAYING + 3
OF_LIMITED: Final = LASTED - STAYING
"""From the slot of an instant of all deals in a stage to that of those with a limit."""
STEP: Final[Millis] = 300_000

_APART: Final = BUSINESS * SLOTS
"""What is told apart by more than a KPI has slots for is kept in those of KPIs that there will never be."""


class Standing(NamedTuple):
    """What a lead adds to cells, and the instant at which that changes without any event."""

    adds: dict[Key, Vector]
    until: Millis | None


def stage_base(stage: str) -> int:
    """Where the slots of a stage begin."""
    return index_of["weighted_pipeline"] * SLOTS + _APART * (2 + crc32(stage.encode()))


def since_slot(since: Millis) -> int:
    """The slot of deals that came to their stage then."""
    step, rest = divmod(since // STEP, SLOTS)
    return STAYING + _APART * (2 + step) + rest


def limited(since: Millis, is_overdue: bool) -> Vector:
    """What a deal in a stage since then adds besides, where a policy says for how long it may be there."""
    return {LIMITED: 1, since_slot(since) + OF_LIMITED: 1} | ({OVERDUE: 1} if is_overdue else {})


def since(slot: int) -> Millis:
    """The middle of the instants that share the slot."""
    step, rest = divmod(slot - STAYING, _APART)
    return ((step - 2) * SLOTS + rest) * STEP + STEP // 2


def standing(lead: Lead, selection: Selection, rules: Rules, clock: Millis) -> Standing:
    """What is so at an instant of the deals of a lead, and of what is planned; nothing of one that was merged away."""
    measured = {code for code, axis in _AXES.items() if selection.measured(axis)}
    adds: dict[Key, Vector] = {}
    until: Millis | None = None
    for deal in deals(lead, rules) if lead.merged_into is None else ():
        for code, dims, vector, end in _parts(deal):
            if code in measured and (end is None or clock < end):
                add_into(adds.setdefault((code, 0, dims), {}), vector)
                until = end if until is None else until if end is None else min(until, end)
    if lead.planned and lead.merged_into is None and "no_show_rate" in selection.kpis:
        for key, vector, due in _ahead(lead, rules, clock):
            add_into(adds.setdefault(key, {}), vector)
            until = due if until is None else min(until, due)
    return Standing(adds, until)


def _ahead(lead: Lead, rules: Rules, clock: Millis) -> Iterator[tuple[Key, Vector, Millis]]:
    """What is scheduled and has not come due is taken out of the share missed until then."""
    for due, dims, planned in ITEMS["due"](lead, rules):
        if clock < due:
            yield (DUE, due - due % MINUTE, dims), {NO_SHOW + no_show_rate(planned, rules): -1}, due


def _parts(deal: Deal) -> Iterator[tuple[int, Dims, Vector, Millis | None]]:
    by_currency = deal.dims(deal.currency)
    if deal.outcome is None:
        present = deal.visits[-1] if deal.visits else None
        stage = UNKNOWN if present is None else present.stage
        entered = deal.opened if present is None else present.entered
        worth = amount_vector(0, deal.amount)
        vector = {OPEN + slot: n for slot, n in worth.items()}
        yield BY_CURRENCY, by_currency, vector | {stage_base(stage) + slot: n for slot, n in worth.items()}, None
        at = 0 if entered is None else entered.time
        yield BY_STAGE, deal.dims(stage), {STAYING: 1, SINCE_SUM: at, since_slot(at): 1}, None
    else:
        yield BY_CURRENCY, by_currency, _ended(deal), deal.outcome.time + TRAILING
    for visit in deal.visits:
        if visit.left is not None:
            lasted = duration_vector(LASTED, visit.left.time - visit.entered.time)
            yield BY_STAGE, deal.dims(visit.stage), lasted, visit.left.time + TRAILING


def _ended(deal: Deal) -> Vector:
    vector: Vector = {ENDED: 1}
    for stage in {visit.stage for visit in deal.visits} or {UNKNOWN}:
        base = stage_base(stage)
        vector |= {base + STAGE_ENDED: 1} | ({base + STAGE_WON: 1} if deal.is_won else {})
    if deal.is_won and deal.outcome is not None:
        vector[WON] = 1
        if deal.amount is not None:
            vector |= amount_vector(AMOUNTS, deal.amount)
        if deal.opened is not None:
            vector[CYCLES] = 1
            vector[CYCLE_SUM] = max(0, deal.outcome.time - deal.opened.time)
    return {slot: n for slot, n in vector.items() if n}
