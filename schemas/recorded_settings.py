"""How settings of the recorded KPIs are written: lists, bands, ratios, marks. ``ValueError`` says what was expected."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from schemas.recorded_kpis import BENCHMARKS, PERIODS, Benchmark, by_name

_NAME: Final = r"[\w.-]+"
_RATIO: Final = re.compile(rf"({_NAME})\s*=\s*({_NAME})\s*/\s*({_NAME})")
_MARK: Final = re.compile(rf"({_NAME})\s*=\s*(\d+(?:\.\d+)?)")
_STANDARD: Final = """
    conversion_rate, conversion_rate:month:team, churn_rate, revenue_retention, mrr, sales_volume, forecast, nps,
    quota_attainment
"""
_DAYS: Final = re.compile(r"(\d+)\s*d")


class Ratio(Struct, frozen=True):
    """A named ratio of two observations."""

    name: str
    over: str
    under: str


class Chosen(Struct, frozen=True):
    """A recorded KPI to be exported: of which period, by which scope."""

    kpi: str
    period: str
    scope: str


def names(text: str) -> tuple[str, ...]:
    """``spend, revenue``: names by commas, without braces or quotes."""
    if re.search(r"[{}'\\]", text):
        raise ValueError("expected names by commas such as spend,revenue")
    return tuple(part.strip() for part in text.split(",") if part.strip())


def bands(text: str) -> tuple[int, ...]:
    """``30d,90d,180d``: whole days, growing."""
    found = [_DAYS.fullmatch(part) for part in names(text)]
    days = [int(match[1]) for match in found if match is not None]
    if not days or len(days) < len(found) or days != sorted(set(days)) or days[0] == 0:
        raise ValueError("expected growing days such as 30d,90d,180d")
    return tuple(days)


def ratios(text: str) -> tuple[Ratio, ...]:
    """``return_on_ad_spend=revenue/spend; sell_through=sold/received``."""
    found = [_RATIO.fullmatch(part.strip()) for part in text.split(";") if part.strip()]
    if None in found:
        raise ValueError("expected ratios of two observations such as return_on_ad_spend=revenue/spend")
    return tuple(Ratio(match[1], match[2], match[3]) for match in found if match is not None)


def benchmarks(text: str) -> tuple[Benchmark, ...]:
    """Every mark, those of ``lead_response_time=600; benchmark_30_30_50.open=0.4`` in place of the published ones."""
    found = [_MARK.fullmatch(part.strip()) for part in text.split(";") if part.strip()]
    own = {match[1]: float(match[2]) for match in found if match is not None}
    known = {benchmark.name for benchmark in BENCHMARKS}
    if None in found or not own.keys() <= known:
        raise ValueError(f"expected marks such as lead_response_time=300, of {', '.join(sorted(known))}")
    return tuple(
        Benchmark(one.kpi, one.of, own[one.name], "own setting") if one.name in own else one for one in BENCHMARKS
    )


def chosen(text: str) -> tuple[Chosen, ...]:
    """``churn_rate, mrr:quarter, conversion_rate:month:team``: KPI, period (month) and scope (its first) by colons.

    ``standard`` is what most will want; nothing is nothing.
    """
    return tuple(_chosen(part) for part in names(_STANDARD if text.strip() == "standard" else text))


def _chosen(text: str) -> Chosen:
    name, period, scope = (*text.split(":"), "", "")[:3]
    kpi = by_name.get(name)
    one = Chosen(name, period or "month", scope or (kpi.scopes[0] if kpi is not None else ""))
    if kpi is None or one.period not in PERIODS[:-1] or one.scope not in kpi.scopes or text.count(":") > 2:
        raise ValueError(
            f"expected a recorded KPI, its period and scope such as conversion_rate:month:team, not {text}"
        )
    return one
