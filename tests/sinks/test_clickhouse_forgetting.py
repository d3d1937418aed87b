"""Leads forgotten on request, on the real engine: no table names them any more, whoever inserts what and when."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from schemas.forgetting import TOPIC, Forget, encode, mark
from schemas.results import DeadLetter
from sinks.clickhouse.rows import parsers
from sinks.clickhouse.writer import Batch, Writer
from tests.sinks.test_clickhouse_tables import SETTINGS, Written, facts

TABLES = ("events", "lead_facts", "sla_events", "dead_letters", "subjects", "forgotten")


def called(lead: str, ident: str = "c-1") -> tuple[str, Written]:
    envelope = {"specversion": "1.0", "id": ident, "source": "crm", "type": "call.completed", "subject": lead}
    body = envelope | {"time": "2026-03-02T09:00:30Z", "data": {"direction": "outbound"}}
    return "calls", Written(lead.encode(), orjson.dumps(body))


def letter(lead: str, offset: int, key: bool = True) -> tuple[str, Written]:
    value = b64encode(orjson.dumps({"subject": lead})).decode()
    made = b64encode(lead.encode()).decode() if key else None
    written = DeadLetter("future", "", "", "sales.calls", 0, offset, "2026-03-02T09:00:00Z", made, value, [])
    return "dead-letters", Written(lead.encode(), encode(written))


def breached(lead: str, by: str | None = None) -> tuple[str, Written]:
    clock = f"contact/leads/{by or lead}/crm/e-1"
    announced = {"lead": lead, "identity": f"{clock}/breached", "name": "x", "clock": clock}
    return "sla", Written(lead.encode(), orjson.dumps(announced))


def known(lead: str) -> tuple[str, Written]:
    return "lead-facts", Written(lead.encode(), facts(lead, 1))


def ended(lead: str) -> tuple[str, Written]:
    return "lead-facts", Written(lead.encode(), None)


def forget(lead: str, at: int = 1_000) -> tuple[str, Written]:
    return TOPIC, Written(lead.encode(), encode(Forget(lead, at)))


def everything(lead: str) -> list[tuple[str, Written]]:
    first = 10 * len(lead)
    return [called(lead), known(lead), breached(lead), letter(lead, first), letter(lead, first + 1, key=False)]


def batch(*records: tuple[str, Written]) -> Batch:
    made, parse = Batch(), parsers(SETTINGS)
    for topic, record in records:
        made.add(parse[SETTINGS.topic(topic)](record))
    return made


def naming(client: Client, lead: str) -> list[str]:
    """Tables in which the lead is named, in plain or as base64."""
    needles = {"plain": lead, "coded": b64encode(lead.encode()).decode(), "within": _within(lead)}
    condition = " OR ".join(f"position(toString(tuple(*)), %({name})s) > 0" for name in needles)
    return [t for t in TABLES if client.query(f"SELECT count() FROM {t} WHERE {condition}", needles).first_row[0]]


def _within(lead: str) -> str:
    return b64encode(orjson.dumps({"subject": lead})).decode()


def test_no_table_names_a_forgotten_lead_and_others_are_left(client: Client) -> None:
    Writer(client).write(batch(*everything("ana"), breached("benno", by="ana"), *everything("benno")))
    assert naming(client, "ana") == list(TABLES[:-1])
    Writer(client).write(batch(forget("ana")))
    assert naming(client, "ana") == []
    assert naming(client, "benno") == list(TABLES[:-1])
    [[subject, removed]] = client.query("SELECT subject, removed FROM forgotten FINAL WHERE done").result_rows
    assert subject == mark("ana")
    assert removed == {"events": 1, "lead_facts": 1, "sla_events": 2, "dead_letters": 2, "subjects": 1}
    assert client.query("SELECT toString(at) FROM forgotten_minutes").result_rows == [("2026-03-02 09:00:00",)]


def test_the_bytes_go_too(client: Client) -> None:
    """A deleted row is hidden first: the parts are written anew without it."""
    Writer(client).write(batch(*everything("ana"), *everything("benno")))
    Writer(client).write(batch(forget("ana")))
    client.command("ALTER TABLE events APPLY DELETED MASK SETTINGS mutations_sync = 1")
    rows = "SELECT sum(rows) FROM system.parts WHERE database = currentDatabase() AND table = 'events' AND active"
    assert client.query(rows).first_row == (1,)


@pytest.mark.parametrize("restarted", [False, True])
def test_what_still_comes_of_a_forgotten_lead_is_not_stored(client: Client, restarted: bool) -> None:
    writer = Writer(client)
    writer.write(batch(forget("ana"), *everything("ana"), breached("benno", by="ana")))
    assert naming(client, "ana") == []
    writer = Writer(client) if restarted else writer
    written = writer.write(batch(*everything("ana"), ended("ana"), called("benno")))
    assert naming(client, "ana") == []
    assert written == {"events": 1, "lead_facts": 0, "sla_events": 0, "dead_letters": 0}
    assert naming(client, "benno") == ["events", "subjects"]


def test_a_sink_that_had_rows_in_hand_while_another_forgot_their_lead_deletes_them(client: Client) -> None:
    one, other = Writer(client), Writer(client)
    one.write(batch(forget("ana")))
    other.write(batch(*everything("ana")[:4]))
    assert naming(client, "ana") == []


def test_what_a_sink_left_that_ended_between_insert_and_look_the_next_one_deletes(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(client)
    Writer(client).write(batch(forget("ana")))
    with monkeypatch.context() as patched:
        patched.setattr(writer._forgetting, "finish", lambda requests: None)
        writer.write(batch(called("ana")))
    assert naming(client, "ana") == ["events", "subjects"]
    Writer(client)
    assert naming(client, "ana") == []


def test_a_request_tried_again_is_done_once(client: Client) -> None:
    for _ in range(2):
        Writer(client).write(batch(forget("ana")))
    assert client.query("SELECT count() FROM forgotten FINAL").first_row == (1,)


def test_what_one_lead_was_given_of_another_is_no_business_of_the_sink(client: Client) -> None:
    held: Any = TOPIC, Written(b"benno", encode(Forget("ana", 1, "benno")))
    Writer(client).write(batch(called("ana"), called("benno"), held))
    assert naming(client, "ana") == naming(client, "benno") == ["events", "subjects"]
