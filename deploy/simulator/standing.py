"""What the deal KPIs of *now* see: what is open, and what ended in the ninety days before."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from deploy.simulator.history import UNKNOWN, History
from deploy.simulator.seen import Seen
from deploy.simulator.selling import Deal, deals_of
from schemas.events import Millis

DAY = 86_400_000
LATE = 90 * DAY


class Standing(NamedTuple):
    """A deal now: in which stage it is, or which it has been in; its amount; won, lost (False) or open (None)."""

    stages: set[str]
    amount: str | None
    won: bool | None
    cycle: Millis | None


class Stay(NamedTuple):
    """A deal in a stage: for how long it has been there, or how long it was."""

    is_over: bool
    lasted: Millis


def stands(history: History, clock: Millis) -> Iterator[Seen]:
    """Every deal of one subject that is open or ended of late, and every such stay in a stage."""
    for deal in deals_of(history):
        entries = list(deal.entries())
        if deal.end is None or clock < deal.end.at + LATE:
            note = _standing(deal, {stage for _, stage in entries if stage is not None} or {UNKNOWN}, entries)
            for kpi in ("open_pipeline", "weighted_pipeline", "pipeline_velocity"):
                yield Seen(kpi, 0, deal.dimensions, 1, note=note, kind=deal.currency, told_by="currency")
        for stage, stay in _stays(deal, entries, clock):
            for kpi in ("stage_age", "stagnant_deals"):
                yield Seen(kpi, 0, deal.dimensions, 1, note=stay, kind=stage, told_by="stage")


def _standing(deal: Deal, stages: set[str], entries: list[Any]) -> Standing:
    amount = deal.says("amount")
    told = None if amount is None else str(amount)
    if deal.end is None:
        return Standing({entries[-1][1]} if entries and entries[-1][1] else {UNKNOWN}, told, None, None)
    return Standing(stages, told, deal.won, max(0, deal.end.at - deal.opened.at) if deal.opened else None)


def _stays(deal: Deal, entries: list[Any], clock: Millis) -> Iterator[tuple[str, Stay]]:
    for (entered, stage), (left, _) in pairwise(entries):
        if stage is not None and clock < left.at + LATE:
            yield stage, Stay(True, left.at - entered.at)
    if deal.end is None:
        last, stage = entries[-1] if entries and entries[-1][1] else (deal.opened or deal.events[0], UNKNOWN)
        yield stage, Stay(False, max(0, clock - last.at))


def row(kpi: str, notes: list[Any]) -> dict[str, Any]:
    """The numbers of a row of *now*."""
    if kpi in ("stage_age", "stagnant_deals"):
        return _of_stage(kpi, notes)
    open_deals = [one for one in notes if one.won is None]
    found: dict[str, Any] = {"count": len(open_deals), "statistics": {}}
    if kpi == "open_pipeline":
        return found | {"value": _text(sum((_worth(one) for one in open_deals), Fraction()))}
    ended = [one for one in notes if one.won is not None]
    won = [one for one in ended if one.won]
    found["statistics"] = {"ended": len(ended), "won": len(won)}
    if kpi == "weighted_pipeline":
        shares = [_share([one for one in ended if deal.stages & one.stages] or ended) for deal in open_deals]
        if None in shares:
            return found | {"value": None}
        expected = sum(
            (_worth(one) * share for one, share in zip(open_deals, shares, strict=True) if share), Fraction()
        )
        return found | {"value": _text(expected)}
    return found | _velocity(len(open_deals), ended, won)


def _velocity(n: int, ended: list[Standing], won: list[Standing]) -> dict[str, Any]:
    priced = [_worth(one) for one in won if one.amount is not None]
    cycles = [one.cycle for one in won if one.cycle is not None]
    rate = _share(ended)
    mean = sum(priced, Fraction()) / len(priced) if priced else None
    days = Fraction(sum(cycles), len(cycles) * DAY) if cycles else None
    statistics = {
        "ended": len(ended),
        "won": len(won),
        "win_rate": None if rate is None else float(rate),
        "mean_amount": None if mean is None else _text(mean),
        "mean_cycle_days": None if days is None else float(days),
    }
    value = _text(n * rate * mean / days) if rate is not None and mean is not None and days else None
    return {"value": value, "statistics": statistics}


def _of_stage(kpi: str, notes: list[Any]) -> dict[str, Any]:
    ages = sorted(one.lasted for one in notes if not one.is_over)
    if kpi == "stage_age":
        mean = sum(ages) / (1000 * len(ages)) if ages else None
        ranks = {f"p{percent}": _rank(ages, percent) for percent in (50, 90, 95, 99)}
        return {"count": len(ages), "value": ranks["p50"], "statistics": {"mean": mean, **ranks}}
    lasted = sorted(one.lasted for one in notes if one.is_over)
    limit = _rank(lasted, 90) if len(lasted) >= 20 else None
    over = None if limit is None else sum(age > limit * 1000 for age in ages)
    return {
        "count": len(ages),
        "value": over,
        "statistics": {"limit": limit, "measured": len(lasted), "by_policy": 0, "open": len(ages)},
    }


def _rank(sorted_millis: list[int], percent: int) -> float | None:
    if not sorted_millis:
        return None
    low, rest = divmod(percent * (len(sorted_millis) - 1), 100)
    high = min(low + 1, len(sorted_millis) - 1)
    return (sorted_millis[low] * (100 - rest) + sorted_millis[high] * rest) / 100_000


def _worth(one: Standing) -> Fraction:
    return Fraction(one.amount or 0)


def _share(ended: list[Standing]) -> Fraction | None:
    return Fraction(sum(bool(one.won) for one in ended), len(ended)) if ended else None


def _text(amount: Fraction) -> str:
    digits = f"{Decimal(round(amount * 10**12)).scaleb(-12):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
