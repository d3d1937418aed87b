"""The same statements for a cluster of replicas: made on every server of it, with tables that replicate."""

from __future__ import annotations

import re
from typing import Final

_MAKING: Final = re.compile(
    r"^((?:CREATE (?:OR REPLACE )?(?:DATABASE|TABLE|(?:MATERIALIZED )?VIEW)|ALTER TABLE)(?: IF NOT EXISTS)?"
    r" (?:\{\w+:Identifier\}|\w+))",
    re.MULTILINE,
)
"""Up to the name of what is made; it begins a line. Temporary tables are of one session, on one server."""
_ENGINE: Final = re.compile(r"\bENGINE = (\w*MergeTree)\b")
_OURS: Final = "SETTINGS fsync_after_insert = 1"
_THEIRS: Final = f"{_OURS}, replicated_deduplication_window = 0"
"""A block that is inserted again is to be inserted: what was lost of it may be a materialised view's share."""


def replicated(statement: str, cluster: str) -> str:
    """The statement as ``cluster`` is to run it; unchanged where there is none.

    Tables take their path and name in Keeper from the server (``default_replica_path``, ``default_replica_name``).
    """
    if not cluster:
        return statement
    named = _MAKING.sub(rf"\1 ON CLUSTER '{cluster}'", statement)
    return _ENGINE.sub(r"ENGINE = Replicated\1", named).replace(_OURS, _THEIRS)
