"""A small floor on which somebody waits in every way there is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from schemas.events import Millis
from tests.agents.test_leads import line
from tests.policy_files import HEAD, parsed, policy

MINUTE: Final = 60_000
LEVELS: Final = parsed(
    HEAD
    + policy("hot", 1, when__temperature='"hot"', target='"30 calendar minutes"', calendar='"24x7"', warn_at="[0.5]")
)
MARKUP: Final = "<img src=x onerror=alert(1)>"
"""The id of a lead, and the name of a team and a rep."""
REFUSED: Final = b'{"specversion":"1.0","id":"bad","source":"crm","type":"call.completed","subject":"lead-9","data":{}}'


def noon(at: Millis) -> str:
    """A time zone in which it is noon, so that no hour before or after is of another day."""
    return f"Etc/GMT{datetime.fromtimestamp(at / 1000, UTC).hour - 12:+d}"


def events(at: Millis) -> list[bytes]:
    """Waiting are one hot lead past its deadline, one at risk, a warm one, and one that is called like markup."""
    engaged = {"region": "emea", "channel": "web"}
    return [
        line("lead.engaged", at - 40 * MINUTE, "late", temperature="hot", owner="r-1", team="emea", source="form"),
        line("lead.engaged", at - 20 * MINUTE, "risky", temperature="hot", owner="r-2", team="emea", source="fair"),
        line("lead.engaged", at - 10 * MINUTE, "warm", temperature="warm", owner="r-2", team="emea", source="fair"),
        line("lead.engaged", at - 30 * MINUTE, "met", temperature="hot", owner="r-3", team="amer", source="form"),
        line("call.completed", at - 26 * MINUTE, "met", rep="r-3", team="amer", direction="outbound", answered=True),
        line("lead.engaged", at - 9 * MINUTE, MARKUP, owner=MARKUP, team=MARKUP, source=MARKUP, **engaged),
        REFUSED,
    ]
