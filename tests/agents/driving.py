"""Both stages driven by hand: their logic on real stores, with lists for topics and any number of partitions."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from agents.engine.processor import Context, Outgoing, Processor, Record
from agents.engine.store import Reached, Store
from agents.leads import LeadStage
from agents.partials import Watermark, decode_partial, decode_watermark
from agents.sending import parse_key
from agents.windows import WindowStage
from agents.worker import metrics_of
from deploy.produce import address
from schemas import forgetting
from schemas.events import Millis
from schemas.partitioning import partition_of
from schemas.policy import NOTHING, PolicyFile
from schemas.settings import Settings
from sinks.floor import Floor

BROKER_TIME: Millis = 4_102_444_800_000
"""When every record reached the broker: long after every event, so that none is of the future."""

Key = tuple[int, bytes]
Row = dict[str, Any]


@dataclass(slots=True)
class Sent:
    """A record as the engine hands it over."""

    key: bytes | None
    value: bytes | None
    offset: int = 0
    timestamp: int = BROKER_TIME
    headers: Sequence[tuple[str, bytes]] = field(default_factory=tuple)


class Standing(NamedTuple):
    """What a partial says, whatever its version."""

    definition: str
    vector: dict[int, int]
    oldest: Millis | None


class Stage:
    """Partitions of one stage, each a processor on a store of its own; a cycle commits."""

    def __init__(self, directory: Path, stage: LeadStage | WindowStage, partitions: int) -> None:
        self._directory = directory
        self._partitions = partitions
        self._cycles = [0] * partitions
        self._stores: list[Store] = []
        self.made: list[Any] = []
        self.start(stage)

    def start(self, stage: LeadStage | WindowStage) -> None:
        """Take every partition over, with what was committed and nothing else."""
        self.close()
        self._stores = [Store(self._directory / str(n)) for n in range(self._partitions)]
        self.made = [stage.processor(Context(n, self._partitions, store)) for n, store in enumerate(self._stores)]

    def close(self) -> None:
        """Leave the directory to others."""
        for store in self._stores:
            store.close()
        self._stores = []

    def cycle(self, number: int, clock: Millis, exhausted: frozenset[str] = frozenset()) -> list[Outgoing]:
        """One partition's cycles, until none has anything left over; what they sent."""
        processor: Processor = self.made[number]
        processor.tick(clock, exhausted)
        sent = self.once(number)
        while processor.has_more:
            sent += self.once(number)
        return sent

    def once(self, number: int) -> list[Outgoing]:
        """Drain and commit."""
        self._cycles[number] += 1
        sent: list[Outgoing] = self.made[number].drain(self._cycles[number])
        store = self._stores[number]
        store.apply(store.take(), Reached(1, b"", 1))
        return sent


