"""Topics to ClickHouse: read, insert, then commit. While ClickHouse is away it stops reading and tries again."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, Final

import structlog
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import (
    DatabaseError,
    DataError,
    InternalError,
    NotSupportedError,
    ProgrammingError,
)
from kafka import KafkaConsumer
from kafka.errors import KafkaError
from prometheus_client import CollectorRegistry
from urllib3.exceptions import HTTPError

from schemas import connection
from schemas.settings import Settings
from sinks.clickhouse.metrics import Metrics
from sinks.clickhouse.recorded_kpis import views as recorded_kpis
from sinks.clickhouse.recorded_kpis.export import exporting
from sinks.clickhouse.rows import Parse, Unusable, parsers
from sinks.clickhouse.schema import connect, migrate
from sinks.clickhouse.writer import Batch, Writer
from sinks.exposition import served

_LARGEST_BATCH: Final = 50_000
_BATCH_SECONDS: Final = 1.0
_LAG_SECONDS: Final = 5.0
_FIRST_RETRY_SECONDS: Final = 0.25
_LAST_RETRY_SECONDS: Final = 15.0
_COMMIT_MS: Final = 10_000
# A server that is away or refuses; what clickhouse-connect itself finds wrong is a bug of ours and stops the sink.
_OUTAGE: Final = (DatabaseError, HTTPError, OSError)
_BUG: Final = (DataError, InternalError, NotSupportedError, ProgrammingError)

log = structlog.get_logger(__name__)


def run(
    settings: Settings,
    stop: threading.Event,
    metrics_port: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    beside: Callable[[CollectorRegistry], AbstractContextManager[None]] = lambda registry: nullcontext(),
) -> None:
    """Write every topic to ``settings.clickhouse`` until ``stop``; both addresses must be set.

    Serves /metrics, recorded KPIs among them, on ``settings.host`` where a port is given. Raises ``KafkaError``
    where no broker answers at the start; later outages, and any of ClickHouse, are waited for. ``beside`` runs
    meanwhile and may have metrics of its own.
    """
    metrics = Metrics()
    with served(metrics.registry, settings.host, metrics_port), beside(metrics.registry), ExitStack() as parts:
        if metrics_port is not None:
            parts.enter_context(exporting(settings, metrics.registry))
        Sink(settings, metrics, clock).run(stop)


def run_until_signalled(settings: Settings, metrics_port: int | None = None) -> None:
    """``run`` until SIGTERM or SIGINT; what was read is written and committed first."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(settings, stop, metrics_port)


def consumer(settings: Settings) -> Any:
    """A consumer of the sink's group that commits only when told to."""
    return KafkaConsumer(
        **connection.kafka(settings),
        client_id=settings.topic("clickhouse"),
        group_id=f"{settings.topic_prefix}-clickhouse",
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        # Fetch little by little and a low rate costs a core; half a second of waiting is not felt.
        fetch_min_bytes=256 * 1024,
        fetch_max_wait_ms=500,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        max_poll_records=_LARGEST_BATCH,
        # In pure Python it costs more than all the rest; the broker has checked them.
        check_crcs=False,
        metadata_max_age_ms=30_000,
        session_timeout_ms=15_000,
    )


def _make_recorded_kpis(client: Client, settings: Settings) -> None:
    try:
        recorded_kpis.create(client, settings)
    except DatabaseError as error:
        # An engine that does not take them takes rows all the same.
        log.warning("views of recorded KPIs not made", why=str(error)[:300])


