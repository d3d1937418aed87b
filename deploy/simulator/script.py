"""Writing events down: identities, the time as each source spells it, the envelope."""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import Any, Final

from schemas.events import Millis
from schemas.results import timestamp

EventDict = dict[str, Any]
"""One structured CloudEvent as a plain dict."""
Line = tuple[Millis, str, str, EventDict]
"""An event under its order: time, source, id."""

YES: Final = "Yes, that sounds good. Please send me a quote."
NO: Final = "Nein danke, wir haben kein Interesse."
AWAY: Final = "Estoy fuera de la oficina hasta el lunes."
MEANT: Final = {YES: "positive", NO: "negative", AWAY: "auto"}
"""What replies say that nobody could take for anything else, and its class."""

MAIL: Final = "mail"
DIALER: Final = "dialer"
_BEHIND: Final = {"crm/us": (-5 * 3_600_000, "-05:00"), MAIL: (0, "+00:00")}


@lru_cache(maxsize=10_000)
def _day(number: int) -> str:
    return timestamp(number * 86_400_000)[:11]


def spell(at: Millis, source: str) -> str:
    """RFC 3339 as the source writes it: whole seconds, milliseconds, ``Z`` or an offset."""
    shift, zone = _BEHIND.get(source, (0, "Z"))
    day, of_day = divmod(at + shift, 86_400_000)
    seconds, millis = divmod(of_day, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    if source == DIALER:
        return f"{_day(day)}{hour:02}:{minute:02}:{second:02}{zone}"
    return f"{_day(day)}{hour:02}:{minute:02}:{second:02}.{millis:03}{zone}"


class Script:
    """Collects the events of one subject after another; ids are unique over all of them."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.lines: list[Line] = []

    def name(self, prefix: str) -> str:
        """A name that nothing else has: ``m-17``."""
        return f"{prefix}-{next(self._numbers)}"

    def add(self, at: Millis, source: str, kind: str, subject: str, /, **data: Any) -> Millis:
        """Write one event, leaving out what is None; gives its time, which a dialer cuts to the second."""
        if source == DIALER:
            at -= at % 1000
        ident = f"e-{next(self._numbers)}"
        event = {
            "specversion": "1.0",
            "id": ident,
            "source": source,
            "type": kind,
            "time": spell(at, source),
            "subject": subject,
            "data": {field: value for field, value in data.items() if value is not None},
        }
        self.lines.append((at, source, ident, event))
        return at

    def take(self) -> list[Line]:
        """What was written since the last call."""
        lines, self.lines = self.lines, []
        return lines
