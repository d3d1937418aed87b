"""What a process costs, seen from outside: CPU and memory of it and its children, and how the logs of a broker grow."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

_SAMPLE_SECONDS: Final = 0.05
_FAMILY_SECONDS: Final = 0.5


class Watch(threading.Thread):
    """Samples a process and its children until both are gone or it is told to stop."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        """The most memory (resident, bytes) that they had together."""
        self._root = psutil.Process(pid)
        self._family = [self._root]
        self._cpu: dict[int, float] = {}
        self._samples = [(time.monotonic_ns(), 0.0)]
        self._ending = threading.Event()

    def run(self) -> None:
        looked = 0.0
        while not self._ending.wait(_SAMPLE_SECONDS):
            if time.monotonic() - looked > _FAMILY_SECONDS:
                looked = time.monotonic()
                self._look()
            self._sample()

    def stop(self) -> None:
        self._ending.set()
        self.join()

    def cpu(self, at: int) -> float:
        """CPU seconds up to an instant of the monotonic clock, in nanoseconds; interpolated between samples."""
        before = self._samples[0]
        for sample in self._samples:
            if sample[0] >= at:
                share = (at - before[0]) / max(1, sample[0] - before[0])
                return before[1] + share * (sample[1] - before[1])
            before = sample
        return before[1]

    @property
    def last(self) -> int:
        """The instant of the last sample in which anything had been used."""
        used = self._samples[-1][1]
        return next(at for at, cpu in self._samples if cpu == used)

    def _look(self) -> None:
        with suppress(psutil.Error):
            children = self._root.children(recursive=True)
            known = {process.pid for process in self._family}
            # The watcher that ends a process with its parent (deploy.local.leash) is no part of an engine.
            new = [child for child in children if child.pid not in known]
            self._family += [child for child in new if not any("leash.py" in part for part in child.cmdline())]

    def _sample(self) -> None:
        memory = 0
        for process in self._family:
            with suppress(psutil.Error), process.oneshot():
                used = process.cpu_times()
                self._cpu[process.pid] = used.user + used.system
                memory += process.memory_info().rss
        self.peak = max(self.peak, memory)
        self._samples.append((time.monotonic_ns(), sum(self._cpu.values())))


class Logs:
    """How much the logs of a broker grew since this was made, whatever was compacted or deleted meanwhile."""

    def __init__(self, directory: Path, but: list[str]) -> None:
        self._directory = directory
        self._but = tuple(f"{topic}-" for topic in but)
        self._most = self._sizes()
        self._before = sum(self._most.values())

    def grown(self) -> int:
        """Bytes of all topics but those that were named; has to be called now and then."""
        for path, size in self._sizes().items():
            self._most[path] = max(size, self._most.get(path, 0))
        return sum(self._most.values()) - self._before

    def _sizes(self) -> dict[Path, int]:
        found: dict[Path, int] = {}
        for path in self._directory.glob("*/*.log"):
            if not path.parent.name.startswith((*self._but, "__cluster_metadata")):
                with suppress(OSError):
                    found[path] = path.stat().st_size
        return found
