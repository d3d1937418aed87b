"""From a revenue target to the work it takes: deals, opportunities, proposals, demos and calls, by the week and rep."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from math import ceil
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from rich import box
from rich.table import Table

from deploy.failures import Failure
from deploy.listings import console
from deploy.tables import client_of, expecting_tables
from deploy.wording import duration, share
from schemas.events import Millis
from schemas.recorded_kpis import by_name
from schemas.results import timestamp
from schemas.settings import Settings
from sinks.clickhouse.recorded_kpis import queries

_DAY: Final = 86_400_000
_WEEK: Final = 7 * _DAY
_POINT: Final = 0.01
_STEPS: Final = ("proposals", "opportunities", "demos", "calls")
_A_HAIR: Final = 1e-6
"""Twenty is twenty, also where it was divided out of fractions."""

Interval = tuple[float | None, float | None]
"""The ends of a 95 % interval; None where so few cases say nothing."""


class Step(Struct, frozen=True):
    """How much of one step it takes, in all, a week, and a week for each rep; and the numbers that say so.

    ``n`` is how many were tried (of ``deals_won``: won), ``won`` how many came to a deal won, ``share`` their share,
    ``reach`` the share of the deals won by way of the step. ``days`` is how long before its deal is won (median) one
    was done, ``weeks`` what is left for it. ``a_week`` is None where no time is left.
    """

    step: str
    needed: float | None
    interval: Interval
    weeks: float
    a_week: float | None
    a_week_and_rep: float | None
    n: int
    won: int
    share: float
    share_interval: Interval
    reach: float
    days: float | None
    small: bool


class Gain(Struct, frozen=True):
    """What it is worth when one percentage point more of a step come to the next.

    ``share`` is how many come to it now, ``gain`` how much more revenue that brings for the same work before, 0…
    """

    step: str
    next: str
    share: float
    gain: float


class Plan(Struct, frozen=True):
    """A revenue target as work: steps by how many of each it takes, fewest first; the greatest of ``gains`` first.

    ``missing`` are the steps of which nothing was recorded that is decided by now.
    """

    revenue: float
    currency: str
    by: str
    team: str | None
    weeks: float
    reps: int
    mean: float
    mean_interval: Interval
    deals: int
    steps: list[Step]
    gains: list[Gain]
    missing: list[str]
    small: bool


class Target(Struct, frozen=True):
    """What is to be won, from now until an instant; by one team, or by all."""

    revenue: float
    currency: str
    now: Millis
    until: Millis
    team: str | None = None


def planned(settings: Settings, target: Target) -> Plan:
    """The plan, by what ClickHouse measured in the year before ``target.now``; ``Failure`` where nothing was won."""
    scope, who = ("team", target.team) if target.team is not None else ("all", "all")
    with expecting_tables(), closing(client_of(settings)) as client:
        # A period that is over is measured as of its start.
        rows = queries.rows(client, by_name["target_plan"], target.now, target.now, "custom", scope)
    mine = [row for row in rows if row["who"] == who]
    known = sorted({row["currency"] for row in mine})
    if target.currency not in known:
        of = f" by team {target.team}" if target.team is not None else ""
        but = f"; what was won is in {', '.join(known)}" if known else ""
        day = timestamp(target.now)[:10]
        raise Failure(
            f"no deal was won in {target.currency}{of} in the 365 days before {day}: nothing to plan from{but}"
        )
    return plan(target, [row for row in mine if row["currency"] == target.currency], settings.minimum_sample)


def plan(target: Target, rows: Sequence[dict[str, Any]], minimum: int) -> Plan:
    """The plan by rows of ``target_plan`` of one group and currency; a step of less than ``minimum`` cases is small."""
    [deals] = [row for row in rows if row["of"] == "deals_won"]
    steps = sorted((_step(target, row, minimum) for row in rows), key=_size)
    said = deals["statistics"]
    return Plan(
        revenue=target.revenue,
        currency=target.currency,
        by=timestamp(target.until),
        team=target.team,
        weeks=(target.until - target.now) / _WEEK,
        reps=int(said["reps"]),
        mean=said["mean"],
        mean_interval=(said.get("mean_low"), said.get("mean_high")),
        deals=deals["n"],
        steps=steps,
        gains=_gains(steps),
        missing=[name for name in _STEPS if name not in {step.step for step in steps}],
        small=any(step.small for step in steps),
    )


def show(found: Plan, timezone: str) -> None:
    """Print the plan and what it is made of; days are those of the time zone."""
    out = console()
    who = "all teams" if found.team is None else f"team {found.team}"
    # The last day is the one before the instant.
    last = datetime.fromisoformat(found.by).astimezone(ZoneInfo(timezone))
    aim = f"{found.revenue:,.0f} {found.currency} by the end of {_day_before(last)}"
    out.print(f"{aim}, {found.weeks:.1f} weeks on; {who}, {found.reps} reps of late")
    out.print(_table(found))
    out.print(
        "In brackets and under 95 %: where the true number lies in 95 of 100 such samples. Numbers are rounded up."
    )
    if any(step.a_week is None for step in found.steps if step.needed is not None):
        out.print("–: too late, by the time it takes until its deal is won.")
    if found.missing:
        out.print(f"Nothing was recorded of {', '.join(found.missing)} that is decided by now.")
    if found.small:
        out.print("* of few cases only: it may be chance.")
    if found.gains:
        out.print(_advice(found.gains[0]))


def _step(target: Target, row: dict[str, Any], minimum: int) -> Step:
    said, is_deal = row["statistics"], row["of"] == "deals_won"
    each, won = said.get("each"), row["n"] if is_deal else int(row["numerator"])
    days = 0.0 if is_deal else said.get("days")
    needed = None if each is None else target.revenue * each
    weeks = (target.until - target.now) / _WEEK - (days or 0) / 7
    a_week = needed / weeks if needed is not None and weeks > 0 else None
    return Step(
        step=row["of"],
        needed=needed,
        interval=(_times(target.revenue, said.get("each_low")), _times(target.revenue, said.get("each_high"))),
        weeks=max(weeks, 0.0),
        a_week=a_week,
        a_week_and_rep=a_week / said["reps"] if a_week is not None and said["reps"] else None,
        n=row["n"],
        won=won,
        share=said.get("share", 1.0),
        share_interval=(said.get("share_low", 1.0), said.get("share_high", 1.0)),
        reach=said.get("reach", 1.0),
        days=days,
        small=min(row["n"], won) < minimum,
    )


def _times(revenue: float, each: float | None) -> float | None:
    return None if each is None else revenue * each


def _size(step: Step) -> tuple[bool, float, bool]:
    return step.needed is None, step.needed or 0.0, step.step != "deals_won"


def _gains(steps: Sequence[Step]) -> list[Gain]:
    """What a point is worth between neighbours, the most first.

    Of 100 calls 20 come to a demo: one more is a twentieth more demos, and so many more of the deals won by way of one.
    """
    pairs = [
        (before.step, after, after.needed / before.needed)
        for after, before in pairwise(step for step in steps if step.needed is not None)
        if after.needed is not None and before.needed is not None
    ]
    # Where (nearly) all come to the next there is no point to gain.
    found = [Gain(step, next.step, on, _POINT / on * next.reach) for step, next, on in pairs if on + _POINT <= 1]
    return sorted(found, key=lambda one: -one.gain)


def _table(found: Plan) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("to do", no_wrap=True)
    for heading in ("in all", "95 %", "a week", "a week and rep"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("because")
    for step in found.steps:
        table.add_row(
            step.step.replace("_", " "),
            f"{_whole(step.needed)}{'*' if step.small else ''}",
            _between(step.interval, _whole),
            _rate(step.a_week),
            _rate(step.a_week_and_rep),
            _because(found, step),
        )
    return table


def _because(found: Plan, step: Step) -> str:
    if step.step == "deals_won":
        mean = f"{found.mean:,.2f} {found.currency}"
        return f"a deal won is {mean} ({_between(found.mean_interval, _money)}), mean of {found.deals:,}"
    name = step.step
    said = f"of {step.n:,} {name} {step.won:,} were won: {share(step.share)} ({_between(step.share_interval, share)})"
    way = f"; {share(step.reach)} of the deals won had one" if step.reach < 1 else ""
    return said + way + (f"; {duration(step.days * 86_400)} before" if step.days is not None else "")


def _advice(best: Gain) -> str:
    before, after = best.step.replace("_", " "), best.next.replace("_", " ")
    return (
        f"What helps most: that more {before} come to {after}. {share(best.share)} do now; one point more brings"
        f" {share(best.gain)} more revenue for the same work."
    )


def _between(ends: Interval, worded: Any) -> str:
    low, high = ends
    if high is None:
        return "not to be told" if low is None else f"{worded(low)} or more"
    return f"{worded(low)} – {worded(high)}"


def _whole(number: float | None) -> str:
    return "–" if number is None else f"{ceil(number - _A_HAIR):,}"


def _money(number: float | None) -> str:
    return "–" if number is None else f"{number:,.0f}"


def _rate(number: float | None) -> str:
    if number is None or number >= 10:
        return "–" if number is None else f"{number:,.0f}"
    return "under 0.01" if number < 0.01 else f"{number:.2f}"


def _day_before(at: datetime) -> str:
    return datetime.fromtimestamp(at.timestamp() - 1, at.tzinfo).date().isoformat()
