"""Instants as events spell them: RFC 3339 text to milliseconds, and back to the same text."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from schemas.events import Millis

MILLIS_Z: Final = 0
"""The spelling ``2026-03-02T09:14:05.120Z``."""
UNUSUAL: Final = -1
"""A spelling that has no number: the text itself has to be kept."""

_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:", re.ASCII)
_USUAL: Final = 40
_REST = re.compile(r"([0-5][0-9]|60)(?:\.([0-9]+))?(?:(Z)|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))", re.ASCII)


def parse(text: str) -> tuple[Millis, int]:
    """Milliseconds since 1970, rounded down, and the spelling.

    ``ValueError`` unless RFC 3339 with an offset, in capitals: ``t`` and ``z`` are for the caller to raise.
    """
    try:
        return _MINUTES[text[:17]] + _SECONDS[text[17:20]] + _MILLIS[text[20:]], MILLIS_Z
    except KeyError:
        pass
    # Those of a usual length are remembered: a fraction may have a million digits.
    rest, spelling = (_remembered if len(text) <= _USUAL else _rest)(text[17:])
    return _MINUTES[text[:17]] + rest, spelling


def spell(at: Millis, spelling: int) -> str:
    """The text that ``parse`` read as ``at`` in this spelling."""
    digits, offset, zone = _style(spelling)
    minute, rest = divmod(at + offset, 60_000)
    seconds, millis = divmod(rest, 1000)
    if digits == 3:
        return f"{_head(minute)}{seconds:02}.{millis:03}{zone}"
    fraction = f".{millis:03}000000"[: digits + 1] if digits else ""
    return f"{_head(minute)}{seconds:02}{fraction}{zone}"


@lru_cache(maxsize=1 << 15)
def _head(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%dT%H:%M:")


@lru_cache(maxsize=1 << 11)
def _style(spelling: int) -> tuple[int, Millis, str]:
    """Digits after the point, the zone's offset and its text; see ``_spelling``."""
    zone, digits = divmod(spelling, 10)
    quarters = zone // 2 if zone % 2 else -(zone // 2)
    hours, quarter = divmod(abs(quarters), 4)
    text = f"{'+' if zone % 2 else '-'}{hours:02}:{quarter * 15:02}" if zone else "Z"
    return (digits + 3) % 10, quarters * 900_000, text


class _Minutes(dict[str, Millis]):
    """Text up to the minute → milliseconds."""

    def __missing__(self, text: str) -> Millis:
        if _MINUTE.fullmatch(text) is None:
            raise ValueError("expected RFC 3339, such as 2026-03-02T09:14:05.120Z")
        if len(self) >= 1 << 15:
            self.clear()
        at = self[text] = int(datetime.fromisoformat(text + "00+00:00").timestamp()) * 1000
        return at


_MINUTES: Final = _Minutes()
_SECONDS: Final = {f"{second:02}.": second * 1000 for second in range(60)}
_MILLIS: Final = {f"{millis:03}Z": millis for millis in range(1000)}


def _rest(text: str) -> tuple[Millis, int]:
    match = _REST.fullmatch(text)
    if match is None:
        raise ValueError("expected RFC 3339 with an offset, such as 2026-03-02T09:14:05.120Z")
    seconds, fraction, zulu, sign, hours, minutes = match.groups()
    offset = 0 if zulu else (int(hours) * 60 + int(minutes)) * (-1 if sign == "-" else 1)
    millis = int(seconds) * 1000 + int(((fraction or "") + "000")[:3])
    usual = seconds != "60" and offset % 15 == 0 and (offset or sign != "-")
    return millis - offset * 60_000, _spelling(fraction or "", zulu, offset // 15) if usual else UNUSUAL


_remembered = lru_cache(maxsize=1 << 16)(_rest)


def _spelling(fraction: str, zulu: str | None, quarters: int) -> int:
    """Tens: the zone (0 Z, odd east, even west); ones: digits after the point, three of them being 0."""
    if len(fraction) > 9 or fraction[3:].strip("0"):
        return UNUSUAL
    zone = 0 if zulu else 2 * quarters + 1 if quarters >= 0 else -2 * quarters
    return 10 * zone + (len(fraction) - 3) % 10


_EPOCH: Final = date(1970, 1, 1)
# Looked up rather than formatted: facts have several times each.
_SECOND_TEXTS: Final = [f"{second:02}" for second in range(60)]
_MILLI_TEXTS: Final = ["Z", *(f".{millis:03}Z" for millis in range(1, 1000))]


def timestamp(at: Millis) -> str:
    """RFC 3339 in UTC, ``2026-03-02T09:00:00Z``; milliseconds only where there are any."""
    seconds, millis = divmod(at, 1000)
    minute, second = divmod(seconds, 60)
    return _minute(minute) + _SECOND_TEXTS[second] + _MILLI_TEXTS[millis]


@lru_cache(maxsize=1 << 14)
def _minute(number: int) -> str:
    days, minutes = divmod(number, 1440)
    return f"{(_EPOCH + timedelta(days=days)).isoformat()}T{minutes // 60:02}:{minutes % 60:02}:"
