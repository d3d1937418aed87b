"""Targets from a CSV file: every line is read and checked before anything is sent."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final

from deploy.targets.wanted import FIELDS, Wanted, read
from schemas.settings import Settings

_REQUIRED: Final = ("kpi", "value", "period")


def lines(path: Path, settings: Settings) -> tuple[list[Wanted], list[str]]:
    """The targets of a file, and a line ``FILE:NUMBER: what is wrong`` for each fault. ``OSError`` if unreadable.

    The first line names the columns, those of ``FIELDS``; they are separated by commas or semicolons.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [f"{path}: expected UTF-8: {error.reason} at byte {error.start}"]
    rows = csv.reader(text.splitlines(keepends=True), delimiter=_delimiter(text), strict=True)
    found: dict[Any, tuple[int, Wanted]] = {}
    faults: list[str] = []
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        if wrong := _wrong(header):
            return [], [f"{path}:1: {wrong}"]
        for row in rows:
            if any(cell.strip() for cell in row):
                told = _line(row, header, rows.line_num, found, settings)
                faults += [f"{path}:{rows.line_num}: {fault}" for fault in told]
    except csv.Error as error:
        faults.append(f"{path}:{rows.line_num}: {error}")
    return [wanted for _, wanted in found.values()], faults


def _line(
    row: list[str], header: list[str], number: int, found: dict[Any, tuple[int, Wanted]], settings: Settings
) -> list[str]:
    if len(row) != len(header):
        return [f"expected {len(header)} columns as in the first line, not {len(row)}"]
    wanted, faults = read(dict(zip(header, row, strict=True)), settings)
    if wanted is None:
        return faults
    first, other = found.setdefault(wanted.place, (number, wanted))
    if other != wanted:
        return [f"value: line {first} sets the same target to {other.value}"]
    return []


def _wrong(header: list[str]) -> str | None:
    columns = f"expected the columns {', '.join(_REQUIRED)}, and any of team, rep, currency"
    if unknown := [name for name in header if name not in FIELDS]:
        return f"{columns}; {unknown[0]!r} is none of them"
    if missing := [name for name in _REQUIRED if name not in header]:
        return f"{columns}; {missing[0]} is missing"
    if len(set(header)) < len(header):
        return f"{columns}, each once"
    return None


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return ";" if first.count(";") > first.count(",") else ","
