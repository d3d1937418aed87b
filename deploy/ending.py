"""Processes that are to end do end, whatever hangs in a client of theirs."""

from __future__ import annotations

import os
import sys
import threading
from typing import Final

_PATIENCE_SECONDS: Final = 60.0


def end_by_force_after(seconds: float = _PATIENCE_SECONDS) -> None:
    """End this process with status 1 and a line on stderr where it has not ended by itself within so long.

    One that is left half stopped holds its place and does nothing, and nobody starts another.
    """
    timer = threading.Timer(seconds, _end, (seconds,))
    timer.daemon = True
    timer.start()


def _end(seconds: float) -> None:
    print(f"salespulse: something has not stopped within {seconds:.0f} s, ended by force", file=sys.stderr, flush=True)
    os._exit(1)