class Pipeline:
    """Lines in, rows out, without Kafka: what one stage sends is handed to the next in order."""

    def __init__(
        self, settings: Settings, directory: Path, partitions: int = 1, policies: PolicyFile = NOTHING
    ) -> None:
        self.settings = settings
        self.directory = directory
        self.policies = policies
        self.partitions = partitions
        self.published: dict[str, list[tuple[bytes, bytes]]] = defaultdict(list)
        self.metrics = metrics_of(settings, policies)
        self.floor = Floor()
        self.leads = Stage(directory / "leads", self._lead_stage(), partitions)
        self.windows = Stage(directory / "windows", WindowStage.of(settings, self.metrics, self.floor), partitions)
        self.partials: list[tuple[int, bytes, bytes]] = []
        self.answers: list[forgetting.Forgotten] = []
        self._offset = 0

    def _lead_stage(self) -> LeadStage:
        return LeadStage.of(self.settings, self.metrics, policies=self.policies)

    def feed(self, lines: Iterable[bytes], at: Millis = BROKER_TIME) -> None:
        """Hand lines to the partitions of stage 1 as the producer would; ``at`` is when the broker had them."""
        by: dict[tuple[int, str], list[Record]] = defaultdict(list)
        for line in lines:
            topic, key = address(line)
            self._offset += 1
            number = partition_of(key, self.partitions) if key is not None else 0
            by[number, topic].append(Sent(key, line, self._offset, at))
        for (number, topic), records in by.items():
            self.leads.made[number].process(self.settings.topic(topic), records)

    def commit_leads(self, clock: Millis, only: Iterable[int] | None = None) -> None:
        """Cycles of stage 1 until no lead is forwarded any more."""
        waiting = set(range(self.partitions) if only is None else only)
        while waiting:
            number = waiting.pop()
            for sent in self.leads.cycle(number, clock):
                if sent.topic == self.settings.topic(forgetting.TOPIC):
                    self.answers += [found for record in sent.records if (found := forgetting.answer(*record))]
                if sent.topic in (self.settings.topic("internal.merges"), self.settings.topic(forgetting.TOPIC)):
                    self._hand_on(self.leads, sent)
                    waiting.add(sent.partition)
                elif sent.topic == self.settings.topic("internal.partials"):
                    self._hand_on(self.windows, sent)
                    self.partials += [(sent.partition, key, value or b"") for key, value in sent.records]
                else:
                    self._publish(sent)

    def forget(self, lead: str, at: Millis = 0) -> None:
        """Ask for a lead to be forgotten, as the command does."""
        key = lead.encode()
        value = forgetting.encode(forgetting.Forget(lead, at))
        topic = self.settings.topic(forgetting.TOPIC)
        self.leads.made[partition_of(key, self.partitions)].process(topic, [Sent(key, value)])

    def commit_windows(self, clock: Millis) -> None:
        for number in range(self.partitions):
            for sent in self.windows.cycle(number, clock):
                self._publish(sent)

    def commit(self, clock: Millis) -> None:
        self.commit_leads(clock)
        self.commit_windows(clock)

    def restart(self, settings: Settings | None = None, policies: PolicyFile | None = None) -> None:
        """Both stages, on what they committed, with the settings and policies where they are others."""
        self.settings = settings or self.settings
        self.policies = self.policies if policies is None else policies
        self.leads.start(self._lead_stage())
        self.windows.start(WindowStage.of(self.settings, self.metrics, self.floor))

    def lose_leads(self) -> None:
        """The first stage on nothing, though what it has sent is still there."""
        self.leads.close()
        shutil.rmtree(self.directory / "leads")
        self.leads.start(self._lead_stage())

    def _hand_on(self, stage: Stage, sent: Outgoing) -> None:
        stage.made[sent.partition].process(sent.topic, [Sent(key, value) for key, value in sent.records])

    def _publish(self, sent: Outgoing) -> None:
        topic = sent.topic.removeprefix(f"{self.settings.topic_prefix}.")
        self.published[topic] += [(key, value or b"") for key, value in sent.records]

    # What was told

    def standing_partials(self) -> dict[tuple[bytes, int], Standing]:
        """The last partial of each cell and source, without its version, where it holds anything."""
        found = {parse_key(key): value for _, key, value in self.partials}
        partials = {(cell, source): decode_partial(v) for (cell, source), v in found.items() if cell is not None and v}
        standing = {key: Standing(told.definition, told.vector, told.oldest) for key, told in partials.items()}
        return {key: partial for key, partial in standing.items() if partial.vector}

    def watermarks(self) -> dict[int, Watermark]:
        """The last watermark of each source."""
        found = {parse_key(key): value for _, key, value in self.partials}
        return {source: decode_watermark(value) for (cell, source), value in found.items() if cell is None}

    def rows(self) -> dict[bytes, Row]:
        """Standing rows by their key, empty ones too; those that a tombstone ended stand no longer."""
        last = {k: v for topic, records in self.published.items() if topic.startswith("kpi.") for k, v in records}
        return {key: orjson.loads(value) for key, value in last.items() if value}

    def told(self) -> list[Row]:
        """The standing rows that say something."""
        return [row for row in self.rows().values() if not is_empty(row)]

    def row(self, kpi: str, window: str = "all", **dimensions: str) -> Row:
        """The one standing row of that name, by whatever grouping has these dimensions."""
        grouping = ",".join(dimensions) or "all"
        [found] = [
            row
            for row in self.rows().values()
            if (row["kpi"], row["grouping"], row["window"], row["dimensions"]) == (kpi, grouping, window, dimensions)
        ]
        return found


def is_empty(row: Row) -> bool:
    """Whether nothing belongs to it: what a correction leaves behind."""
    return not row["count"] and not any(row["statistics"].get(rest) for rest in ("censored", "cancelled", "machine"))


def bare(rows: dict[bytes, Row]) -> dict[bytes, Row]:
    """Rows without what depends on when they were made, empty ones left out."""
    aside = ("revision", "watermark", "final")
    return {k: {n: v for n, v in row.items() if n not in aside} for k, row in rows.items() if not is_empty(row)}
