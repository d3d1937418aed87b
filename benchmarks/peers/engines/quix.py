"""Quix Streams as its documentation writes it: concatenated topics, stateful functions, ``group_by``, a batching sink.

At least once, its default; a checkpoint a second. The sink writes the last value of each cell at every checkpoint.
"""

from __future__ import annotations

from typing import Any

import orjson
from confluent_kafka import Producer
from quixstreams import Application, State
from quixstreams.sinks import BatchingSink, SinkBatch

from benchmarks.peers.work import Marks, Work, absorb, add


class Latest(BatchingSink):
    """Writes the last value of each key that is in a batch."""

    def __init__(self, kafka: str, topic: str) -> None:
        super().__init__()
        self._producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True})
        self._topic = topic

    def write(self, batch: SinkBatch) -> None:
        for key, value in {item.key: item.value for item in batch}.items():
            self._producer.produce(self._topic, orjson.dumps(value), key)
        self._producer.flush()


def main() -> None:
    """Run until told to stop."""
    work = Work.given()
    marks = Marks(work)

    def follow(event: dict[str, Any], state: State) -> list[dict[str, Any]]:
        marks.seen()
        before = state.get("lead")
        after, changed = absorb(before, event)
        if after is not before:
            state.set("lead", after)
        return [{"team": team, "start": start, "cell": cell} for team, start, cell in changed]

    def count(change: dict[str, Any], state: State) -> dict[str, Any]:
        cell = add(state.get("cell"), change["cell"])
        state.set("cell", cell)
        return {**change, "cell": cell}

    app = Application(
        broker_address=work.kafka,
        consumer_group=work.group,
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=work.directory / "state",
        loglevel="WARNING",
    )
    first, *others = [app.dataframe(app.topic(topic, value_deserializer="json")) for topic in work.topics]
    for other in others:
        first = first.concat(other)
    changes = first.apply(follow, stateful=True, expand=True)
    cells = changes.group_by(lambda change: f"{change['team']}|{change['start']}", name="cell", key_serializer="str",
                             key_deserializer="str")  # fmt: skip
    cells.apply(count, stateful=True).sink(Latest(work.kafka, work.results))
    app.run()


if __name__ == "__main__":
    main()
