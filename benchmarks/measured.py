"""``deploy/measured.json``: what benchmarks found, for ``salespulse size`` and the documents to reckon with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson

FILE: Final = Path(__file__).parents[1] / "deploy" / "measured.json"


def note(section: str, found: Any) -> None:
    """Put what was found in place of what the section said before; ``salespulse render`` is to follow."""
    known = orjson.loads(FILE.read_bytes())
    FILE.write_bytes(orjson.dumps(known | {section: found}, option=orjson.OPT_INDENT_2) + b"\n")
