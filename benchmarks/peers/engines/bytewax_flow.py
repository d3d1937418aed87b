"""Bytewax as its documentation writes it: Kafka source, stateful operators, notifications, recovery, Kafka sink.

A snapshot of what changed goes to the recovery store (SQLite) every second. It ends at the end of the topics.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulLogic
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from benchmarks.peers.work import Marks, Work, absorb, add

_SECOND = timedelta(seconds=1)


class Cell(StatefulLogic[list[int], list[int], list[int] | None]):
    """A cell, published a second after it changed, and at the end."""

    def __init__(self, cell: list[int] | None) -> None:
        self._cell = cell
        self._due: datetime | None = None if cell is None else datetime.now(UTC)

    def on_item(self, value: list[int]) -> tuple[Iterable[list[int]], bool]:
        self._cell = add(self._cell, value)
        self._due = self._due or datetime.now(UTC) + _SECOND
        return (), StatefulLogic.RETAIN

    def on_notify(self) -> tuple[Iterable[list[int]], bool]:
        self._due = None
        return [self._cell or []], StatefulLogic.RETAIN

    def on_eof(self) -> tuple[Iterable[list[int]], bool]:
        return ([self._cell or []] if self._due else ()), StatefulLogic.RETAIN

    def notify_at(self) -> datetime | None:
        return self._due

    def snapshot(self) -> list[int] | None:
        return self._cell  # never changed in place


def flow(work: Work, marks: Marks) -> Dataflow:
    """Events to leads, changes to cells, cells to the results."""

    def parsed(message: Any) -> tuple[str, dict[str, Any]]:
        marks.seen()
        return message.key.decode(), orjson.loads(message.value)

    def follow(lead: list[Any] | None, event: dict[str, Any]) -> tuple[list[Any], list[tuple[str, list[int]]]]:
        after, changed = absorb(lead, event)
        return after, [(f"{team}|{start}", change) for team, start, change in changed]

    def message(cell: tuple[str, list[int]]) -> KafkaSinkMessage[bytes, bytes]:
        team, start = cell[0].split("|")
        return KafkaSinkMessage(cell[0].encode(), orjson.dumps({"team": team, "start": int(start), "cell": cell[1]}))

    made = Dataflow("peers")
    records = op.input("events", made, KafkaSource([work.kafka], work.topics, tail=False))
    leads = op.map("parsed", records, parsed)
    changes = op.key_rm("changes", op.stateful_flat_map("leads", leads, follow))
    cells = op.stateful("cells", changes, Cell)
    op.output("results", op.map("messages", cells, message), KafkaSink([work.kafka], work.results))
    return made


if __name__ == "__main__":
    given = Work.given()
    marking = Marks(given)
    recovery = given.directory / "recovery"
    recovery.mkdir()
    init_db_dir(recovery, 1)
    cli_main(flow(given, marking), epoch_interval=_SECOND, recovery_config=RecoveryConfig(str(recovery)))
    marking.mark("done")
