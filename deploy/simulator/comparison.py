"""Two sets of KPI rows side by side: one line for each thing that differs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from math import isclose
from typing import Any, Final

import orjson

Row = dict[str, Any]
NEAR_LIMIT: Final = 0.15
"""Deals as old as the limit, which is a quantile, may be taken for older or younger than it."""
_APPROXIMATE: Final = re.compile(r"p\d+(_answered)?|limit")


def compare(pipeline: Iterable[Row], truth: Iterable[Row], tolerance: float = 0.01) -> list[str]:
    """One line per row that is missing or extra and per number that differs; nothing where they agree.

    Quantiles may be off by ``tolerance``, relative; everything else must be equal. Statistics
    that only the pipeline gives are its own affair.
    """
    ours, true = ({_name(row): row for row in rows} for rows in (pipeline, truth))
    lines = [f"missing: {name}" for name in sorted(true.keys() - ours.keys())]
    lines += [f"extra: {name}" for name in sorted(ours.keys() - true.keys())]
    for name in sorted(ours.keys() & true.keys()):
        lines += [f"{name}: {line}" for line in _differences(ours[name], true[name], tolerance)]
    return lines


def _name(row: Row) -> str:
    key = [row["kpi"], row["grouping"], row["dimensions"], row["window"], row["start"]]
    return orjson.dumps(key, option=orjson.OPT_SORT_KEYS).decode()


def _differences(ours: Row, true: Row, tolerance: float) -> Iterator[str]:
    # Instants since when deals are in a stage are known to five minutes.
    is_duration = "p50" in true["statistics"] or ours["kpi"] == "stage_age"
    for field in ("value", "count", "numerator", "denominator"):
        off_by = tolerance if is_duration and field == "value" else 1e-9
        if ours["kpi"] == "stagnant_deals":
            off_by = NEAR_LIMIT
        yield from _difference(field, ours[field], true[field], off_by)
    for field, value in true["statistics"].items():
        if field not in ours["statistics"]:
            yield f"{field} is missing, truth {value}"
            continue
        off_by = tolerance if _APPROXIMATE.fullmatch(field) else 1e-9
        yield from _difference(field, ours["statistics"][field], value, off_by)


def _difference(field: str, ours: Any, true: Any, off_by: float) -> Iterator[str]:
    """Numbers within ``off_by``, everything else equal."""
    if isinstance(ours, int | float) and isinstance(true, int | float):
        if not isclose(ours, true, rel_tol=off_by):
            yield f"{field} {ours}, truth {true}"
    elif ours != true:
        yield f"{field} {ours}, truth {true}"
