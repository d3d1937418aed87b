"""What was announced of a clock, as it is stored."""

from __future__ import annotations

from msgspec import Struct

from schemas.events import Millis


class Told(Struct, array_like=True, gc=False):
    """What was announced of a clock as judged by one version, in order; when it started, was due, and ended at last."""

    id: str
    policy: str
    start: Millis
    due: Millis
    steps: list[str]
    end: Millis | None = None
