"""Policy files checked: one line for each fault, or the order in which the rules are tried."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from rich.table import Table

from deploy.listings import console
from schemas import directory
from schemas.directory import Reps
from schemas.events import Millis
from schemas.policy import ROUND_THE_CLOCK, Clock, Policy, PolicyFile
from schemas.policy_file import read
from streams import directory_faults
from streams.policies import CONDITIONS, Policies
from streams.policy_edits import past_edits
from streams.policy_faults import faults

EXAMPLE = Path(__file__).parent / "policies" / "example.toml"
"""The policies to start from."""
DIRECTORY = EXAMPLE.with_name("directory.toml")
"""The rep directory to start from."""


def check(path: Path) -> tuple[PolicyFile, list[str]]:
    """What a file says, and a line for each of its faults: file, key, what was expected. ``OSError`` if unreadable."""
    text, unreadable = _text(path)
    file, of_form = read(text)
    return file, unreadable or [f"{path}: {fault}" for fault in (*of_form, *faults(file))]


def check_directory(path: Path) -> tuple[Reps, list[str]]:
    """What a rep directory says, and a line for each of its faults. ``OSError`` if unreadable."""
    text, unreadable = _text(path)
    reps, of_form = directory.read(text)
    found = of_form or directory_faults.faults(reps)
    return reps, unreadable or [f"{path}: {fault}" for fault in found]


def _text(path: Path) -> tuple[str, list[str]]:
    try:
        return path.read_text(encoding="utf-8"), []
    except UnicodeDecodeError:
        return "", [f"{path}: expected TOML in UTF-8"]


def check_edits(path: Path, file: PolicyFile, against: Path, now: Millis) -> list[str]:
    """A line for each change of what was in force by ``now``; ``against`` holds what was said until today."""
    old, faulty = check(against)
    return faulty or [f"{path}: {fault}" for fault in past_edits(old, file, now)]


def show_rules(file: PolicyFile, now: Millis) -> None:
    """Print every version; those in force have their place in the order in which they are tried."""
    policies = Policies(file)
    table = Table("clock", "order", "policy", "when", "target", "calendar", "in force", box=None, padding=(0, 2, 0, 0))
    for clock in get_args(Clock):
        in_force = policies.rules(clock, now)
        others = [policy for policy in file.policies if policy.clock == clock and policy not in in_force]
        for place, policy in [*enumerate(in_force, start=1), *(("", other) for other in others)]:
            when, calendar, state = _when(policy), _calendar(policy), _state(policy, file, now)
            table.add_row(clock, str(place), policy.identity, when, str(policy.target), calendar, state)
    console().print(table if file.policies else "no policies")


def _when(policy: Policy) -> str:
    wanted = ((name, getattr(policy.when, name)) for name in CONDITIONS)
    return ", ".join(f"{name} {' or '.join(values)}" for name, values in wanted if values) or "any"


def _calendar(policy: Policy) -> str:
    named = policy.calendar or ROUND_THE_CLOCK
    if policy.whose == "team":
        return f"the team's, else {named}"
    return named if policy.whose == "policy" else f"{named}, {policy.whose}'s zone"


def _state(policy: Policy, file: PolicyFile, now: Millis) -> str:
    ends = [each.effective_from for each in file.policies if each.name == policy.name]
    end = min((each for each in ends if each > policy.effective_from), default=None)
    words = [f"from {_minute(policy.effective_from)}"] + ([f"until {_minute(end)}"] if end else [])
    return " ".join([*words, "(retired)"] if policy.retired else words)


def _minute(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")
