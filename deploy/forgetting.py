"""``salespulse forget``: the request is sent, whoever keeps something of the lead is waited for, all is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Final

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from msgspec import Struct
from rich.table import Table

from agents.engine.clock import monotonic, now
from deploy.failures import Failure
from deploy.listings import console
from deploy.tables import expecting_tables
from deploy.topics import Holding, holdings
from schemas import connection
from schemas.events import Millis
from schemas.forgetting import TOPIC, Forget, Forgotten, answer, encode, mark
from schemas.partitioning import partition_of
from schemas.results import timestamp
from schemas.settings import Settings
from sinks.clickhouse.queries import forgotten
from sinks.clickhouse.schema import connect

_POLL_MS: Final = 200
_KEPT: Final = ("leads", "calls", "emails", "deals", "sla", "dead-letters", "internal.merges", TOPIC)
"""Topics whose records cannot be deleted one by one: they go with their time."""


class Report(Struct, frozen=True):
    """What was done of a request, in the words of the tables: rows by name, and when what is left will be gone.

    ``others``: how many leads had been merged into it and were forgotten with it. ``compacted`` topics end what they
    hold of it; their log cleaner removes the bytes in time.
    """

    lead: str
    asked_at: str
    others: int
    events: int
    rows: dict[str, int]
    compacted: tuple[str, ...]
    gone_by: dict[str, str]


def forget(settings: Settings, lead: str, patience: Millis, report: Callable[[str], None]) -> Report:
    """Have the worker and ClickHouse forget a lead; ``Failure`` where one of them does not answer in time."""
    request = Forget(lead, now())
    deadline = monotonic() + patience / 1000
    gone_by = {holding.topic: timestamp(_gone_by(holding, request.at)) for holding in _held(settings)}
    report("waiting for the worker")
    answers = _asked(settings, request, deadline)
    report("waiting for ClickHouse")
    rows = _deleted(settings, request, [answer.name for answer in answers], deadline)
    others = {answer.name for answer in answers if "@" not in answer.name} - {mark(lead)}
    compacted = tuple(settings.topic(name) for name in ("lead-facts", "internal.leads-changelog"))
    # What a lead was given by a merge are the events of another: they are told where those are.
    events = sum(answer.events for answer in answers if "@" not in answer.name)
    return Report(lead, timestamp(request.at), len(others), events, rows, compacted, gone_by)


def _held(settings: Settings) -> list[Holding]:
    names = [settings.topic(name) for name in _KEPT]
    found = holdings(settings, names)
    if missing := set(names) - {holding.topic for holding in found}:
        raise Failure(f"there is no topic {', '.join(sorted(missing))}: `salespulse topics create` makes it")
    return found


def _gone_by(holding: Holding, at: Millis) -> Millis:
    # A segment goes as a whole, once its newest record is old enough.
    return at + holding.retention + holding.segment


def _asked(settings: Settings, request: Forget, deadline: float) -> list[Forgotten]:
    """Send the request; the answers to it and to whatever it led to."""
    topic = settings.topic(TOPIC)
    consumer = KafkaConsumer(**connection.kafka(settings), isolation_level="read_committed", enable_auto_commit=False)
    with closing(consumer):
        places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(places)
        for place, end in consumer.end_offsets(places).items():
            consumer.seek(place, end)
        _send(settings, topic, request, len(places))
        answers: dict[str, Forgotten] = {}
        while waited := _unanswered(request.name, answers):
            if monotonic() > deadline:
                raise Failure(_late(settings, f"the worker has not answered {len(waited)} request(s)"))
            for records in consumer.poll(timeout_ms=_POLL_MS).values():
                told = (answer(record.key, record.value) for record in records)
                answers |= {each.name: each for each in told if each is not None and each.at == request.at}
    return list(answers.values())


def _send(settings: Settings, topic: str, request: Forget, partitions: int) -> None:
    key = request.place.encode()
    with closing(KafkaProducer(**connection.kafka(settings), acks="all")) as producer:
        producer.send(topic, encode(request), key, partition=partition_of(key, partitions)).get(timeout=30)


def _unanswered(first: str, answers: dict[str, Forgotten]) -> set[str]:
    return {first, *(name for each in answers.values() for name in each.further)} - answers.keys()


def _deleted(settings: Settings, request: Forget, names: Iterable[str], deadline: float) -> dict[str, int]:
    """Rows deleted from each table once all of the leads are."""
    marks = sorted(name for name in names if "@" not in name)
    with expecting_tables(), closing(connect(settings)) as client:
        while (rows := forgotten(client, marks, request.at)) is None:
            if monotonic() > deadline:
                raise Failure(_late(settings, "the ClickHouse sink has not said that its rows are deleted"))
            time.sleep(_POLL_MS / 1000)
    return rows


def _late(settings: Settings, what: str) -> str:
    return f"{what}: is it running? The request stays in {settings.topic(TOPIC)} and will be done; ask again to see"


def show(report: Report) -> None:
    """Print what was removed where, and what is left until when."""
    table = Table("kept where", "removed", box=None, padding=(0, 2, 0, 0))
    for place, removed in _removed(report):
        table.add_row(place, removed)
    for topic, at in report.gone_by.items():
        table.add_row(topic, f"by its retention, until {at[:10]} at the latest")
    table.add_row("KPI rows", "nothing: what it added to past windows stays, as numbers of many")
    with_it = f", and with it {report.others} lead(s) that had been merged into it" if report.others else ""
    out = console()
    out.print(f"forgotten: {report.lead}{with_it}; what still arrives of it is not stored\n", soft_wrap=True)
    out.print(table)


def _removed(report: Report) -> list[tuple[str, str]]:
    compacted = [
        (topic, "its records are ended, their bytes go as the topic is compacted") for topic in report.compacted
    ]
    rows = [(f"ClickHouse {table}", f"{n:,} rows") for table, n in report.rows.items()]
    return [("the worker's timelines", f"{report.events:,} events"), *compacted, *rows]
