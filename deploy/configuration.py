"""``docs/configuration.md``, written from the settings themselves."""

from __future__ import annotations

from deploy.listings import field_rows
from schemas.settings import Settings

_HEAD = """\
# Configuration

Written by `salespulse render` from `schemas/settings.py`. Settings are environment variables, or lines
of a file `.env` in the working directory; `salespulse settings` shows the values in force. Durations are
written `90s`, `15m`, `24h`, `30d`.

| variable | default | meaning |
|---|---|---|
"""


def files() -> dict[str, str]:
    """Path → text of the generated page."""
    rows = (f"| `{name}` | {_code(default)} | {meaning} |\n" for name, default, meaning in field_rows(Settings))
    return {"docs/configuration.md": _HEAD + "".join(rows)}


def _code(default: str) -> str:
    return f"`{default}`" if default else ""
