"""What is kept of messages in Kafka: how each ended, and dead letters. An outage waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError

from schemas.decoding import Rejected, dead_letter
from schemas.publishing import published
from schemas.settings import Settings
from sinks.notify.told import Outcome, remember

log = structlog.get_logger(__name__)

_RETRY_SECONDS: Final = 1.0


async def until_done(what: str, doing: Callable[[], Awaitable[Any]]) -> Any:
    """The result of ``doing``, tried again for as long as Kafka is away."""
    while True:
        try:
            return await doing()
        except KafkaError as error:
            log.warning("Kafka is away", doing=what, why=type(error).__name__, again_in=_RETRY_SECONDS)
            await asyncio.sleep(_RETRY_SECONDS)


class Log:
    """Writes with one producer; what is awaited is on the broker when it is done."""

    def __init__(self, settings: Settings, producer: Any) -> None:
        self._settings = settings
        self._producer = producer

    async def remember(self, partition: int, outcomes: Mapping[bytes, Outcome]) -> None:
        """Keep how messages ended."""
        await until_done("remembering", lambda: remember(self._producer, self._settings, partition, outcomes))

    async def bury(self, record: Any, rejected: Rejected) -> None:
        """Make a record a dead letter, whole."""
        address = (record.topic, record.partition, record.offset, record.timestamp)
        letter = dead_letter(rejected, *address, record.key, record.value, record.headers)
        topic, value = self._settings.topic("dead-letters"), published(letter)
        await until_done("burying", lambda: self._producer.send_and_wait(topic, value, record.key))
