"""What a lead adds to which KPI and window, in words, and to which cell of the published rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from deploy.wording import duration
from schemas.catalogue import BASES, CATALOGUE, CELLS, GROUPINGS, WINDOWS, Kpi, cell_kind
from schemas.events import Millis
from streams.attainment import places, running_place
from streams.bases import ITEMS
from streams.clocks import ServiceClock
from streams.contributions import MINUTE, STANDING, Key
from streams.dimensions import Dims
from streams.kinds import ACTIVITIES, BOUNCED, CENSORED, CUSTOMERS, IMPLIED, SILENT, parts
from streams.lead import Lead
from streams.money import decimal
from streams.now import BASIS as NOW
from streams.now import open_leads
from streams.pipeline import standing
from streams.rules import Rules
from streams.running import AT_RISK, BREACHED, level
from streams.selection import Selection, measure

_NAMES: Final = ("team", "rep", "temperature", "source", "region", "channel", "policy")
_OF_NOW: Final = frozenset(code for code, basis in enumerate(BASES.values()) if basis == "now")


class Counted(Struct, frozen=True):
    """One thing that a lead adds to a KPI: at which event time, under which dimensions, and what."""

    kpi: str
    at: Millis
    dimensions: dict[str, str]
    adds: str
    key: Key

    @property
    def is_of_now(self) -> bool:
        """Whether it is counted as long as it is so, in no window."""
        return self.key[0] in _OF_NOW


def counted(
    view: Lead, rules: Rules, kpis: tuple[Kpi, ...] = CATALOGUE, clocks: Sequence[ServiceClock] = (), now: Millis = 0
) -> Iterator[Counted]:
    """Everything that the lead and its clocks, as of ``now``, add to these KPIs.

    Nothing of a lead that was merged into another.
    """
    if view.merged_into is not None:
        return
    for code, axis in enumerate(BASES):
        here = [kpi for kpi in kpis if axis in kpi.axes and kpi.kind != "now"]
        for at, dims, item in ITEMS[axis](view, rules) if axis in ITEMS and here else ():
            for kpi in here:
                # Whether somebody does not show up is told once it has come due.
                is_ahead = kpi.name == "no_show_rate" and at > now
                if not is_ahead and (value := measure(kpi)(item, rules)) is not None:
                    yield _counted(kpi, code, at, dims, _words(kpi)(value))
    for kpi in kpis:
        for waits in open_leads(view) if "now" in kpi.bases else ():
            yield _counted(kpi, NOW, waits.engaged_at, waits.dims, "waits for its first touch")

    for kpi in kpis:
        if not STANDING.isdisjoint(map(tuple(BASES).index, kpi.bases)):
            for code, _, dims in standing(view, Selection((kpi.name,), tuple(GROUPINGS), WINDOWS), rules, now).adds:
                yield _counted(kpi, code, now, dims, "deals that are open or ended of late")
    for clock in clocks:
        for kpi in kpis:
            yield from _of_clock(kpi, clock, rules, now)


def _of_clock(kpi: Kpi, clock: ServiceClock, rules: Rules, now: Millis) -> Iterator[Counted]:
    by = f"by {clock.policy.name}"
    for axis, (code, _, dims) in places(clock):
        if axis in kpi.bases and (value := measure(kpi)(clock.outcome(now), rules)) is not None:
            said = f"{'met' if value else 'breached'}, {by}"
            yield _counted(kpi, code, clock.due, dims, said, kpi.bases[axis])
    if "clocks" in kpi.bases and clock.end is None and (runs := _runs(kpi, clock, now)) is not None:
        code, _, dims = running_place(clock)
        yield _counted(kpi, code, clock.start, dims, f"{runs}, {by}", ("team", "rep", "policy"))


def _runs(kpi: Kpi, clock: ServiceClock, now: Millis) -> str | None:
    """What a clock that runs is to a KPI of such; None where it does not belong."""
    if kpi.name == "paused_share":
        return f"stood still for {duration(clock.paused(now) / 1000)}"
    of = {"sla_at_risk": (AT_RISK, "at risk"), "sla_breached": (BREACHED, "past its deadline")}
    wanted, said = of[kpi.name]
    return said if level(clock, now) == wanted else None


def _counted(
    kpi: Kpi, code: int, at: Millis, dims: Dims, adds: str, groupings: tuple[str, ...] | None = None
) -> Counted:
    of = {name for grouping in groupings or kpi.groupings for name in GROUPINGS[grouping]}
    shown = {name: value for name, value in zip(_NAMES, dims, strict=False) if name in of}
    shown |= dict.fromkeys(CELLS[cell_kind(tuple(BASES)[code])], dims[-1])
    minute = at - at % MINUTE if code not in _OF_NOW else 0
    return Counted(kpi.name, at, shown, adds, (code, minute, dims))


def _words(kpi: Kpi) -> Callable[[int], str]:
    return _BY_NAME.get(kpi.name) or _BY_KIND[kpi.kind]


def _duration(value: int) -> str:
    if value < 0:
        return "not yet: still open" if value == CENSORED else "taken away before it was touched: cancelled"
    return duration(value / 1000)


def _follow_up(value: int) -> str:
    return f"yes, {value} touch{'' if value == 1 else 'es'} in time" if value else "no"


def _delivery(value: int) -> str:
    if value == BOUNCED:
        return "a message that bounced"
    if value == IMPLIED:
        return "a message delivered, since it was seen"
    return "a message delivered" if value < SILENT else "a message of which nothing was reported"


def _seen(value: int) -> str:
    return ("by nobody", "by a person", "by a machine", "by a person and a machine")[value]


def _activity(value: int) -> str:
    kind, customer = divmod(value, len(CUSTOMERS))
    whose = "" if CUSTOMERS[customer] == "unknown" else f", {CUSTOMERS[customer]} customer"
    return f"one {ACTIVITIES[kind].replace('_', ' ')}{whose}"


def _talk(value: int) -> str:
    rep, both = parts(value)
    return f"the rep talked {duration(rep / 1000)} of {duration(both / 1000)}"


def _called(value: int) -> str:
    _, talked = parts(value)
    return f"one call, {duration(talked / 1000)} talked"


_BY_NAME: Final[dict[str, Callable[[int], str]]] = {
    "follow_up_rate": _follow_up,
    "delivery_rate": _delivery,
    "open_rate": _seen,
    "click_rate": _seen,
    "activities": _activity,
    "talk_listen_ratio": _talk,
    "calls_per_hour_talked": _called,
}
_BY_KIND: Final[dict[str, Callable[[Any], str]]] = {
    "duration": _duration,
    "ratio": lambda value: "yes" if value else "no",
    "mean": str,
    "count": lambda value: "one",
    "sum": decimal,
}
