"""What somebody wants set or revoked, read from words and checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from msgspec import Struct

from deploy.targets.periods import period
from schemas.catalogue import by_name
from schemas.events import Millis
from schemas.settings import Settings
from schemas.targets import EVERYBODY, MEASURED, OBSERVED, Scope, is_measured, is_money

FIELDS: Final = ("kpi", "value", "period", "team", "rep", "currency")
_VALUE: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_LONGEST: Final = 256


class Wanted(Struct, frozen=True):
    """A target to be set, or without a value to be revoked. ``currency`` is "" where the KPI is no money."""

    kpi: str
    start: Millis
    end: Millis
    value: Decimal | None = None
    team: str = ""
    rep: str = ""
    currency: str = ""

    @property
    def scope(self) -> Scope:
        """Of whom: of a rep, whichever team is named beside."""
        return "rep" if self.rep else "team" if self.team else "all"

    @property
    def who(self) -> str:
        """The rep, the team or everybody."""
        return self.rep or self.team or EVERYBODY

    @property
    def place(self) -> tuple[Any, ...]:
        """Targets of one place replace each other."""
        return (self.kpi, self.scope, self.who, self.currency, self.start, self.end)


def read(words: Mapping[str, str], settings: Settings, revokes: bool = False) -> tuple[Wanted | None, list[str]]:
    """What words by the names of ``FIELDS`` want, or None and every fault as ``field: what was expected``."""
    faults: list[str] = []
    said = {name: words.get(name, "").strip() for name in FIELDS}

    def checked(name: str, check: Callable[[str], Any]) -> Any:
        try:
            return check(said[name])
        except ValueError as error:
            faults.append(f"{name}: {error}")

    kpi = checked("kpi", _kpi)
    value = None if revokes else checked("value", lambda text: _value(text, said["kpi"]))
    span = checked("period", lambda text: period(text, settings.timezone))
    team, rep = checked("team", _name), checked("rep", _name)
    currency = checked("currency", lambda text: _currency(text, said["kpi"], settings.currency))
    if faults:
        return None, faults
    start, end = span
    return Wanted(kpi, start, end, value, team, rep, currency), []


def _kpi(name: str) -> str:
    if is_measured(name):
        return name
    near = get_close_matches(name, MEASURED, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(
        f"expected a KPI of a period such as won_amount, deals_won, reply_rate, or {OBSERVED}NAME, not {name!r}{meant}"
    )


def _value(text: str, kpi: str) -> Decimal:
    if _VALUE.fullmatch(text) is None or not Decimal(text):
        raise ValueError(f"expected a number above 0 such as 250000 or 0.35, without separators, not {text!r}")
    if kpi in by_name and by_name[kpi].unit == "ratio" and Decimal(text) > 1:
        raise ValueError(f"expected a share of at most 1, such as 0.35 for 35 %, not {text!r}")
    return Decimal(text)


def _name(text: str) -> str:
    if len(text) > _LONGEST:
        raise ValueError(f"expected a name of at most {_LONGEST} characters")
    return text


def _currency(text: str, kpi: str, home: str) -> str:
    if text and _CURRENCY.fullmatch(text) is None:
        raise ValueError(f"expected three capital letters such as EUR, not {text!r}")
    if text and not is_money(kpi) and not kpi.startswith(OBSERVED):
        raise ValueError(f"{kpi} is no amount of money")
    return text or (home if is_money(kpi) else "")
