"""Published rows against recorded events: right rows pass whatever the events are, and nothing wrong does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from deploy.policy_check import EXAMPLE, check
from deploy.produce import address
from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import START, simulate
from deploy.simulator.reading import millis
from deploy.simulator.truth import truth
from schemas.catalogue import GROUPINGS, by_name
from schemas.events import TYPES, Millis
from schemas.forgetting import TOPIC, Forget, encode
from schemas.results import timestamp
from schemas.settings import Settings
from sinks.clickhouse import queries, reconciliation
from sinks.clickhouse.reconciliation import Behind, Difference, Reconciliation, Scope, reconcile, session
from sinks.clickhouse.rows import Unusable, parsers
from sinks.clickhouse.schema import migrate
from sinks.clickhouse.writer import Batch, Writer
from tests.agents.driving import Pipeline
from tests.conftest import at
from tests.policy_files import HEAD, parsed, policy
from tests.sinks.rough import rough
from tests.sinks.test_clickhouse_tables import Written
from tests.streams.selling import sold

NOW: Final = int(time.time() * 1000)
DAY: Final = 86_400_000
CLOCK: Final = NOW
"""When the open leads of all these logs are looked at: the rows' watermark."""
SETTINGS: Final = Settings(_env_file=None)
EVERYTHING: Final = Scope(tuple(by_name), tuple(GROUPINGS), ("1d", "all"), 0, NOW)
OF_POLICIES: Final = {"response_within_sla", "sla_at_risk", "sla_breached", "paused_share"}
"""Those without policies have none of these; see the tests at the end."""
Row = dict[str, Any]


@pytest.fixture(autouse=True)
def two_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference is one that is there at the second look as well: more are needed only where something changes."""
    monkeypatch.setattr(reconciliation, "PATIENCE", (0.0, 4.0))


@pytest.fixture
def client(dsn: str, client: Client) -> Iterator[Client]:
    """A session in the migrated database of the test's own."""
    with_session = session(at(dsn))
    yield with_session
    with_session.close()


def record(client: Client, lines: Iterable[bytes], settings: Settings = SETTINGS, *, at: Millis = NOW) -> None:
    """What the sink makes of lines that come at an instant in their topics; what no topic takes is no event."""
    parse, batch = parsers(settings), Batch()
    for offset, line in enumerate(lines):
        topic, key = address(line)
        if topic not in TYPES:
            continue
        try:
            batch.add(parse[settings.topic(topic)](Written(key, line, offset, at)))
        except Unusable:
            continue
    Writer(client).write(batch)


def publish(client: Client, rows: Iterable[Row], revision: int = 1, settings: Settings = SETTINGS) -> None:
    """What the sink makes of rows as the worker publishes them."""
    parse, batch = parsers(settings), Batch()
    for row in rows:
        key = orjson.dumps([row[name] for name in ("kpi", "grouping", "dimensions", "window", "start")])
        stamped = {"end": _end(row, settings), "basis": "engaged", "revision": revision, "watermark": timestamp(CLOCK)}
        topic = settings.topic(f"kpi.{by_name[row['kpi']].family}")
        batch.add(parse[topic](Written(key, orjson.dumps(stamped | row), revision, NOW)))
    Writer(client).write(batch)


def _end(row: Row, settings: Settings) -> str | None:
    if row["window"] == "all":
        return None
    start = datetime.fromisoformat(row["start"]).astimezone(ZoneInfo(settings.timezone))
    following = (start + timedelta(hours=36)).replace(hour=0, minute=0, tzinfo=None)
    end = datetime(following.year, following.month, following.day, tzinfo=start.tzinfo)
    return timestamp(round(end.timestamp()) * 1000)


def found(
    client: Client,
    scope: Scope = EVERYTHING,
    settings: Settings = SETTINGS,
    sleep: Callable[[float], None] = lambda seconds: None,
) -> Reconciliation:
    return reconcile(client, settings, scope, NOW, sleep)


