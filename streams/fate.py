"""What became of a message, as bits that every report adds to."""

from __future__ import annotations

from typing import Final

DELIVERED: Final = 1
BOUNCED: Final = 2
OPENED: Final = 4
OPENED_BY_MACHINE: Final = 8
CLICKED: Final = 16
CLICKED_BY_MACHINE: Final = 32
SEEN: Final = OPENED | OPENED_BY_MACHINE | CLICKED | CLICKED_BY_MACHINE

BY_PERSON: Final = {
    "email.delivered": DELIVERED,
    "email.bounced": BOUNCED,
    "email.opened": OPENED,
    "email.clicked": CLICKED,
}
BY_MACHINE: Final = BY_PERSON | {"email.opened": OPENED_BY_MACHINE, "email.clicked": CLICKED_BY_MACHINE}
"""Type of event → what it reports."""


def openers(fate: int) -> int:
    """Who opened it: 1 a person, 2 a machine, 3 both."""
    return fate >> 2 & 3


def clickers(fate: int) -> int:
    """Who clicked in it: 1 a person, 2 a machine, 3 both."""
    return fate >> 4 & 3
