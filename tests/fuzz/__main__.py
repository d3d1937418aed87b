"""The long campaign: ``python -m tests.fuzz --minutes 10``; ends with exit 1 at the first finding.

Half of the time records broken at known places go through the decoder, both readers and both stages; the
other half libFuzzer changes bytes, where atheris is installed. Equal seeds make equal records.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from random import randrange
from tempfile import TemporaryDirectory
from time import monotonic, process_time

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from schemas.event import Event
from tests.fuzz.floor import TOPICS, floor
from tests.fuzz.guided import seeds
from tests.fuzz.laws import judge
from tests.fuzz.records import Arrival, arrivals

_ROUND = settings(
    max_examples=1_500,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.normal,
    print_blob=True,
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=randrange(1 << 31))
    chosen = parser.parse_args()
    guided = find_spec("atheris") is not None
    print(f"seed {chosen.seed}", flush=True)
    seconds = chosen.minutes * 60 / (2 if guided else 1)
    _broken(chosen.seed, seconds)
    if not guided:
        print("atheris is not installed: it has wheels for Linux on x86-64 alone")
        return 0
    return _guided(chosen.seed, seconds)


def _broken(first: int, seconds: float) -> None:
    """Rounds of records by themselves, then of records through both stages, each from a seed of its own."""
    ends, cpu, tried = monotonic() + seconds, process_time(), Counter[str]()

    def one(arrival: Arrival) -> None:
        outcome = judge(arrival)
        tried["used" if isinstance(outcome, Event) else outcome.reason] += 1

    def together(found: list[Arrival], partitions: int) -> None:
        with floor(partitions=partitions) as pipeline:
            for start in range(0, len(found), 10):
                pipeline.feed(found[start : start + 10])
                pipeline.commit()
            tried["through both stages"] += len(found)

    number = first
    while monotonic() < ends:
        _ROUND(seed(number)(given(arrivals())(one)))()
        many = st.lists(arrivals(TOPICS), min_size=10, max_size=60)
        settings(_ROUND, max_examples=20)(seed(number)(given(many, st.integers(1, 3))(together)))()
        number += 1
    spent = process_time() - cpu
    print(f"seeds {first} to {number - 1}: {tried.total():,} records in {spent:.0f} CPU-s, {dict(tried)}", flush=True)


def _guided(first: int, seconds: float) -> int:
    with TemporaryDirectory() as made:
        directory = Path(made)
        seeds(directory)
        words = [f"-seed={first}", f"-max_total_time={seconds:.0f}", "-max_len=4096", "-print_final_stats=1"]
        words += [f"-dict={directory / 'words'}", f"-artifact_prefix={directory}/found-", str(directory / "corpus")]
        ended = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.under_atheris", *words],
            # Only plain Python tells libFuzzer where it goes.
            env=os.environ | {"SALESPULSE_PURE": "1"},
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        found = [file.read_bytes() for file in directory.glob("found-*")]
        print(ended.stderr[-3_000:] if ended.returncode else _last_words(ended.stderr))
        for data in found:
            print(f"found: {data!r}")
    return 1 if ended.returncode or found else 0


def _last_words(told: str) -> str:
    lines = told.splitlines()
    return "\n".join(line for line in lines if line.startswith(("stat::", "Done ")) or "DONE" in line)


if __name__ == "__main__":
    sys.exit(main())