def wrong_floor(seed: int, leads: int = 250, start: int = START) -> list[bytes]:
    spoilt = disturb(simulate(seed, leads, start=start), seed, duplicates=0.1, late=0.1, malformed=0.05, conflicts=0.05)
    return list(spoilt)


def true_rows(lines: list[bytes], settings: Settings = SETTINGS) -> list[Row]:
    rows: list[Row] = truth(lines, settings, CLOCK)["kpis"]
    return rows


@pytest.mark.parametrize("seed", [201, 202])
def test_true_rows_of_a_floor_with_everything_wrong_with_it_have_no_difference(client: Client, seed: int) -> None:
    lines = wrong_floor(seed)
    record(client, lines)
    rows = true_rows(lines)
    publish(client, rows)
    result = found(client)
    assert (result.compared, result.differences, result.moving, result.examples) == (len(rows), 0, 0, [])
    recomputed = {tally.kpi for tally in result.tallies}
    assert recomputed == set(by_name) - OF_POLICIES, "every KPI of the catalogue is recomputed"


@pytest.mark.parametrize("seed", range(4))
def test_true_rows_of_leads_without_rhyme_or_reason_have_no_difference(client: Client, seed: int) -> None:
    lines = rough(seed, 150)
    record(client, lines)
    rows = true_rows(lines)
    publish(client, rows)
    result = found(client)
    assert (result.compared, result.examples) == (len(rows), [])


@pytest.mark.parametrize("seed", [207, 208])
def test_true_rows_of_deals_of_the_last_months_have_no_difference(client: Client, seed: int) -> None:
    """Of what is measured by the last 90 days something leaves, and something has just left."""
    lines = sold(seed, 250, CLOCK - 5 * 60_000)
    record(client, lines)
    rows = [row for row in true_rows(lines) if row["window"] == "all"]
    publish(client, rows)
    result = found(client, Scope(tuple(by_name), tuple(GROUPINGS), ("all",), 0, NOW))
    assert (result.compared, result.moving, result.examples) == (len(rows), 0, [])
    assert row_of(rows, "pipeline_velocity", currency="USD")["value"] is not None
    assert row_of(rows, "stagnant_deals", stage="proposal")["value"] > 0


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Asia/Beirut"])
def test_days_are_those_of_the_time_zone(client: Client, zone: str) -> None:
    """Clocks change in these two weeks; in Beirut at midnight, so that the day begins at one."""
    settings = SETTINGS.model_copy(update={"timezone": zone})
    start = millis("2026-03-27T00:00:00Z") if zone != "America/St_Johns" else millis("2026-03-06T00:00:00Z")
    lines = wrong_floor(203, 150, start)
    record(client, lines)
    rows = true_rows(lines, settings)
    publish(client, rows, settings=settings)
    result = found(client, settings=settings)
    assert (result.compared, result.examples) == (len(rows), [])


@pytest.fixture
def reconciled(client: Client) -> list[Row]:
    """Rows of a recorded floor, as they should be and are."""
    lines = wrong_floor(204, 120)
    record(client, lines)
    rows = true_rows(lines)
    publish(client, rows)
    return rows


def row_of(rows: list[Row], kpi: str, window: str = "all", grouping: str = "all", **dimensions: str) -> Row:
    name = (kpi, window, grouping, dimensions)
    [row] = [row for row in rows if (row["kpi"], row["window"], row["grouping"], row["dimensions"]) == name]
    return row


def with_statistic(row: Row, **changes: Any) -> Row:
    return row | {"statistics": row["statistics"] | changes}