class Sink:
    """The state of one sink process: its consumer, the batch in hand and the writer, if ClickHouse is there.

    A rebalance changes nothing here. What was read of a partition that is lost is written all the same,
    and again by its next owner; partitions that are kept go on from their positions, which a commit of
    everything consumed covers only once the batch is in.
    """

    def __init__(self, settings: Settings, metrics: Metrics, clock: Callable[[], float]) -> None:
        if settings.clickhouse is None:
            raise ValueError("the ClickHouse sink needs SALESPULSE_CLICKHOUSE")
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._parsers = parsers(settings)
        self._batch = Batch()
        self._began = clock()
        self._writer: Writer | None = None
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._retry_at: float | None = None
        self._uncommitted = False
        self._lag_at = clock()
        self._consumer = consumer(settings)

    def run(self, stop: threading.Event) -> None:
        """Read and write until ``stop``."""
        try:
            self._consumer.subscribe(list(self._parsers))
            while not stop.is_set():
                if self._is_due():
                    self._write()
                self._read()
                self._measure_lag()
            if self._retry_at is None and self._batch.records:
                self._write()
        finally:
            self._consumer.close(autocommit=False)

    def _read(self) -> None:
        if self._retry_at is not None:
            # Polled all the same, to stay a member of the group.
            self._consumer.pause(*self._consumer.assignment())
        elif self._consumer.paused():
            self._consumer.resume(*self._consumer.paused())
        room = max(_LARGEST_BATCH - self._batch.records.total(), 1)
        polled = self._consumer.poll(timeout_ms=round(self._patience() * 1000), max_records=room)
        if polled and not self._batch.records:
            self._began = self._clock()
        for partition, records in polled.items():
            self._take(partition.topic, records)

    def _take(self, topic: str, records: list[Any]) -> None:
        parse: Parse = self._parsers[topic]
        self._batch.records[topic] += len(records)
        for record in records:
            try:
                self._batch.add(parse(record))
            except Unusable as reason:
                # On an input topic the worker makes it a dead letter, which arrives here as well.
                self._metrics.skipped.labels(topic).inc()
                log.debug("skipped", topic=topic, partition=record.partition, offset=record.offset, why=str(reason))

    def _patience(self) -> float:
        """Seconds until something is due."""
        now = self._clock()
        if self._retry_at is not None:
            return min(max(self._retry_at - now, 0), _BATCH_SECONDS)
        if self._batch.records:
            return max(self._began + _BATCH_SECONDS - now, 0)
        return _BATCH_SECONDS

    def _is_due(self) -> bool:
        if self._retry_at is not None:
            return self._clock() >= self._retry_at
        full = self._batch.records.total() >= _LARGEST_BATCH
        return (
            self._writer is None or full or self._uncommitted or (bool(self._batch.records) and self._patience() == 0)
        )

    def _write(self) -> None:
        """Insert the batch and commit its offsets, or see to it that this is tried again."""
        try:
            self._insert()
        except _BUG:
            raise
        except _OUTAGE as error:
            self._wait_for_clickhouse(error)
            return
        if self._retry_at is not None:
            log.info("ClickHouse is back")
        self._retry_at, self._retry_seconds = None, _FIRST_RETRY_SECONDS
        self._uncommitted |= bool(self._batch.records)
        self._batch.clear()
        if self._uncommitted:
            self._commit()

    def _insert(self) -> None:
        if self._writer is None:
            client = connect(self._settings)
            migrate(client, self._settings)
            _make_recorded_kpis(client, self._settings)
            self._writer = Writer(client)
        with self._metrics.seconds.time():
            written: Mapping[str, int] = self._writer.write(self._batch)
        for table, rows in written.items():
            self._metrics.rows.labels(table).inc(rows)

    def _wait_for_clickhouse(self, error: Exception) -> None:
        self._metrics.failures.inc()
        log.warning("ClickHouse does not take the batch", again_in=self._retry_seconds, why=str(error)[:300])
        # It may come back as another server, without our tables.
        self._writer = None
        self._retry_at = self._clock() + self._retry_seconds
        self._retry_seconds = min(self._retry_seconds * 2, _LAST_RETRY_SECONDS)

    def _commit(self) -> None:
        try:
            self._consumer.commit(timeout_ms=_COMMIT_MS)
            self._uncommitted = False
        except KafkaError as error:
            # Tried again below; if the partitions go to another sink, it writes the same rows once more.
            log.warning("offsets not committed", why=str(error))

    def _measure_lag(self) -> None:
        if self._clock() < self._lag_at:
            return
        self._lag_at = self._clock() + _LAG_SECONDS
        assigned = self._consumer.assignment()
        lag = dict.fromkeys(self._parsers, 0)
        try:
            for partition, end in self._consumer.end_offsets(assigned, timeout_ms=1000).items():
                lag[partition.topic] += max(end - (self._consumer.position(partition, timeout_ms=1000) or 0), 0)
        except KafkaError as error:
            log.warning("lag unknown", why=str(error))
            return
        for topic, records in lag.items():
            self._metrics.lag.labels(topic).set(records + self._batch.records[topic])
