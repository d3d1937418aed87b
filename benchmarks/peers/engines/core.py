"""The pipeline's stage 1 without Kafka, on events in memory: deciding, state and store of one partition.

``python -m benchmarks.peers.engines.core decoding`` only makes events of the bytes; ``all`` does the rest, too.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from agents.engine.processor import Context
from agents.engine.store import Reached, Store
from agents.leads import FULL, LeadStage
from benchmarks.peers.work import Marks, Work
from benchmarks.workload import events
from deploy.produce import address
from schemas.decoding import decoder
from schemas.settings import Settings
from sinks.prometheus import Metrics
from tests.agents.driving import Sent

_AT_A_TIME = 500

Cycle = dict[str, list[Sent]]
"""Records of one cycle by topic, prefix left out."""


def cycles(count: int) -> Iterator[Cycle]:
    """The work in cycles of a backlog."""
    by_topic: Cycle = {}
    for offset, line in enumerate(events(count // 5)):
        topic, key = address(line)
        by_topic.setdefault(topic, []).append(Sent(key, line, offset))
        if (offset + 1) % FULL == 0:
            yield by_topic
            by_topic = {}
    yield by_topic


def decoding() -> Callable[[Cycle], None]:
    """Decodes a cycle."""
    decoders = {topic: decoder(topic) for topic in ("leads", "calls", "emails", "deals")}

    def work(cycle: Cycle) -> None:
        for topic, records in cycle.items():
            decode = decoders[topic]
            for record in records:
                decode(record.key, record.value, (), None)

    return work


def everything(directory: Path) -> Callable[[Cycle], None]:
    """Does with a cycle what a partition of stage 1 does, but for reading and sending."""
    settings = Settings()
    store = Store(directory)
    stage = LeadStage.of(settings, Metrics(settings)).processor(Context(0, 4, store))
    number = 0

    def work(cycle: Cycle) -> None:
        nonlocal number
        number += 1
        for topic, records in cycle.items():
            for first in range(0, len(records), _AT_A_TIME):
                stage.process(settings.topic(topic), records[first : first + _AT_A_TIME])
        stage.drain(number)
        store.apply(store.take(), Reached(number, b"", 1))

    return work


def main() -> None:
    """Do it, with marks at both ends."""
    given = Work.given()
    marks = Marks(given)
    made = list(cycles(given.events))
    gc.freeze()
    gc.set_threshold(1_000_000, 50, 1_000)
    work = decoding() if sys.argv[1] == "decoding" else everything(given.directory / "store")
    marks.mark("consuming")
    for cycle in made:
        work(cycle)
    marks.mark("done")


if __name__ == "__main__":
    main()
