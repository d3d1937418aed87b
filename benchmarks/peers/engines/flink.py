"""PyFlink as its documentation writes it: Kafka source, keyed process functions with state on RocksDB, Kafka sink.

Checkpoints every second, incremental, into a directory; the sink sends at least once. Everything is in one process of
Java (a local cluster) with a worker in Python. PyFlink's sink can take no part of a record for its key: there is none.

``python -m benchmarks.peers.engines.flink CONNECTOR_JAR``
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import orjson
from pyflink.common import Configuration, Types, WatermarkStrategy
from pyflink.common.serialization import SimpleStringSchema
from pyflink.datastream import KeyedProcessFunction, MapFunction, RuntimeContext, StreamExecutionEnvironment
from pyflink.datastream.connectors.base import DeliveryGuarantee
from pyflink.datastream.connectors.kafka import (
    KafkaOffsetsInitializer,
    KafkaRecordSerializationSchema,
    KafkaSink,
    KafkaSource,
)
from pyflink.datastream.state import ValueStateDescriptor

from benchmarks.peers.work import Marks, Work, absorb, add

_KEYED = Types.TUPLE([Types.STRING(), Types.PICKLED_BYTE_ARRAY()])


class Parse(MapFunction):
    """Lines to leads and events."""

    def __init__(self, work: Work) -> None:
        self._marks = Marks(work)

    def map(self, value: str) -> tuple[str, dict[str, Any]]:
        self._marks.seen()
        event = orjson.loads(value)
        return event["subject"], event


class Follow(KeyedProcessFunction):
    """Events to the state of a lead, and what changes by them."""

    def open(self, runtime_context: RuntimeContext) -> None:
        self._lead = runtime_context.get_state(ValueStateDescriptor("lead", Types.PICKLED_BYTE_ARRAY()))

    def process_element(self, value: Any, ctx: Any) -> Iterator[tuple[str, list[int]]]:
        before = self._lead.value()
        after, changed = absorb(before, value[1])
        if after is not before:
            self._lead.update(after)
        for team, start, change in changed:
            yield f"{team}|{start}", change


class Count(KeyedProcessFunction):
    """Changes to the state of a cell, published by a timer within a second."""

    def open(self, runtime_context: RuntimeContext) -> None:
        self._cell = runtime_context.get_state(ValueStateDescriptor("cell", Types.PICKLED_BYTE_ARRAY()))
        self._waits = runtime_context.get_state(ValueStateDescriptor("waits", Types.BOOLEAN()))

    def process_element(self, value: Any, ctx: Any) -> Iterator[str]:
        self._cell.update(add(self._cell.value(), value[1]))
        if not self._waits.value():
            self._waits.update(True)
            timers = ctx.timer_service()
            # At the next whole second, so that timers coalesce.
            timers.register_processing_time_timer(timers.current_processing_time() // 1000 * 1000 + 1000)
        yield from ()

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[str]:
        self._waits.update(False)
        team, start = ctx.get_current_key().split("|")
        yield orjson.dumps({"team": team, "start": int(start), "cell": self._cell.value()}).decode()


def main() -> None:
    """Run until told to stop."""
    work = Work.given()
    settings = Configuration()
    settings.set_string("state.backend.type", "rocksdb")
    settings.set_string("execution.checkpointing.incremental", "true")
    settings.set_string("execution.checkpointing.dir", (work.directory / "checkpoints").as_uri())
    env = StreamExecutionEnvironment.get_execution_environment(settings)
    env.add_jars(f"file://{sys.argv[1]}")
    env.set_python_executable(sys.executable)
    env.set_parallelism(1)
    env.enable_checkpointing(1000)
    source = (
        KafkaSource.builder()
        .set_bootstrap_servers(work.kafka)
        .set_topics(*work.topics)
        .set_group_id(work.group)
        .set_starting_offsets(KafkaOffsetsInitializer.earliest())
        .set_value_only_deserializer(SimpleStringSchema())
        .build()
    )
    rows = KafkaRecordSerializationSchema.builder().set_topic(work.results)
    sink = (
        KafkaSink.builder()
        .set_bootstrap_servers(work.kafka)
        .set_record_serializer(rows.set_value_serialization_schema(SimpleStringSchema()).build())
        .set_delivery_guarantee(DeliveryGuarantee.AT_LEAST_ONCE)
        .build()
    )
    events = env.from_source(source, WatermarkStrategy.no_watermarks(), "events").map(Parse(work), _KEYED)
    changes = events.key_by(lambda event: event[0], Types.STRING()).process(Follow(), _KEYED)
    cells = changes.key_by(lambda change: change[0], Types.STRING()).process(Count(), Types.STRING())
    cells.sink_to(sink)
    env.execute("peers")


if __name__ == "__main__":
    main()