def test_each_wrong_number_is_found_and_nothing_else(client: Client, reconciled: list[Row]) -> None:
    def of(kpi: str, **dimensions: str) -> Row:
        return row_of(reconciled, kpi, **dimensions)

    def more(row: Row, name: str, **numbers: int) -> Row:
        return with_statistic(row, **{name: row["statistics"][name] | numbers})

    altered = {
        "count": of("leads_created") | {"count": 1},
        "numerator": of("reply_rate") | {"numerator": 1},
        "value": of("positive_reply_rate") | {"value": None},
        "mean": with_statistic(of("system_delay"), mean=1e9),
        "p90": with_statistic(row := of("time_to_contact"), p90=row["statistics"]["p90"] * 1.012),
        "within.900": more(of("lead_response_time"), "within", **{"900": 0}),
        "lower_bounds.p99": with_statistic(of("reply_latency"), lower_bounds=["p99"]),
        "distribution.99": more(of("follow_ups_per_lead"), "distribution", **{"99": 1}),
        "at_least.2": more(of("follow_up_rate"), "at_least", **{"2": 0}),
        "customer.new": more(of("activities", kind="call"), "customer", new=0),
        "machine": with_statistic(of("open_rate"), machine=10**6),
        "cancelled": with_statistic(of("rep_response_time"), cancelled=10**6),
    }
    publish(client, altered.values(), revision=2)
    result = found(client)
    assert (result.differences, result.moving) == (len(altered), 0)
    names = {example.kpi: [name for name, _, _ in example.numbers] for example in result.examples}
    assert names == {row["kpi"]: [name] for name, row in altered.items()}


def test_each_wrong_number_of_deals_as_they_stand_is_found_and_nothing_else(client: Client) -> None:
    lines = sold(210, 120, CLOCK - 5 * 60_000)
    record(client, lines)
    rows = true_rows(lines)
    publish(client, rows)

    def of(kpi: str, grouping: str = "all", **dimensions: str) -> Row:
        return row_of(rows, kpi, grouping=grouping, **dimensions)

    def off(row: Row, name: str, factor: float, more: float = 0) -> tuple[str, Row]:
        number = float(row["value"] if name == "value" else row["statistics"][name]) * factor + more
        return name, row | {"value": str(number)} if name == "value" else with_statistic(row, **{name: number})

    altered = [
        off(of("open_pipeline", currency="USD"), "value", 1, 0.01),
        ("count", (row := of("open_pipeline", currency="EUR")) | {"count": row["count"] + 1}),
        off(of("weighted_pipeline", currency="USD"), "value", 1.001),
        off(of("weighted_pipeline", currency="EUR"), "won", 1, 1),
        off(of("pipeline_velocity", currency="USD"), "value", 1.001),
        off(of("pipeline_velocity", "rep", rep="r-1", currency="EUR"), "mean_amount", 1.001),
        off(of("stage_age", stage="proposal"), "value", 1, 151),
        off(of("stage_age", stage="contract"), "p90", 1, 151),
        off(of("stagnant_deals", stage="proposal"), "value", 1, 2),
        off(of("stagnant_deals", stage="contract"), "limit", 1.02),
    ]
    publish(client, [row for _, row in altered], revision=2)
    wrong = {
        (one.kpi, *one.dimensions.values()): [name for name, _, _ in one.numbers] for one in found(client).examples
    }
    assert wrong == {(row["kpi"], *row["dimensions"].values()): [name] for name, row in altered}


def test_bands_of_age_are_right_to_a_minute(client: Client) -> None:
    """The partitions of the leads have clocks of their own, not quite the row's."""
    ages = {"young": 290_000, "old": 800_000}
    envelope = {"specversion": "1.0", "source": "crm", "type": "lead.engaged", "data": {}}
    events = [envelope | {"id": lead, "subject": lead, "time": timestamp(CLOCK - age)} for lead, age in ages.items()]
    lines = [orjson.dumps(event) for event in events]
    record(client, lines)
    rows = true_rows(lines)
    [row, *others] = [row for row in rows if row["kpi"] == "open_leads"]
    assert row["statistics"]["bands"] == {"300": 1, "900": 1, "3600": 0, "14400": 0, "86400": 0, "older": 0}
    publish(client, [one for one in rows if one["kpi"] != "open_leads"] + others)
    for bands, differences in (({"900": 2}, 0), ({"300": 2}, 1), ({"900": 1, "3600": 1}, 1)):
        publish(client, [with_statistic(row, bands=bands)], revision=2 + differences + len(bands))
        assert found(client).differences == differences, bands


