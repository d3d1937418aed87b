"""Policy files for tests: a small one without a fault, and ways to spoil it."""

from __future__ import annotations

from schemas.policy import PolicyFile
from schemas.policy_file import read
from streams.policy_faults import faults

HEAD = """
[calendars.office]
timezone = "Europe/Berlin"
hours.mon-fri = ["09:00-17:00"]

[teams]
emea.calendar = "office"

[audiences.reps]
kind = "chat"
url_env = "CHAT_URL"
"""


def policy(name: str = "first", version: int = 1, /, **changed: str) -> str:
    """A policy as text; ``changed`` are values in TOML by their keys, dots in keys written as two underscores."""
    values = {
        "name": f'"{name}"',
        "version": str(version),
        "effective_from": f"202{version}-01-01T00:00:00Z",
        "clock": '"first_response"',
        "target": '"4 business hours"',
        "calendar": '"office"',
        "objective": "0.9",
    } | {key.replace("__", "."): value for key, value in changed.items()}
    return "[[policies]]\n" + "".join(f"{key} = {value}\n" for key, value in values.items() if value)


def parsed(text: str) -> PolicyFile:
    """What a text without faults says."""
    file, of_form = read(text)
    assert [*of_form, *faults(file)] == []
    return file


def told(text: str) -> list[str]:
    """Every fault of a text, as ``key: message``."""
    file, of_form = read(text)
    return [str(fault) for fault in (*of_form, *faults(file))]
