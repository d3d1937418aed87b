"""``salespulse replay``: the pipeline over recorded events, from an empty state to its end, every window final."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from base64 import b64decode
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.app import StageApp
from agents.leads import EventClock
from agents.worker import work
from deploy import topics
from deploy.attainment import attainment
from deploy.produce import produce, read_lines
from schemas import connection
from schemas.catalogue import Family
from schemas.events import Millis
from schemas.policy import NOTHING, PolicyFile
from schemas.settings import Settings
from streams.rows import NOT_COUNTED

_REPORTED = ("all", "1d")
_DAY: Millis = 86_400_000
_FOREVER: Millis = 10_000 * 365 * _DAY

Report = Callable[[str, float], None]
"""Called with what is being done and how much of it is done, 0…1."""


class ReplayFailed(Exception):
    """The pipeline stopped before the end; the text says why."""


def replay(
    settings: Settings,
    files: Sequence[Path],
    report: Report = lambda doing, done: None,
    policies: PolicyFile = NOTHING,
) -> dict[str, Any]:
    """The contract's ``{"events", "kpis", "sla"}`` of the recorded events; ``settings`` name a Kafka that is there."""
    with _floor(settings) as floor:
        read = produce(floor, read_lines(files), progress=lambda lines: report(f"{lines:,} events to Kafka", 0.0)).n
        distinct = asyncio.run(_run(floor, read, report, policies))
        letters, rows, announced = asyncio.run(_results(floor))
        events = {"read": read, "distinct": distinct, "dead_letters": letters}
        return {"events": events, "kpis": rows, "sla": attainment(announced)}


@contextmanager
def _floor(settings: Settings) -> Iterator[Settings]:
    """Topics and a directory of its own, gone afterwards."""
    prefix = f"{settings.topic_prefix}{topics.REPLAY_MARK}{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="salespulse-replay-") as directory:
        changes = {
            "topic_prefix": prefix,
            "data_dir": Path(directory),
            "dead_letter_share": 1.0,
            "windows": ",".join(_REPORTED),
            "port": 0,
            # A log of several years has a row for each of its days.
            "keep_1d": _FOREVER,
        }
        floor = settings.model_copy(update=changes)
        try:
            topics.create(floor)
            yield floor
        finally:
            topics.delete(floor)


async def _run(settings: Settings, total: int, report: Report, policies: PolicyFile) -> int:
    """Run the worker until both stages have settled at the end of the clock; the number of distinct events."""
    stop, apps, clock = asyncio.Event(), list[StageApp](), EventClock()
    working = asyncio.ensure_future(
        work(settings, policies=policies, event_clock=clock, stop=stop, started=apps.extend)
    )
    while not working.done() and not (clock.end is not None and _settled(apps, clock.end)):
        done = sum(p.records for p in apps[0].engine.partitions.values()) if apps else 0
        if clock.end is None and done >= total and _settled(apps[:1], clock.latest):
            clock.end = clock.latest + final_after(settings)
        report("events to KPIs", min(1.0, done / total) if total else 1.0)
        await asyncio.wait({working}, timeout=0.25)
    interrupted = working.done()
    # There are no apps where the settings are refused, as is told below.
    partitions = [p for app in apps[:1] for p in app.engine.partitions.values()]
    distinct = sum(p.processor.distinct for p in partitions)  # type: ignore[attr-defined]
    stop.set()
    if await working:
        raise ReplayFailed("; ".join(app.stopped_for or repr(app.crash_reason) for app in apps if app.crashed))
    if interrupted:
        raise KeyboardInterrupt
    return distinct


def final_after(settings: Settings) -> Millis:
    """How long after the latest event every window is final."""
    horizon = max(settings.response_horizon, settings.reply_horizon, settings.follow_up_horizon)
    return horizon + settings.allowed_lateness + 2 * _DAY


def _settled(apps: Sequence[StageApp], clock: Millis) -> bool:
    engines = [app.engine for app in apps]
    failures = [reason for engine in engines for reason in engine.status()["failures"].values()]
    if failures:
        raise ReplayFailed("; ".join(failures))
    return bool(engines) and all(
        engine.assigned
        and engine.partitions
        and engine.is_drained
        and all(p.processor.settled_at == clock and p.is_idle for p in engine.partitions.values())  # type: ignore[attr-defined]
        for engine in engines
    )


async def _results(settings: Settings) -> tuple[dict[str, int], list[dict[str, Any]], list[dict[str, Any]]]:
    """Dead letters by reason, rows, announcements."""
    return await _dead_letters(settings), await _rows(settings), await _announced(settings)


async def _rows(settings: Settings) -> list[dict[str, Any]]:
    """The standing rows of the reported windows in a fixed order, without revision and watermark."""
    standing: dict[bytes, bytes] = {}
    for family in get_args(Family):
        async for key, value in _records(settings, f"kpi.{family}"):
            standing[key] = value
    rows = []
    for _, value in sorted(standing.items()):
        row = orjson.loads(value)
        if row["window"] in _REPORTED and not _nothing(row):
            rows.append({name: field for name, field in row.items() if name not in ("revision", "watermark")})
            rows[-1]["final"] = True
    return rows


def _nothing(row: dict[str, Any]) -> bool:
    """Nothing belongs to the row, or nothing does any more after a correction."""
    return not row["count"] and not any(row["statistics"].get(rest) for rest in NOT_COUNTED)


async def _announced(settings: Settings) -> list[dict[str, Any]]:
    return [orjson.loads(value) async for _, value in _records(settings, "sla")]


async def _dead_letters(settings: Settings) -> dict[str, int]:
    payloads: dict[str, set[bytes]] = defaultdict(set)
    async for _, value in _records(settings, "dead-letters"):
        letter = orjson.loads(value)
        payloads[letter["reason"]].add(b64decode(letter["value"] or ""))
    return {reason: len(found) for reason, found in sorted(payloads.items())}


async def _records(settings: Settings, name: str) -> AsyncIterator[tuple[bytes, bytes]]:
    """By aiokafka, since of a long log there are more rows than events, and it has them decoded by compiled code."""
    topic = settings.topic(name)
    consumer = AIOKafkaConsumer(
        **connection.kafka(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        # Without it a partition that was just assigned may be read from its end, whatever is sought.
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        parts = [TopicPartition(topic, number) for number in range(settings.partitions)]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        while any([await _is_behind(consumer, part) for part in parts]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    yield record.key, record.value
    finally:
        await consumer.stop()


async def _is_behind(consumer: AIOKafkaConsumer, part: TopicPartition) -> bool:
    """Up to the last record: where the committed ones end is known a little later than the commit is acknowledged."""
    end = consumer.highwater(part)
    return end is None or await consumer.position(part) < end


def write(result: dict[str, Any], out: Path) -> None:
    """The result as JSON with sorted keys: equal results are equal bytes."""
    out.write_bytes(orjson.dumps(result, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n")