def test_a_quantile_may_be_one_per_cent_off(client: Client, reconciled: list[Row]) -> None:
    row = row_of(reconciled, "lead_response_time")
    quantiles = {name: value * 1.009 for name, value in row["statistics"].items() if name.startswith("p")}
    publish(client, [with_statistic(row, **quantiles) | {"value": row["value"] * 1.009}], revision=2)
    assert found(client).differences == 0


def test_a_row_that_was_not_published_and_one_that_should_not_be_are_told_apart(
    client: Client, reconciled: list[Row]
) -> None:
    row = row_of(reconciled, "follow_up_rate", grouping="team", team="emea-1")
    client.command("ALTER TABLE kpis DELETE WHERE kpi = 'follow_up_rate' AND team = 'emea-1' AND window = 'all'"
                   " AND grouping = 'team' SETTINGS mutations_sync = 1")  # fmt: skip
    publish(client, [row | {"dimensions": {"team": "nobody's"}}])
    verdicts = {(one.verdict, one.dimensions["team"]) for one in found(client).examples}
    assert verdicts == {("missing", "emea-1"), ("surplus", "nobody's")}


def test_a_row_of_zeros_is_no_row(client: Client, reconciled: list[Row]) -> None:
    nothing = {"value": 0, "count": 0, "dimensions": {"kind": "fax"}}
    publish(client, [row_of(reconciled, "activities", kind="call") | nothing])
    assert found(client).differences == 0


def test_an_event_too_many_or_too_few_is_found_where_it_counts(client: Client, reconciled: list[Row]) -> None:
    envelope = {"specversion": "1.0", "id": "one-more", "source": "crm", "subject": "a lead that nobody knows"}
    more = envelope | {"type": "call.completed", "time": "2026-03-04T09:00:00Z", "data": {"direction": "outbound"}}
    record(client, [orjson.dumps(more)])
    changed = {tally.kpi for tally in found(client).tallies if tally.differences}
    assert changed == {
        "activities", "message_reply_rate", "reply_rate", "positive_reply_rate", "negative_reply_rate",
        "connect_rate", "calls_per_hour_talked",
    }  # fmt: skip
    client.command("ALTER TABLE events DELETE WHERE id = 'one-more' SETTINGS mutations_sync = 1")
    assert found(client).differences == 0
    client.command(
        "ALTER TABLE events DELETE WHERE (subject, id) IN"
        " (SELECT subject, id FROM events WHERE type = 'deal.stage_changed' AND body LIKE '%proposal%' LIMIT 1)"
        " SETTINGS mutations_sync = 1"
    )
    assert {(one.kpi, one.dimensions.get("kind")) for one in found(client).examples} == {
        ("activities", "quote"), ("proposals_sent", None), ("quote_to_close", None),
        ("stage_duration", None), ("stage_conversion", None),
    }  # fmt: skip


def test_what_arrives_while_it_is_looked_at_is_no_difference(
    client: Client, reconciled: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "PATIENCE", (0.0, 4.0, 8.0, 8.0))
    row = row_of(reconciled, "leads_created")
    publish(client, [row | {"count": 1}], revision=2)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            publish(client, [row], revision=3)

    result = found(client, sleep=sleep)
    assert (result.differences, result.moving, len(waits)) == (0, 0, 3)


def test_a_row_that_changes_at_every_look_is_not_judged(client: Client, reconciled: list[Row]) -> None:
    row, wrong = row_of(reconciled, "leads_created"), row_of(reconciled, "reply_rate") | {"count": 1}
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        publish(client, [row | {"count": len(looks)}, wrong], revision=1 + len(looks))

    result = found(client, sleep=sleep)
    assert looks == list(reconciliation.PATIENCE)
    assert (result.differences, result.moving) == (1, 1)
    assert [one.kpi for one in result.examples] == ["reply_rate"]


