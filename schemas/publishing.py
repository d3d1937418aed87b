"""How results are written: JSON by orjson."""

from __future__ import annotations

import orjson
from msgspec import Struct, structs


def dumps(document: object, option: int | None = None) -> bytes:
    """JSON in memory of its own size: what orjson 3.13 returns holds 8 KiB or more for as long as it lives."""
    return bytes(memoryview(orjson.dumps(document, option=option)))


def published(result: Struct) -> bytes:
    """The struct as one JSON object, fields in their declared order."""
    return dumps(structs.asdict(result))
