"""How much of everything a load takes, reckoned from what the benchmarks measured; nothing here is a promise."""

from __future__ import annotations

from functools import cache
from math import ceil
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from deploy.wording import duration
from schemas.settings import Settings

Kpis = Literal["light", "leads", "full"]
FILE: Final = Path(__file__).with_name("measured.json")

BUSY: Final = 0.6
"""The share of its core that a worker is given to do: the rest is for bursts, and the partitions of one that died."""
MOST_PARTITIONS: Final = 1024
_EVENT_BYTES: Final = 265
"""As in the benchmarks."""


class Stage(Struct, frozen=True):
    """One stage that reads a backlog: CPU seconds per million events, and its most memory."""

    cpu_seconds: float
    peak_mib: int


class Cost(Struct, frozen=True):
    """Both stages, with some selection of KPIs; None where the second was not measured."""

    stage1: Stage
    stage2: Stage | None = None


class Recovery(Struct, frozen=True):
    """Changelog records that a worker reads in a second."""

    records_a_second: int


class Live(Struct, frozen=True):
    """How many times as much an event costs while it is live, in small cycles; the sink's CPU seconds per million."""

    over_backlog: float
    sink_cpu_seconds: float


class Clocks(Struct, frozen=True):
    """Cores that a million clocks take while nothing is due."""

    cores_a_million: float


class LeadSize(Struct, frozen=True):
    """What one lead of five events takes in stage 1."""

    directory: float
    changelog: float
    records: float


class Sizes(Struct, frozen=True):
    """Bytes of what is kept."""

    light: LeadSize
    leads: LeadSize
    full: LeadSize
    event_in_clickhouse: int


class Measured(Struct, frozen=True, forbid_unknown_fields=True):
    """``measured.json``."""

    machine: str
    cost: dict[Kpis, Cost]
    recovery: Recovery
    live: Live
    clocks: Clocks
    sizes: Sizes


class Load(Struct, frozen=True):
    """What is asked: events a second at the busiest, leads that are remembered, clocks that run at once."""

    rate: float
    leads: int
    clocks: int = 0
    kpis: Kpis = "full"


class Size(Struct, frozen=True):
    """What it takes. Bytes are of one copy; a worker is one process with both stages, a sink another, a core each."""

    cores: float
    workers: int
    partitions: int
    worker_mib: int
    worker_disk: int
    catch_up: float | None
    recovery_seconds: float
    changelog: int
    input_a_second: float
    sinks: int
    clickhouse_a_day: float


@cache
def measured() -> Measured:
    """What the benchmarks found last."""
    return msgspec.json.decode(FILE.read_bytes(), type=Measured)


def size(load: Load, found: Measured) -> Size:
    """What the load takes, were every machine the one that was measured."""
    backlog = _cpu_seconds(found, load.kpis) / 1e6
    cores = load.rate * backlog * found.live.over_backlog + load.clocks * found.clocks.cores_a_million / 1e6
    workers = max(1, ceil(cores / BUSY))
    lead = getattr(found.sizes, load.kpis)
    return Size(
        cores=cores,
        workers=workers,
        partitions=_partitions(workers),
        worker_mib=_mib(found, load.kpis),
        worker_disk=ceil(load.leads * lead.directory / workers),
        catch_up=_catch_up(load.rate, workers / backlog),
        recovery_seconds=load.leads * lead.records / workers / found.recovery.records_a_second,
        changelog=ceil(load.leads * lead.changelog),
        input_a_second=load.rate * _EVENT_BYTES,
        sinks=max(1, ceil(load.rate * found.live.sink_cpu_seconds / 1e6 / BUSY)),
        clickhouse_a_day=load.rate * 86_400 * found.sizes.event_in_clickhouse,
    )


def _cpu_seconds(found: Measured, kpis: Kpis) -> float:
    """Of both stages; one that was not measured is taken to grow as the first does."""
    cost, other = found.cost[kpis], found.cost["leads"]
    if cost.stage2 is not None:
        return cost.stage1.cpu_seconds + cost.stage2.cpu_seconds
    assert other.stage2 is not None
    return cost.stage1.cpu_seconds * (1 + other.stage2.cpu_seconds / other.stage1.cpu_seconds)


def _mib(found: Measured, kpis: Kpis) -> int:
    stage2 = found.cost[kpis].stage2 or found.cost["leads"].stage2
    return found.cost[kpis].stage1.peak_mib + (stage2.peak_mib if stage2 else 0)


def _partitions(workers: int) -> int:
    """A power of two with two partitions for each worker, so that there may be twice as many; at least the default."""
    wanted: int = max(Settings.model_fields["partitions"].default, 2 * workers)
    return 1 << (wanted - 1).bit_length()


def _catch_up(rate: float, capacity: float) -> float | None:
    """Seconds to read what an hour's outage left, while as much goes on arriving; None where that never ends."""
    return 3600 * rate / (capacity - rate) if capacity > rate else None


def listed(found: Size) -> list[tuple[str, str]]:
    """What it takes, in words."""
    behind = "never: it needs more workers" if found.catch_up is None else duration(found.catch_up)
    return [
        ("cores at work", f"{found.cores:,.2f}"),
        ("workers, one core each", f"{found.workers:,}"),
        ("partitions (SALESPULSE_PARTITIONS)", f"{found.partitions:,}" + _too_many(found.partitions)),
        ("memory of a worker, in a backlog", f"{found.worker_mib:,} MiB"),
        ("disk of a worker", volume(found.worker_disk)),
        ("a lost directory is recovered in", duration(found.recovery_seconds)),
        ("an hour's outage is caught up in", behind),
        ("sinks, one core each", f"{found.sinks:,}"),
        ("events into Kafka", f"{volume(found.input_a_second)} a second, each copy"),
        ("state in Kafka (changelog)", f"{volume(found.changelog)}, each copy"),
        ("events in ClickHouse", f"{volume(found.clickhouse_a_day)} a day, each copy"),
    ]


def _too_many(partitions: int) -> str:
    return f"; more than {MOST_PARTITIONS:,} are not to be had: see docs/scaling.md" * (partitions > MOST_PARTITIONS)


def volume(size: float) -> str:
    """Bytes as a person reads them: ``265 B``, ``1.5 GiB``."""
    unit = "B"
    for larger in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:,.0f} {unit}" if size >= 100 else f"{size:.3g} {unit}"
