"""Numbers as a person reads them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_PASSWORD = re.compile(r"(?<=://)([^/@]*:)?[^/@]*@")
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def duration(seconds: float | None) -> str:
    """Two units at most: ``6 m 52 s``, ``1 h 5 m``, ``0.4 s`` below ten seconds; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{round(seconds, 1):g} s"
    left = round(seconds)
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        parts.append((count, unit))
    while parts[0][0] == 0:
        del parts[0]
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count)


def share(ratio: float | None) -> str:
    """A ratio 0…1 in per cent, ``41.7 %``; a dash for None."""
    return "–" if ratio is None else f"{ratio * 100:.1f} %"


def amount(value: Decimal, currency: str | None) -> str:
    """A number with its currency, where it has one."""
    return f"{value:,f} {currency or ''}".rstrip()


def hidden(value: Any) -> str:
    """How a value may be shown: without the user and password of an address."""
    return _PASSWORD.sub("***@", str(value))
