"""Faust as its user guide writes it: an agent, a table on RocksDB for each kind of state, a timer that publishes.

The guide has a table's key be the key of the stream, so the changes of cells go through a topic of their own, keyed
by cell, as ``group_by`` does it for records. Offsets are committed every second, at least once.
"""

from __future__ import annotations

import logging
from typing import Any

import faust

from benchmarks.peers.work import Marks, Work, absorb, add

work = Work.given()
marks = Marks(work)
app = faust.App(
    work.group,
    broker=f"kafka://{work.kafka}",
    store="rocksdb://",
    datadir=str(work.directory / "faust"),
    value_serializer="json",
    topic_partitions=4,
    broker_commit_interval=1.0,
    web_enabled=False,
)
events = app.topic(*work.topics, key_type=str, key_serializer="raw")
changes = app.topic(f"{work.group}-changes", key_type=str, key_serializer="raw", internal=True)
results = app.topic(work.results, key_type=str, key_serializer="raw")
leads = app.Table("leads", key_type=str, default=None)
cells = app.Table("cells", key_type=str, default=None)
dirty: dict[str, dict[str, Any]] = {}


@app.agent(events)
async def follow(stream: Any) -> None:
    """Events to leads, and what changes by them to the topic of changes."""
    async for key, event in stream.items():
        marks.seen()
        before = leads.get(key)
        after, changed = absorb(before, event)
        if after is not before:
            leads[key] = after
        for team, start, change in changed:
            await changes.send(key=f"{team}|{start}", value={"team": team, "start": start, "cell": change})


@app.agent(changes)
async def count(stream: Any) -> None:
    """Changes to cells."""
    async for key, change in stream.items():
        cells[key] = cell = add(cells.get(key), change["cell"])
        dirty[key] = {**change, "cell": cell}


@app.timer(1.0)
async def publish() -> None:
    """Cells that changed, once a second."""
    changed = dirty.copy()
    dirty.clear()
    for key, row in changed.items():
        await results.send(key=key, value=row)


if __name__ == "__main__":
    app.conf.debug = False
    worker = faust.Worker(app, loglevel=logging.WARNING)
    worker.execute_from_commandline()
