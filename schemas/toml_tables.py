"""Tables of TOML files read to frozen types, with every fault named by the path of its key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

_EXPECTED: Final = {
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "too_short": "at least one value",
    "string_too_short": "at least one character",
    "string_pattern_mismatch": "letters, digits, dots, dashes and underscores",
}


class Table(BaseModel):
    """A table of a file: frozen, and without keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fault(NamedTuple):
    """What is wrong where: a path of keys, and what was expected."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


_T = TypeVar("_T", bound=Table)


def document(text: str, sections: tuple[str, ...], faults: list[Fault]) -> dict[str, Any]:
    """What a text holds, empty if it is no TOML; other keys than ``sections`` are faults."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        faults.append(Fault("", f"expected TOML: {error}"))
        return {}
    faults += [Fault(key, _unknown(key, sections)) for key in found if key not in sections]
    return found


def tables(
    document: Mapping[str, Any],
    section: str,
    kind: type[_T],
    faults: list[Fault],
    stand_in: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, _T]:
    """The tables ``[section.NAME]`` by their names. ``stand_in`` is what a faulty one is taken for.

    What refers to a faulty table is not at fault itself.
    """
    found = document.get(section, {})
    if not isinstance(found, dict):
        faults.append(Fault(section, f"expected tables such as [{section}.NAME]"))
        return {}
    read = {name: table(f"{section}.{name}", each, kind, faults) for name, each in found.items()}
    return {name: each or kind.model_validate(stand_in) for name, each in read.items()}


def table(key: str, found: Any, kind: type[_T], faults: list[Fault]) -> _T | None:
    """A table at a path of keys; None where it has faults."""
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        faults.extend(Fault(_path(key, each["loc"]), _message(each, kind)) for each in error.errors())
        return None


def _path(key: str, places: tuple[int | str, ...]) -> str:
    for place in places:
        if place != "[key]":
            key += f"[{place + 1}]" if isinstance(place, int) else f".{place}"
    return key


def _message(error: Any, kind: type[Table]) -> str:
    place, value = error["loc"], error["input"]
    match error["type"]:
        case "extra_forbidden":
            return _unknown(place[-1], tuple(_keys(_model(kind, place[:-1]))))
        case "missing":
            return f"missing, expected {_keys(_model(kind, place[:-1]))[place[-1]].description}"
        case "value_error":
            return f"{error['ctx']['error']}{_not(value)}"
        case told if told in _EXPECTED:
            return f"expected {_EXPECTED[told]}{_not(value)}"
        case _:
            said = error["msg"].removeprefix("Input should be ")
            return f"expected {said}{_not(value)}"


def _keys(kind: type[Table]) -> dict[Any, FieldInfo]:
    """Fields by the keys that they have in the file."""
    return {field.alias or name: field for name, field in kind.model_fields.items()}


def _model(kind: type[Table], place: tuple[int | str, ...]) -> type[Table]:
    """The table type at a place below ``kind``."""
    for part in place:
        if isinstance(part, str) and part in kind.model_fields:
            kind = _table_of(kind.model_fields[part].annotation) or kind
    return kind


def _table_of(annotation: Any) -> type[Table] | None:
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation
    parts = (_table_of(part) for part in getattr(annotation, "__args__", ()))
    return next((part for part in parts if part is not None), None)


def _unknown(key: Any, known: tuple[str, ...]) -> str:
    close = get_close_matches(str(key), known, n=1)
    return f"unknown key, expected {close[0]}?" if close else f"unknown key, expected one of {', '.join(known)}"


def _not(value: Any) -> str:
    return f", not {value!r}" if isinstance(value, str | int | float | bool) else ""