def test_rows_that_are_behind_the_events_are_not_called_wrong(client: Client, reconciled: list[Row]) -> None:
    stale = {"watermark": timestamp(CLOCK - 16_000)}
    publish(client, [row | stale for row in reconciled if row["kpi"].startswith("o")], revision=2)
    publish(client, [row_of(reconciled, "leads_created") | {"count": 1}], revision=2)
    with pytest.raises(Behind, match="is the worker running"):
        found(client)


def test_only_windows_that_lie_in_the_period_are_compared(client: Client, reconciled: list[Row]) -> None:
    first, last = millis("2026-03-04T00:00:00Z"), millis("2026-03-06T00:00:00Z")
    within = [row for row in reconciled if row["window"] == "1d" and "2026-03-04" <= row["start"] < "2026-03-06"]
    scope = Scope(tuple(by_name), tuple(GROUPINGS), ("1d",), first, last)
    assert (found(client, scope).compared, found(client, scope).differences) == (len(within), 0)
    publish(client, [row | {"count": 10**6} for row in reconciled if row["start"] >= "2026-03-06"], revision=2)
    assert found(client, scope).differences == 0
    one = Scope(("reply_rate",), ("channel",), ("1d",), first, last)
    asked = [row for row in within if (row["kpi"], row["grouping"]) == ("reply_rate", "channel")]
    assert found(client, one).compared == len(asked) > 0


def test_fine_windows_that_may_be_gone_are_not_missed(client: Client) -> None:
    """Nothing is published here, so whatever is compared is missing."""
    kept = SETTINGS.keep_fine_windows
    times = {"gone": NOW - kept - 2 * 3_600_000, "there": NOW - kept + 11 * 60_000}
    envelope = {"specversion": "1.0", "source": "crm", "type": "lead.engaged", "data": {}}
    events = [envelope | {"id": lead, "subject": lead, "time": timestamp(at)} for lead, at in times.items()]
    record(client, [orjson.dumps(event) for event in events])
    result = found(client, Scope(("leads_created",), ("all",), ("1m", "1h"), 0, NOW))
    assert {(tally.window, tally.missing) for tally in result.tallies} == {("1m", 1), ("1h", 2)}


def test_rows_of_leads_that_have_lost_events_to_retention_are_not_compared(client: Client) -> None:
    """Called long ago and again now, when nobody remembers that it was called before."""
    settings = SETTINGS.model_copy(update={"keep_events": 100 * DAY})
    envelope = {"specversion": "1.0", "source": "crm", "type": "call.completed", "data": {"direction": "outbound"}}

    def call(lead: str, days_ago: int) -> bytes:
        event = {"id": f"{lead}-{days_ago}", "subject": lead, "time": timestamp(NOW - days_ago * DAY)}
        return orjson.dumps(envelope | event)

    lines = [call("old", 120), call("old", 5), call("new", 4), call("new", 3), call("newer", 2)]
    record(client, lines)
    publish(client, true_rows(lines))
    assert found(client, settings=settings).differences == 0
    client.command("ALTER TABLE subjects UPDATE first_stored_at = now() - INTERVAL 120 DAY WHERE subject = 'old'"
                   " SETTINGS mutations_sync = 1")  # fmt: skip
    client.command("ALTER TABLE events DELETE WHERE id = 'old-120' SETTINGS mutations_sync = 1")
    result = found(client, settings=settings)
    assert result.differences == 0
    kept = {tally.kpi: tally.compared for tally in result.tallies if tally.window == "1d"}
    assert kept["reply_rate"] > 0
    assert not [tally for tally in result.tallies if tally.window == "all"]
    publish(client, [row | {"count": 99} for row in true_rows(lines) if row["window"] == "1d"], revision=2)
    first_touches = Scope(("reply_rate",), ("all",), ("1d",), 0, NOW)
    days = {one.start[:10] for one in found(client, first_touches, settings).examples}
    assert days == {timestamp(NOW - days_ago * DAY)[:10] for days_ago in (4, 2)}


