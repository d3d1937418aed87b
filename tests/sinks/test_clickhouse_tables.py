"""The tables and views on the real engine: right before and after merges, whatever arrives twice and in which order."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import orjson
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas.publishing import published
from schemas.results import DeadLetter, KpiRow, LeadFacts, timestamp
from schemas.settings import Settings
from sinks.clickhouse.rows import COLUMNS, Unusable, parsers
from sinks.clickhouse.schema import SchemaTooNew, connect, migrate
from sinks.clickhouse.writer import Batch, Writer
from tests.conftest import at
from tests.streams.floor import engaged
from tests.streams.service_floor import as_of, office

NOW = int(time.time() * 1000)
DAY = 86_400_000
SETTINGS = Settings(_env_file=None)


class Written(NamedTuple):
    """A record as it would be read from Kafka."""

    key: bytes | None
    value: bytes | None
    offset: int = 0
    timestamp: int = NOW
    headers: Sequence[tuple[str, bytes | None]] = ()


def write(client: Client, topic: str, *records: Written) -> None:
    parse = parsers(SETTINGS)[f"sales.{topic}"]
    batch = Batch()
    for record in records:
        batch.add(parse(record))
    Writer(client).write(batch)


ALWAYS: Final[dict[str, Any]] = {"window": "all", "start": "1970-01-01T00:00:00Z", "end": None}
"""The window that the worker keeps for ever."""


def kpi(revision: int, offset: int, value: float | str | None = 1.5, **changes: Any) -> Written:
    fields: dict[str, Any] = {
        "kpi": "lead_response_time",
        "grouping": "team",
        "dimensions": {"team": "emea-1"},
        "window": "1h",
        "start": "2026-03-02T09:00:00Z",
        "end": "2026-03-02T10:00:00Z",
        "basis": "engaged",
        "value": value,
        "count": 2,
        "numerator": None,
        "denominator": None,
        "statistics": {"p50": 1.5},
        "revision": revision,
    }
    row = KpiRow(**(fields | changes))
    return Written(
        row.key, orjson.dumps({name: getattr(row, name) for name in row.__struct_fields__}), offset, NOW + offset
    )


def event(topic: str, kind: str, data: dict[str, Any], id: str = "e-1", time: str = "2026-03-02T09:00:00Z") -> Written:
    envelope = {"specversion": "1.0", "id": id, "source": "crm", "type": kind, "time": time, "subject": "s-1"}
    return Written(b"s-1", orjson.dumps(envelope | {"data": data}))


def facts(lead: str, revision: int, touches: int = 0) -> bytes:
    names = dict.fromkeys(LeadFacts.__struct_fields__)
    texts = dict.fromkeys(("owner", "team", "temperature", "source", "region", "channel", "segment"), "unknown")
    flags = {"qualified": True, "open": True, "imported": False, "truncated": True}
    counts = {"instances": 1, "touches": touches, "follow_ups": 0, "replies": 0, "revision": revision}
    at = {"engaged_at": "2026-03-02T09:00:00.250Z", "last_event_at": "2026-03-02T09:00:00.250Z"}
    return orjson.dumps(names | texts | flags | counts | at | {"lead": lead})


def before_and_after_merging(client: Client, table: str, ask: Callable[[], Any]) -> Any:
    before = ask()
    client.command(f"OPTIMIZE TABLE {table} FINAL")
    assert ask() == before
    return before


@pytest.mark.parametrize("seed", range(3))
def test_the_greatest_revision_of_a_kpi_row_stands_in_any_order(client: Client, seed: int) -> None:
    records = [kpi(revision, revision, value=float(revision)) for revision in range(1, 6)] * 2
    random.Random(seed).shuffle(records)
    for first in range(0, len(records), 3):
        write(client, "kpi.response", *records[first : first + 3])

    def standing() -> Any:
        return client.query("SELECT value, revision, team, p50, family, end > start FROM kpis_latest").result_rows

    assert before_and_after_merging(client, "kpis", standing) == [(5.0, 5, "emea-1", 1.5, "response", 1)]
    assert client.command("SELECT arraySort(groupUniqArray(revision)) FROM kpi_revisions FINAL") == "[1,2,3,4,5]"


def test_rows_of_other_windows_dimensions_and_kpis_stand_beside_each_other(client: Client) -> None:
    write(
        client,
        "kpi.response",
        kpi(1, 0),
        kpi(1, 1, window="1d"),
        kpi(1, 2, dimensions={"team": "emea-2"}),
        kpi(1, 3, kpi="rep_response_time"),
        kpi(1, 4, start="2016-03-02T09:00:00Z"),
    )
    assert client.command("SELECT count() FROM kpis_latest") == 5


def test_dimensions_in_another_order_are_the_same_row(client: Client) -> None:
    one, other = ({"team": "a", "rep": "b"}, {"rep": "b", "team": "a"})
    write(client, "kpi.response", kpi(1, 0, dimensions=one), kpi(2, 1, dimensions=other))
    assert client.query("SELECT dimensions, revision FROM kpis_latest").result_rows == [('{"rep":"b","team":"a"}', 2)]


def test_a_sum_keeps_its_exact_decimal(client: Client) -> None:
    write(client, "kpi.deal", kpi(1, 0, value="12345678901234567.89"))
    assert client.query("SELECT exact, value FROM kpis_latest").result_rows == [
        ("12345678901234567.89", 12345678901234567.89)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_a_tombstone_ends_what_was_written_before_it_however_often_that_comes(client: Client, seed: int) -> None:
    row = kpi(7, 3, **ALWAYS)
    written = [row, Written(row.key, None, 4, NOW + 4)]
    write(client, "kpi.response", *written)
    again = [row, *written, row]
    random.Random(seed).shuffle(again)
    for record in again:
        write(client, "kpi.response", record)
    assert before_and_after_merging(client, "kpis", lambda: client.command("SELECT count() FROM kpis_latest")) == 0


def test_a_row_written_after_a_tombstone_stands_though_the_tombstone_comes_again(client: Client) -> None:
    first, second = kpi(7, 3, **ALWAYS), kpi(8, 5, **ALWAYS)
    tombstone = Written(first.key, None, 4, NOW + 4)
    write(client, "kpi.response", first, tombstone, second)
    write(client, "kpi.response", first, tombstone)

    def standing() -> Any:
        return client.query("SELECT revision FROM kpis_latest").result_rows

    assert before_and_after_merging(client, "kpis", standing) == [(8,)]


def test_a_row_whose_window_the_worker_keeps_no_longer_stands_until_its_table_lets_it_go(client: Client) -> None:
    """The worker ends what it will not correct any more; how long its rows are kept is for the tables to say."""
    old, new = kpi(7, 3, window="1d"), kpi(7, 4, window="1h", start=timestamp(NOW - 34 * DAY))
    expired = NOW + 400 * DAY
    write(client, "kpi.response", old, new, Written(old.key, None, 5, expired), Written(new.key, None, 6, NOW + 6))
    assert client.query("SELECT window FROM kpis_latest").result_rows == [("1d",)]


def test_lead_facts_are_upserted_and_ended_by_a_tombstone(client: Client) -> None:
    write(client, "lead-facts", Written(b"l-1", facts("l-1", 2, touches=5)), Written(b"l-2", facts("l-2", 1)))
    write(client, "lead-facts", Written(b"l-1", facts("l-1", 1, touches=4)), Written(b"l-2", None, offset=9))

    def standing() -> Any:
        return client.query(
            "SELECT lead, touches, stage, truncated, toUnixTimestamp64Milli(engaged_at) % 1000 FROM leads_latest"
        ).result_rows

    assert before_and_after_merging(client, "lead_facts", standing) == [("l-1", 5, None, True, 250)]


@pytest.mark.parametrize("seed", range(3))
def test_of_several_contents_of_an_event_all_are_kept_and_the_smallest_is_shown(client: Client, seed: int) -> None:
    smaller = event("calls", "call.completed", {"direction": "inbound", "rep": "r-1"}, time="2026-03-03T09:00:00Z")
    greater = event("calls", "call.completed", {"direction": "outbound"}, time="2026-01-03T09:00:00Z")
    greatest = event("calls", "call.completed", {"direction": "outbound"}, time="2026-03-03T09:00:00Z")
    other = event("calls", "call.completed", {"direction": "outbound"}, id="e-2")
    records = [smaller, greater, greatest, other] * 2
    random.Random(seed).shuffle(records)
    for record in records:
        write(client, "calls", record)

    def shown() -> Any:
        return client.query("SELECT id, rep, toString(time) FROM events_once ORDER BY id").result_rows

    expected = [("e-1", "r-1", "2026-03-03 09:00:00.000"), ("e-2", "", "2026-03-02 09:00:00.000")]
    assert before_and_after_merging(client, "events", shown) == expected
    assert client.command("SELECT count() FROM events FINAL") == 4
    assert client.query("SELECT rep, count() FROM events_once GROUP BY rep ORDER BY rep").result_rows == [
        ("", 1),
        ("r-1", 1),
    ]


def test_an_event_is_kept_whole_with_the_fields_that_nobody_knows(client: Client) -> None:
    write(client, "leads", event("leads", "lead.engaged", {"source": "web", "shoe_size": 43}))
    body = orjson.loads(client.query("SELECT body FROM events_once").result_rows[0][0])
    assert body["data"] == {"source": "web", "shoe_size": 43}


def test_a_block_of_history_over_a_hundred_years_is_taken(client: Client) -> None:
    rows = [kpi(1, year, start=f"{year}-{month}-02T09:00:00Z") for year in range(1971, 2070) for month in ("03", "09")]
    write(client, "kpi.response", *rows)
    assert client.command("SELECT count() FROM kpis_latest") == 198


def test_an_announcement_counts_once_under_its_identity(client: Client) -> None:
    told = {
        "name": "sla.breached",
        "clock": "c",
        "policy": "p",
        "step": 1,
        "identity": "c/p@1/1",
        "at": "2026-03-02T09:00:00Z",
    }
    nameless = {"name": "sla.met", "policy": {"later": "shape"}}
    records = [Written(b"l-1", orjson.dumps(value)) for value in (told, nameless, told, nameless)]
    write(client, "sla", *records)
    write(client, "sla", *records)
    names = before_and_after_merging(
        client, "sla_events", lambda: client.query("SELECT name, lead, step FROM sla_once ORDER BY name").result_rows
    )
    assert names == [("sla.breached", "l-1", "1"), ("sla.met", "l-1", "")]


def test_a_clock_event_is_kept_whole_and_found_by_what_it_is_of(client: Client) -> None:
    told, _ = as_of(DAY, office(), engaged(owner="r-1", team="emea"))
    write(client, "sla", *[Written(b"lead-1", published(event)) for event in told])
    columns = "name, clock, policy, step, team, owner, toString(at), JSONExtractString(body, 'kind')"
    clock = "first_response/leads/lead-1/crm/lead.engaged-0"
    assert client.query(f"SELECT {columns} FROM sla_once ORDER BY at").result_rows == [
        ("sla.started", clock, "p@1", "", "emea", "r-1", "2026-03-02 09:00:00.000", "first_response"),
        ("sla.at_risk", clock, "p@1", "0.8", "emea", "r-1", "2026-03-02 12:12:00.000", "first_response"),
        ("sla.breached", clock, "p@1", "", "emea", "r-1", "2026-03-02 13:00:00.000", "first_response"),
    ]


def letter(offset: int) -> Written:
    letter = DeadLetter(
        "wrong_type", "$.data", "no", "sales.calls", 3, offset, "2026-03-02T09:00:00Z", None, "AAE=", [("h", "eA==")]
    )
    return Written(b"k", orjson.dumps({name: getattr(letter, name) for name in letter.__struct_fields__}))


def test_a_dead_letter_is_kept_whole_under_its_address(client: Client) -> None:
    write(client, "dead-letters", letter(17), letter(17))
    rows = client.query("SELECT topic, partition, `offset`, key, value, headers FROM dead_letters_once").result_rows
    assert rows == [("sales.calls", 3, 17, None, "AAE=", '[["h","eA=="]]')]


def test_an_observation_is_a_number_and_the_text_it_was_written_as(client: Client) -> None:
    data = {"name": "spend", "value": "120.50", "currency": "EUR", "dimensions": {"team": "a"}}
    write(client, "observations", event("observations", "observation.recorded", data))
    write(client, "observations", event("observations", "observation.recorded", {"name": "nps", "value": 9}, id="e-2"))

    def shown() -> Any:
        query = "SELECT name, value, exact, currency, dimensions FROM observations_once ORDER BY name"
        return client.query(query).result_rows

    expected = [("nps", 9.0, "9", "", {}), ("spend", 120.5, "120.50", "EUR", {"team": "a"})]
    assert before_and_after_merging(client, "observations", shown) == expected


def target(kind: str, value: int, id: str, time: str) -> Written:
    data = {"kpi": "mrr", "value": value, "start": "2026-01-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"}
    return event("targets", kind, data, id, time)


def test_the_latest_target_by_event_time_holds_though_an_older_one_comes_again(client: Client) -> None:
    old = target("target.set", 10, "a", "2026-03-02T09:00:00Z")
    new = target("target.set", 20, "b", "2026-03-02T10:00:00Z")
    write(client, "targets", old, new, old)

    def holding() -> Any:
        return client.query("SELECT kpi, value, start < end FROM targets_latest").result_rows

    assert before_and_after_merging(client, "targets", holding) == [("mrr", 20.0, 1)]


def test_a_revoked_target_and_one_whose_key_was_ended_are_gone(client: Client) -> None:
    write(client, "targets", target("target.set", 10, "a", "2026-03-02T09:00:00Z"))
    write(client, "targets", target("target.revoked", 10, "b", "2026-03-02T10:00:00Z"))
    assert client.command("SELECT count() FROM targets_latest") == 0
    assert client.command("SELECT count() FROM targets") == 2
    write(client, "targets", Written(b"s-1", None, offset=9))
    assert client.command("SELECT count() FROM targets FINAL") == 0


def test_what_is_no_row_of_its_topic_is_said_to_be_unusable() -> None:
    for topic in ("kpi.response", "lead-facts", "sla", "dead-letters", "leads", "targets"):
        for value in (b"", b"[]", b"{", b'"x"', b"\xff"):
            with pytest.raises(Unusable):
                parsers(SETTINGS)[f"sales.{topic}"](Written(b"k", value))


def test_every_column_that_is_written_exists(client: Client) -> None:
    for table, columns in COLUMNS.items():
        present = client.query(f"DESCRIBE TABLE {table}").result_columns[0]
        assert set(columns) <= set(present), table


def test_migrating_twice_and_by_two_at_once_is_migrating_once(dsn: str) -> None:
    faults: list[Exception] = []

    def migrated() -> None:
        try:
            migrate(connect(at(dsn)), SETTINGS)
        except DatabaseError as error:
            faults.append(error)

    threads = [threading.Thread(target=migrated) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    migrated()
    assert faults == []
    applied = connect(at(dsn)).query("SELECT version, name FROM migrations FINAL ORDER BY version").result_rows
    names = ["001_tables.sql", "002_reply_class.sql", "003_subjects.sql", "004_truncated.sql", "005_forgotten.sql"]
    names += ["006_reply_kind.sql", "007_standing_targets.sql"]
    assert applied == list(enumerate(names, start=1))


def test_a_database_of_a_later_release_is_left_alone(client: Client) -> None:
    client.insert("migrations", [[999, "999_later.sql"]], ["version", "name"])
    with pytest.raises(SchemaTooNew, match="migration 999"):
        migrate(client, SETTINGS)


def test_the_time_to_live_follows_the_settings_and_is_set_only_where_it_differs(client: Client) -> None:
    def time_to_live() -> str:
        return str(
            client.command(
                "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'events'"
            )
        )

    assert f"toIntervalSecond({730 * 86_400})" in time_to_live()
    migrate(client, Settings(keep_events="1d", _env_file=None))
    assert "toIntervalSecond(86400)" in time_to_live()


def test_recorded_events_of_years_ago_are_kept_whatever_their_stamps_and_old_letters_are_not(client: Client) -> None:
    recorded = event("leads", "lead.engaged", {}, time="2016-03-02T09:00:00Z")
    write(client, "leads", recorded._replace(timestamp=NOW - 3_650 * DAY))
    for age in (89, 91):
        write(client, "dead-letters", letter(offset=age)._replace(timestamp=NOW - age * DAY))
    for table in ("events", "dead_letters"):
        client.command(f"OPTIMIZE TABLE {table} FINAL")
    assert client.command("SELECT count() FROM events_once") == 1
    assert client.query("SELECT `offset` FROM dead_letters_once").result_rows == [(89,)]


def test_a_stamp_that_no_clock_shows_neither_hides_nor_expires_a_row(client: Client) -> None:
    for offset, stamp in enumerate((2**62, 4_294_967_000_000, NOW)):
        write(client, "dead-letters", letter(offset)._replace(timestamp=stamp))
    client.command("OPTIMIZE TABLE dead_letters FINAL")
    assert client.command("SELECT count() FROM dead_letters_once") == 3


def test_what_a_reply_counts_as_is_stored_though_its_text_is_not(client: Client) -> None:
    said: dict[str, Any] = {"in_reply_to": "m-1", "text": "Thanks, sounds great! Please call me tomorrow."}
    out: dict[str, Any] = {"in_reply_to": "m-1", "headers": {"Auto-Submitted": "auto-replied"}}
    none: dict[str, Any] = {"in_reply_to": "m-1"}
    records = [event("emails", "email.replied", data, id=f"e-{n}") for n, data in enumerate((said, out, none))]
    write(client, "emails", *records)
    found = client.query("SELECT reply_class, position(body, 'sounds great') FROM events_once ORDER BY id").result_rows
    assert found == [("positive", 0), ("auto", 0), ("", 0)]
