"""How far along an aim is, as rows: attainment, pace, and where it will end at this pace."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from schemas.catalogue import by_name
from schemas.events import Millis
from schemas.results import KpiRow, timestamp
from schemas.targets import Aim, is_low, is_money

WINDOWS: Final = {"period": "target", "week": "week"}
_CENT: Final = Decimal("0.01")


class Progress(Struct, frozen=True):
    """What was reached of an aim by ``at``.

    ``actual`` is None where nothing can be measured, ``attained`` 1 at the target, ``n`` of how many cases it is;
    ``elapsed`` is the share, 0…1, of the aim's working time that is over, ``adds_up`` whether it is a count or a sum.
    """

    aim: Aim
    at: Millis
    actual: Decimal | None
    attained: float | None
    n: int
    elapsed: float
    adds_up: bool

    @property
    def expected(self) -> float:
        """What an even pace would have reached by now; of a level, the level."""
        return float(self.aim.value) * (self.elapsed if self.adds_up else 1.0)

    @property
    def pace(self) -> float | None:
        """1 is on time, more is ahead, also of what should be low; None before there is anything to divide by."""
        if self.actual is None:
            return None
        over, under = float(self.actual), self.expected
        if is_low(self.aim.kpi):
            over, under = under, over
        return over / under if under else None

    @property
    def projected(self) -> float | None:
        """What the end will bring if it goes on as until now; of a level, the level."""
        if self.actual is None or not self.adds_up:
            return None if self.actual is None else float(self.actual)
        return float(self.actual) / self.elapsed if self.elapsed else None


def rows(progress: Progress, final_after: Millis) -> Iterator[KpiRow]:
    """``target_attainment``, ``target_pace`` and ``target_projected``; final so long after the end."""
    aim, actual = progress.aim, _number(progress, progress.actual)
    basis = by_name[aim.kpi].basis if aim.kpi in by_name else "happened"
    projected = progress.projected
    if projected is not None and is_money(aim.kpi):
        projected_value: float | str | None = f"{Decimal(projected).quantize(_CENT):f}"
    else:
        projected_value = projected
    for kpi, of, value, denominator in (
        ("target_attainment", basis, progress.attained, _number(progress, aim.value)),
        ("target_pace", "business_time", progress.pace, progress.expected),
        ("target_projected", "business_time", projected_value, progress.elapsed if progress.adds_up else 1.0),
    ):
        yield KpiRow(
            kpi=kpi, grouping=aim.scope, dimensions=_dimensions(aim), window=WINDOWS[aim.level],
            start=timestamp(aim.start), end=timestamp(aim.end), basis=of, value=value, count=progress.n,
            numerator=actual, denominator=denominator, statistics=_statistics(progress), revision=progress.at,
            final=progress.at >= aim.end + final_after, watermark=timestamp(progress.at),
        )  # fmt: skip


def _dimensions(aim: Aim) -> dict[str, str]:
    who = {} if aim.scope == "all" else {aim.scope: aim.who}
    return who | {"kpi": aim.kpi} | ({"currency": aim.currency} if aim.currency else {})


def _statistics(progress: Progress) -> dict[str, Any]:
    aim = progress.aim
    return {
        "origin": aim.origin,
        "whole": _number(progress, aim.whole),
        "elapsed": progress.elapsed,
        "working_days": aim.working_days,
        "present_days": aim.present_days,
        "better": "down" if is_low(aim.kpi) else "up",
    }


def _number(progress: Progress, value: Decimal | None) -> str | int | float | None:
    """Money as a decimal string, a whole number as one."""
    if value is None:
        return None
    if is_money(progress.aim.kpi):
        return f"{value.normalize():f}"
    return int(value) if value == value.to_integral_value() else float(value)
