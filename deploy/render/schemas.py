"""JSON Schemas (2020-12) of every event that is read and every result that is published."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any, Final

import msgspec
import orjson
from msgspec import Struct

from schemas.envelopes import ENVELOPES
from schemas.results import DeadLetter, KpiRow, LeadFacts, SlaEvent

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_RESULTS: Final[dict[str, type[Struct]]] = {
    "kpi-row": KpiRow,
    "lead-facts": LeadFacts,
    "sla-event": SlaEvent,
    "dead-letter": DeadLetter,
}


def files() -> dict[str, str]:
    """``deploy/schemas/NAME.json`` → its text, keys sorted."""
    return {f"deploy/schemas/{name}.json": _text(name, shape) for name, shape in (ENVELOPES | _RESULTS).items()}


def schema(name: str, shape: type[Struct]) -> dict[str, Any]:
    """The schema of one struct, by itself: whatever it refers to stands under its ``$defs``."""
    (found,), parts = msgspec.json.schema_components([shape], ref_template="#/$defs/{name}")
    root = parts.pop(found["$ref"].rpartition("/")[2])
    whole = {"$schema": _DRAFT, "$id": f"urn:salespulse:{name}", **root, "title": name}
    for part in (whole, *parts.values()):
        # Producers may add fields: they are kept, and ignored.
        part.pop("additionalProperties", None)
        if "description" in part:
            part["description"] = cleandoc(part["description"])
    _state_times(root["properties"])
    if shape in _RESULTS.values():
        # What we publish, we publish with every field.
        whole["required"] = list(root["properties"])
    return whole | ({"$defs": parts} if parts else {})


def _state_times(properties: dict[str, Any]) -> None:
    for name, shape in properties.items():
        if name in ("time", "start", "end", "watermark") or name.endswith("_at"):
            for option in shape.get("anyOf", [shape]):
                if option.get("type") == "string":
                    option["format"] = "date-time"


def _text(name: str, shape: type[Struct]) -> str:
    return orjson.dumps(schema(name, shape), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2).decode() + "\n"
