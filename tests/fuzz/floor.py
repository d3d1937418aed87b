"""Both stages under any records at all, with an account of what became of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from agents.leads import EVENTS
from schemas.event import Event
from schemas.events import Millis
from schemas.partitioning import partition_of
from schemas.settings import Settings
from sinks.clickhouse.rows import Row
from streams.accumulators import Vector
from tests.agents.driving import BROKER_TIME, Pipeline, Sent
from tests.fuzz.laws import SETTINGS, check, decoded, is_carried, written
from tests.fuzz.records import Arrival

TOPICS: Final = EVENTS


@contextmanager
def floor(settings: Settings = SETTINGS, partitions: int = 1) -> Iterator[Floor]:
    """One with a directory of its own, gone afterwards."""
    with TemporaryDirectory() as directory:
        made = Floor(Path(directory), settings, partitions)
        try:
            yield made
        finally:
            made.pipeline.leads.close()
            made.pipeline.windows.close()


class Floor:
    """A pipeline that is fed records as they are, not as our producer sends them."""

    def __init__(self, directory: Path, settings: Settings, partitions: int) -> None:
        self.pipeline = Pipeline(settings, directory, partitions)
        self._read = 0
        self._used = 0
        self._refused: dict[tuple[str, int], tuple[str, Arrival]] = {}

    def feed(self, arrivals: Sequence[Arrival]) -> None:
        """Hand them to stage 1 in their order, one by one, under offsets of their own."""
        pipeline, partitions = self.pipeline, self.pipeline.partitions
        for arrival in arrivals:
            topic, offset = self.pipeline.settings.topic(arrival.topic), self._read
            number = partition_of(arrival.key, partitions) if arrival.key is not None else 0
            # What Kafka hands over has no header without a value in its type, and does in its protocol.
            headers = tuple(arrival.headers)
            record = Sent(arrival.key, arrival.value, offset, arrival.timestamp, headers)  # type: ignore[arg-type]
            pipeline.leads.made[number].process(topic, [record])
            self._read += 1
            outcome = decoded(arrival)
            if isinstance(outcome, Event):
                self._used += 1
            else:
                self._refused[topic, offset] = (outcome.reason, arrival)

    def commit(self, clock: Millis = BROKER_TIME) -> dict[str, list[tuple[bytes, bytes]]]:
        """A cycle of both stages, after which the account is right; what was told, all valid, by topic."""
        self.pipeline.commit(clock)
        assert self._counted() == self._used
        for key, value in self.pipeline.published.pop("dead-letters", []):
            self._carried(key, value)
        assert not self._refused, "read = used + dead letters"
        for topic, records in self.pipeline.published.items():
            for key, value in records:
                self._taken(topic, key, value)
        told = dict(self.pipeline.published)
        self.pipeline.published.clear()
        return told

    def standing(self) -> dict[tuple[bytes, int], Vector]:
        """What every cell holds by now, by source partition."""
        return {place: partial.vector for place, partial in self.pipeline.standing_partials().items()}

    def _counted(self) -> float:
        """Events accepted, as a scraper reads it."""
        families = text_string_to_metric_families(self.pipeline.metrics.exposition()[0].decode())
        return sum(sample.value for family in families if family.name == "sales_events" for sample in family.samples)

    def _carried(self, key: bytes, value: bytes) -> None:
        """The letter holds its record whole."""
        letter = check("dead-letter", value)
        reason, arrival = self._refused.pop((letter["topic"], letter["offset"]))
        is_carried(letter, arrival)
        assert (key, letter["reason"]) == (arrival.key or b"", reason)

    def _taken(self, topic: str, key: bytes, value: bytes) -> None:
        check("lead-facts" if topic == "lead-facts" else "kpi-row", value)
        row = written(self.pipeline.settings.topic(topic), Arrival(topic, key, value))
        assert isinstance(row, Row), row