def test_subjects_that_were_stored_before_the_migration_are_known(client: Client) -> None:
    record(client, [orjson.dumps({"specversion": "1.0", "id": "e", "source": "crm", "subject": "lead-1",
                                  "type": "lead.engaged", "time": timestamp(NOW), "data": {}})])  # fmt: skip
    client.command("DROP TABLE subjects_feed")
    client.command("DROP TABLE subjects")
    client.command("ALTER TABLE migrations DELETE WHERE version = 3 SETTINGS mutations_sync = 1")
    migrate(client, SETTINGS)
    assert client.query("SELECT subject, first_stored_at = (SELECT min(stored_at) FROM events) FROM subjects"
                        ).result_rows == [("lead-1", True)]  # fmt: skip


def test_nothing_is_left_behind(client: Client, reconciled: list[Row]) -> None:
    found(client)
    assert client.query("SELECT name FROM system.tables WHERE is_temporary").result_rows == []


def test_an_example_says_what_was_published_and_what_it_should_have_been(client: Client, reconciled: list[Row]) -> None:
    row = row_of(reconciled, "leads_created")
    publish(client, [row | {"count": 1}], revision=2)
    [example] = found(client).examples
    assert example == Difference(
        "leads_created", "all", "all", {}, timestamp(0), "different", [("count", 1.0, float(row["count"]))]
    )


def test_where_a_lead_was_forgotten_its_numbers_cannot_be_told_and_all_others_can(
    client: Client, reconciled: list[Row]
) -> None:
    """Rows say what it added, events no more; a row in which nothing of it happened is judged as ever."""
    days = "SELECT toString(toDate(min(time))), toString(toDate(max(time))) FROM events WHERE subject = %(lead)s"
    [[lead]] = client.query(
        "SELECT subject FROM events WHERE type = 'lead.engaged' ORDER BY time, subject LIMIT 1"
    ).result_rows
    first, last = client.query(days, {"lead": lead}).first_row
    batch = Batch()
    batch.add(parsers(SETTINGS)[SETTINGS.topic(TOPIC)](Written(lead.encode(), encode(Forget(lead, 1)))))
    Writer(client).write(batch)
    result = found(client)
    assert (result.differences, result.examples) == (0, [])
    assert result.unverifiable
    elsewhere = next(
        row
        for row in reconciled
        if row["kpi"] == "leads_created" and row["window"] == "1d" and not first <= row["start"][:10] <= last
    )
    publish(client, [elsewhere | {"count": elsewhere["count"] + 1}], revision=2)
    assert found(client).differences == 1


@pytest.fixture
def served(client: Client, tmp_path: Path) -> list[bytes]:
    """A floor under the example's policies, everything recorded that the worker has told of it; its lines."""
    lines = wrong_floor(205, 120, NOW - 30 * DAY)
    settings = SETTINGS.model_copy(update={"windows": "1d,all", "dead_letter_share": 1.0})
    driven = Pipeline(settings, tmp_path, policies=check(EXAMPLE)[0])
    driven.feed(lines)
    driven.commit(NOW)
    record(client, lines)
    tell(client, driven)
    return lines


def tell(client: Client, driven: Pipeline) -> None:
    """What the sink makes of everything that was published."""
    parse, batch = parsers(driven.settings), Batch()
    for topic, records in driven.published.items():
        for offset, (key, value) in enumerate(records):
            parsed = parse.get(driven.settings.topic(topic))
            if parsed is not None and (topic == "sla" or topic.startswith("kpi.")):
                batch.add(parsed(Written(key, value or None, offset, NOW)))
    Writer(client).write(batch)


def test_rows_of_clocks_are_held_to_their_announcements(client: Client, served: list[bytes]) -> None:
    result = found(client)
    assert result.examples == []
    equal = {(tally.kpi, tally.window): tally.equal for tally in result.tallies}
    assert equal["response_within_sla", "all"] > 20 < equal["response_within_sla", "1d"]
    assert equal["sla_breached", "all"] > 1
    aside = {tally.kpi for tally in result.tallies if tally.unverifiable}
    assert "paused_share" in aside <= OF_POLICIES


