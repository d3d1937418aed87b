"""What engines answer: the cells in their topics, as anybody would read them there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import orjson
from confluent_kafka import Consumer, TopicPartition

from benchmarks.peers.truth import Cells
from benchmarks.peers.work import FIELDS

Reader = Callable[[Iterable[Any]], Cells]
"""Makes cells of the last value under each key."""


class Answers:
    """The last value under each key of topics, read as far as they are committed."""

    def __init__(self, kafka: str, topics: list[str], reader: Reader) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": kafka, "group.id": "none", "isolation.level": "read_committed",
             "enable.auto.commit": False}
        )  # fmt: skip
        found = self._consumer.list_topics().topics
        self._consumer.assign([TopicPartition(topic, part, 0) for topic in topics for part in found[topic].partitions])
        self._reader = reader
        self._last: dict[bytes, bytes] = {}
        self.records = 0

    def read(self) -> None:
        """Read what has come."""
        while messages := self._consumer.consume(10_000, timeout=0.05):
            for message in messages:
                if message.error() is None:
                    self._last[message.key() or _place(message.value())] = message.value()
                    self.records += 1

    @property
    def cells(self) -> Cells:
        """What the topics say, as far as they were read."""
        return self._reader(orjson.loads(value) for value in self._last.values())

    def close(self) -> None:
        self._consumer.close()


def _place(value: bytes) -> bytes:
    """What stands for a key that is not there: the cell."""
    return value[: value.index(b'"cell"')]


def of_peer(values: Iterable[Any]) -> Cells:
    """Cells as the peers write them, those of several source partitions added up."""
    found: dict[tuple[str, int], list[int]] = {}
    for value in values:
        place = value["team"], value["start"]
        found[place] = [a + b for a, b in zip(found.get(place, [0] * len(FIELDS)), value["cell"], strict=True)]
    return _counting(found)


def of_ours(rows: Iterable[Any]) -> Cells:
    """Cells of the pipeline's rows."""
    found: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        start = round(datetime.fromisoformat(row["start"]).timestamp() * 1000)
        cell = found.setdefault((row["dimensions"]["team"], start), [0] * len(FIELDS))
        statistics = row["statistics"]
        if row["kpi"] == "lead_response_time":
            cell[0], cell[1] = row["count"] + statistics["censored"], row["count"]
            cell[2] = round((statistics["mean"] or 0) * row["count"] * 1000)
            cell[3:8] = list(statistics["within"].values())
        elif row["kpi"] == "follow_up_rate":
            cell[8] = row["numerator"]
        elif row["kpi"] == "reply_rate":
            cell[9], cell[10] = row["denominator"], row["numerator"]
    return _counting(found)


def _counting(cells: dict[tuple[str, int], list[int]]) -> Cells:
    return {place: tuple(cell) for place, cell in cells.items() if any(cell)}


def differences(found: Cells, wanted: Cells) -> list[str]:
    """Where cells differ from the truth, one line each."""
    return [
        f"{team} {start}: {found.get((team, start))} and not {wanted.get((team, start))}"
        for team, start in sorted(found.keys() | wanted.keys())
        if found.get((team, start)) != wanted.get((team, start))
    ]
