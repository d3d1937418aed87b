"""What befalls the times and the order of events."""

from __future__ import annotations

import re
from typing import Final
from zlib import crc32

import orjson

from deploy.produce import address
from schemas.partitioning import partition_of
from tests.agents.workers import Worker, until
from tests.faults.floor import A_YEAR_AGO, Floor
from tests.faults.of_brokers import has_read
from tests.faults.outcome import FUTURE

_WITHIN_THE_HOUR: Final = re.compile(rb'("time":"[^"]{10}T[0-9]{2}:)[0-9]{2}:[0-9]{2}(\.[0-9]+)?')
_A_YEAR_MS: Final = 365 * 86_400_000


def confuse_the_times(floor: Floor) -> None:
    """Events in no order across topics, weeks late, many of one millisecond, one dated 2200; some places are idle.

    What comes to a topic and a partition that were idle comes after every window has turned final without it.
    """
    worker = floor.worker()
    lines = [_of_one_instant(line) if _is_chosen(line) else line for line in floor.lines]
    floor.rng.shuffle(lines)
    lines.insert(0, orjson.dumps(_dated(lines)).replace(b'"TIME"', FUTURE))
    floor.lines = lines
    busy = [line for line in lines if not _is_idle(line, floor.settings.partitions)]
    idle = [line for line in lines if _is_idle(line, floor.settings.partitions)]
    for part, read in ((busy, len(busy)), (idle, len(lines))):
        floor.lines = part
        with floor.feeding(0):
            pass
        until(lambda: has_read(worker, read), "everything is read", 60)  # noqa: B023
        until(lambda: _has_no_past(worker, floor.settings.partitions), "no partition stands behind", 60)
        floor.injected += 1
    floor.lines = lines


def _is_chosen(line: bytes) -> bool:
    """By lead, so that whatever says the same of it goes on doing so."""
    return crc32(address(line)[1] or b"") % 3 == 0


def _of_one_instant(line: bytes) -> bytes:
    return _WITHIN_THE_HOUR.sub(rb"\g<1>00:00", line)


def _dated(lines: list[bytes]) -> dict[str, object]:
    event = orjson.loads(next(line for line in lines if b"call.completed" in line and line.endswith(b"}}")))
    return event | {"id": "of the future", "time": "TIME"}


def _is_idle(line: bytes, partitions: int) -> bool:
    topic, key = address(line)
    return topic == "deals" or (key is not None and partition_of(key, partitions) == 0)


def _has_no_past(worker: Worker, partitions: int) -> bool:
    """Every partition's clock is the present: those that nothing came to hold no window open."""
    samples = worker.metrics()
    clocks = [samples.total("sales_watermark_seconds", partition=str(number)) or 0 for number in range(partitions)]
    return all(clock * 1000 > A_YEAR_AGO + _A_YEAR_MS for clock in clocks)
