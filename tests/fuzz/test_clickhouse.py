"""The real engine takes whatever the sink makes a row of, and gives it back."""

from __future__ import annotations

from collections.abc import Sequence

from clickhouse_connect.driver.client import Client

from schemas.decoding import canonical, dead_letter
from schemas.event import Event
from schemas.publishing import published
from sinks.clickhouse.rows import Row
from sinks.clickhouse.writer import Batch, Writer
from tests.fuzz.floor import TOPICS, floor
from tests.fuzz.laws import SETTINGS, decoded, written
from tests.fuzz.records import Arrival, everywhere


def write(client: Client, records: Sequence[tuple[str, Arrival]]) -> None:
    """Records of topics (prefix left out), as the sink writes them."""
    batch = Batch()
    for topic, record in records:
        row = written(SETTINGS.topic(topic), record)
        assert isinstance(row, Row), row
        batch.add(row)
    Writer(client).write(batch)


def test_odd_events_and_dead_letters_come_back_as_they_went(client: Client) -> None:
    events: list[tuple[Arrival, Event]] = []
    letters: list[Arrival] = []
    for arrival in everywhere():
        outcome = decoded(arrival)
        if isinstance(outcome, Event):
            events.append((arrival, outcome))
        elif arrival.value not in {letter.value for letter in letters[-3:]}:
            address = (SETTINGS.topic(arrival.topic), 0, len(letters), arrival.timestamp)
            letter = dead_letter(outcome, *address, arrival.key, arrival.value, arrival.headers)
            letters.append(Arrival("dead-letters", arrival.key, published(letter), offset=len(letters)))
    write(client, [(arrival.topic, arrival) for arrival, _ in events])
    write(client, [("dead-letters", letter) for letter in letters])
    names = "subject, topic, source, id, toUnixTimestamp64Milli(time), type, body"
    found = {tuple(row) for row in client.query(f"SELECT {names} FROM events").result_rows}
    assert found == {
        (event.subject, arrival.topic, event.source, event.id, event.time, event.type, canonical(event))
        for arrival, event in events
    }
    assert client.query("SELECT count() FROM dead_letters_once").result_rows == [(len(letters),)]
    for view in ("events_once", "observations_once", "targets"):
        [(shown,)] = client.query(f"SELECT countIf(NOT ignore(*)) FROM {view}").result_rows
        assert shown > 0, view


def test_what_the_stages_make_of_odd_events_is_taken(client: Client) -> None:
    with floor(SETTINGS.model_copy(update={"windows": "1h,1d,all"})) as pipeline:
        pipeline.feed([arrival for n, arrival in enumerate(everywhere()) if arrival.topic in TOPICS and n % 7 == 0])
        told = pipeline.commit()
    write(client, [(topic, Arrival(topic, key, value)) for topic, records in told.items() for key, value in records])
    leads = {key for topic, records in told.items() if topic == "lead-facts" for key, _ in records}
    assert client.query("SELECT count() FROM leads_latest").result_rows == [(len(leads),)]
    rows = {key for topic, records in told.items() if topic.startswith("kpi.") for key, _ in records}
    assert client.query("SELECT count() FROM kpis_latest").result_rows == [(len(rows),)]