@pytest.mark.parametrize("grouping", ["all", "policy", "rep"])
def test_a_wrong_row_of_clocks_is_found(client: Client, served: list[bytes], grouping: str) -> None:
    [*_, row] = _published(client, "response_within_sla", grouping)
    publish(client, [row | {"numerator": row["numerator"] + 1}], revision=10**6)
    [example] = found(client).examples
    assert (example.kpi, example.grouping, example.numbers[0][0]) == ("response_within_sla", grouping, "numerator")


def test_a_difference_is_found_in_every_kpi_of_the_catalogue(client: Client, tmp_path: Path) -> None:
    """But in the share of pauses, of which no announcement tells enough."""
    late = {"specversion": "1.0", "source": "crm", "type": "lead.engaged", "id": "late", "subject": "late", "data": {}}
    lines = [
        *wrong_floor(205, 120, NOW - 30 * DAY),
        *sold(206, 120, NOW - 5 * 60_000),
        orjson.dumps(late | {"time": timestamp(NOW - 45 * 60_000)}),
    ]
    hourly = policy(target='"1 calendar hour"', calendar="", warn_at="[0.5]")
    stages = policy(
        "stay", clock='"stage"', when__stage='["proposal", "contract"]', target='"30 calendar days"', calendar=""
    )
    settings = SETTINGS.model_copy(update={"windows": "all", "groupings": "all;team", "dead_letter_share": 1.0})
    driven = Pipeline(settings, tmp_path, policies=parsed(HEAD + hourly + stages))
    driven.feed(lines)
    driven.commit(NOW)
    record(client, lines)
    tell(client, driven)
    scope = Scope(tuple(by_name), ("all", "team"), ("all",), 0, NOW)
    right = found(client, scope)
    assert right.examples == []
    assert {tally.kpi for tally in right.tallies if tally.equal} >= set(by_name) - {"paused_share"}
    assert not [tally for tally in right.tallies if tally.unverifiable and tally.kpi not in OF_POLICIES]
    [proposals] = [
        row for row in _published(client, "stagnant_deals", "all") if row["dimensions"]["stage"] == "proposal"
    ]
    assert proposals["statistics"]["by_policy"] == proposals["count"] > proposals["value"] > 0
    wrong = {kpi: _published(client, kpi, "all")[-1] for kpi in by_name}
    publish(client, [row | {"count": row["count"] + 1} for row in wrong.values()], revision=10**6)
    different = {tally.kpi for tally in found(client, scope).tallies if tally.differences}
    assert different == set(by_name) - {"paused_share"}


def test_a_breach_that_is_announced_and_not_counted_is_found(client: Client, served: list[bytes]) -> None:
    client.command("ALTER TABLE sla_events DELETE WHERE name = 'sla.breached' SETTINGS mutations_sync = 1")
    wrong = {(one.kpi, one.window) for one in found(client).examples}
    assert {("response_within_sla", "all"), ("sla_breached", "all")} <= wrong


def test_what_cannot_be_told_of_clocks_is_no_difference(client: Client, served: list[bytes]) -> None:
    [*_, row] = _published(client, "sla_breached", "rep")
    publish(client, [row | {"count": row["count"] + 1}], revision=10**6)
    assert found(client).differences == 0
    late = SETTINGS.model_copy(update={"keep_sla_events": -DAY})
    [*_, row] = _published(client, "response_within_sla", "all")
    publish(client, [row | {"count": row["count"] + 1}], revision=10**6)
    assert (found(client, settings=late).differences, found(client).differences) == (0, 1)


def _published(client: Client, kpi: str, grouping: str) -> list[Row]:
    """Its rows of the window all, as they were published."""
    return [row for row in queries.latest(client, window="all", grouping=grouping, kpi=kpi) if row["count"]]
