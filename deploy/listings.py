"""Settings and dead letters, listed on a terminal."""

from __future__ import annotations

import sys
from base64 import b64decode
from collections.abc import Sequence
from typing import Any, get_args

import msgspec
from rich.console import Console
from rich.table import Table

from deploy.wording import hidden
from schemas.results import DeadLetter, timestamp
from schemas.settings import Duration, Instant, Settings, setting

_WIDE = 160
_SHOWN_BYTES = 60


def field_rows(model: type[Settings]) -> list[tuple[str, str, str]]:
    """Environment variable, default and meaning of every setting."""
    return [
        (f"SALESPULSE_{name.upper()}", _written(field.get_default(), field.metadata), field.description or "")
        for name, field in model.model_fields.items()
    ]


def show_settings(settings: Settings) -> None:
    """Print every setting, passwords hidden; a value that is not the default stands out."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("setting", no_wrap=True)
    for heading in ("value", "default", "meaning"):
        table.add_column(heading, overflow="fold")
    fields = type(settings).model_fields.items()
    for (field, info), (name, default, meaning) in zip(fields, field_rows(type(settings)), strict=True):
        value = _written(getattr(settings, field), info.metadata)
        table.add_row(name, value, default, meaning, style="bold" if value != default else None)
    console().print(table)


def show_letters(letters: Sequence[DeadLetter], as_json: bool) -> None:
    """Print dead letters, whole as JSON or as a table of what is wrong where."""
    if as_json:
        for letter in letters:
            print(msgspec.json.encode(letter).decode())
        return
    table = Table("when", "reason", "where", "what is wrong", "record", box=None, padding=(0, 2, 0, 0))
    for letter in letters:
        place = f"{letter.topic}/{letter.partition}@{letter.offset}"
        detail = f"{letter.path} {letter.detail}".strip()
        table.add_row(letter.time, letter.reason, place, detail, _beginning(letter.value))
    console().print(table if letters else "no dead letters")


def console() -> Console:
    """Standard output, wide where it goes to a file or a pipe: there is no edge to wrap at."""
    return Console(width=None if sys.stdout.isatty() else _WIDE, markup=False, highlight=False)


def _beginning(value: str | None) -> str:
    return "" if value is None else b64decode(value)[:_SHOWN_BYTES].decode(errors="replace")


def _written(value: Any, metadata: list[Any]) -> str:
    if value is None:
        return ""
    if any(part in get_args(Duration) for part in metadata):
        return setting(value)
    if any(part in get_args(Instant) for part in metadata):
        return timestamp(value)
    return str(value).lower() if isinstance(value, bool) else hidden(value)
