"""YAML as people would write it: mappings and lists in blocks, several lines of text as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson


def dump(value: Any) -> str:
    """A mapping or list of strings, numbers, mappings and lists, none of them empty; it ends with a line's end."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [line for key, each in value.items() for line in _entry(f"{key}:", each)]
    return [line for each in value for line in _item(each)]


def _entry(head: str, value: Any) -> list[str]:
    if isinstance(value, str) and "\n" in value:
        return [f"{head} |-", *_indented(value.split("\n"))]
    if isinstance(value, Mapping) or _is_list(value):
        return [head, *_indented(_lines(value))]
    return [f"{head} {_scalar(value)}"]


def _item(value: Any) -> list[str]:
    first, *rest = _lines(value) if isinstance(value, Mapping) or _is_list(value) else [_scalar(value)]
    return [f"- {first}", *_indented(rest)]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and '"' in value:
        return "'" + value.replace("'", "''") + "'"
    # A string of JSON is one of YAML too, and nothing in it is taken for a number, a date or a yes.
    return orjson.dumps(value).decode()
