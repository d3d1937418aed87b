"""``make bench``: everything that is measured, one after the other."""

from __future__ import annotations

import subprocess
import sys

ALL = "decoding classification calendars large_leads cost recovery burst live peers"

if __name__ == "__main__":
    for name in ALL.split():
        print(f"benchmarks.{name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
