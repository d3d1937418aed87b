"""How results are written: JSON by orjson."""

from __future__ import annotations

import orjson
from msgspec import Struct, structs


def published(result: Struct) -> bytes:
    """The struct as one JSON object, fields in their declared order."""
    return orjson.dumps(structs.asdict(result))
