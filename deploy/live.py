"""The simulated floor in real time: each event is sent when it is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

from kafka import KafkaProducer

from deploy.simulator.floor import live
from schemas import connection
from schemas.events import TOPIC_OF, Millis
from schemas.publishing import dumps
from schemas.settings import Settings

EventDict = dict[str, Any]
_REST_SECONDS = 0.1


def follow(settings: Settings, seed: int, speed: float, now: Callable[[], Millis]) -> Generator[int]:
    """Send events as they come due, for ever; the number sent so far, about every second.

    Names of leads and deals carry the start, so that one run never speaks of another's.
    """
    start = now()
    run = f"{start // 1000:x}"
    producer = KafkaProducer(**connection.kafka(settings), acks="all", linger_ms=20)
    try:
        said = start
        for sent, (due, event) in enumerate(live(seed, start, speed)):
            while (clock := now()) < due:
                time.sleep(min(_REST_SECONDS, (due - clock) / 1000))
            if clock - said >= 1000:
                said = clock
                yield sent
            _send(producer, settings, named(event, run))
    finally:
        producer.flush()
        producer.close()


def named(event: EventDict, run: str) -> EventDict:
    """The same event of leads and deals that belong to ``run``."""
    data = {name: f"{run}-{value}" if name in ("into", "deal_id") else value for name, value in event["data"].items()}
    return {**event, "subject": f"{run}-{event['subject']}", "data": data}


def _send(producer: Any, settings: Settings, event: EventDict) -> None:
    topic = settings.topic(TOPIC_OF[event["type"]])
    producer.send(topic, key=event["subject"].encode(), value=dumps(event))
