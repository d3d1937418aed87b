"""Amounts as integers: exact to the twelfth decimal, which is as many as an event may have."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

_DECIMALS: Final = 12
_ONE: Final = 10**_DECIMALS


def scaled(amount: str | int | float) -> int:
    """The amount in units of 10⁻¹², rounded where a number of JSON has more decimals than that."""
    if isinstance(amount, int):
        return amount * _ONE
    return int(Decimal(str(amount)).scaleb(_DECIMALS).to_integral_value(ROUND_HALF_EVEN))


def decimal(scaled_amount: int) -> str:
    """The amount as a plain decimal number, without zeros at its end."""
    whole, rest = divmod(abs(scaled_amount), _ONE)
    sign = "-" if scaled_amount < 0 else ""
    return f"{sign}{whole}" + (f".{rest:0{_DECIMALS}}".rstrip("0") if rest else "")
