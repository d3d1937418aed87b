"""What a stage gives to the engine, and what it gets from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from agents.engine.store import Store

Millis = int


class Record(Protocol):
    """A consumed Kafka record; ``timestamp`` is the broker's, in milliseconds."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Outgoing(NamedTuple):
    """Records for one partition of one output topic, in the order in which they are to be written."""

    topic: str
    partition: int
    records: list[tuple[bytes, bytes | None]]


class Context(NamedTuple):
    """What a processor is made from: its partition, how many there are of each input, its recovered store."""

    partition: int
    partitions: int
    store: Store


class Processor(Protocol):
    """The logic of one partition: called by one thread, one call at a time.

    State goes through the store of its context. An exception from ``process``, ``tick`` or
    ``drain`` stops the partition, and nothing since the last commit stands.
    """

    def process(self, topic: str, records: Sequence[Record]) -> None:
        """Absorb records of one input topic, in offset order."""

    def tick(self, clock: Millis, exhausted: frozenset[str]) -> None:
        """Let time pass: ``clock`` is the instant up to which every input has been read; it never goes back.

        ``exhausted`` are the inputs of which nothing was left to read at that instant.
        """

    def drain(self, cycle: int) -> list[Outgoing]:
        """Outputs since the last call, state written; ``cycle`` numbers the commit that they go out with."""

    @property
    def has_more(self) -> bool:
        """The last drain left something over, to keep the cycle short: the next one follows at once."""

    def close(self) -> None:
        """The partition is given back."""


Factory = Callable[[Context], Processor]


class StopWorker(Exception):
    """Raised by a processor that must not go on, and whose worker must not either; the text is for the operator."""
