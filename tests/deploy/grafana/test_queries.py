"""Every query of every dashboard, asked on real data: of a Prometheus that scrapes the pipeline, and of the engine."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from agents.engine.clock import now
from agents.targets import pursuing
from deploy import topics
from deploy.policy_check import EXAMPLE, check
from deploy.produce import produce
from deploy.reconciling import tell
from deploy.render.alerting import files_of
from deploy.render.alerting.scraping import JOBS
from deploy.render.grafana.variables import REPS, TEAMS
from deploy.simulator.floor import simulate
from schemas.catalogue import TRAILING
from schemas.publishing import dumps
from schemas.results import timestamp
from schemas.settings import Settings
from schemas.targets import subject
from sinks.clickhouse import sink
from sinks.clickhouse.metrics import Differences
from sinks.clickhouse.reconciliation import Reconciliation, Tally
from sinks.clickhouse.schema import connect
from sinks.exposition import served
from tests.agents.test_leads import line
from tests.agents.workers import ROOT, Worker, free_port, until
from tests.deploy.alerting.monitoring import prometheus
from tests.deploy.grafana.boards import Asked, promql, queries, sql

DAY: Final = 86_400_000
MINUTE: Final = 60_000
DAYS: Final = 28
SOON: Final = 6_000
LEADS: Final = 60
ASKED: Final = {f"{query.name} {number}": query for number, query in enumerate(queries())}


class Running(NamedTuple):
    """The pipeline while it runs: where Prometheus and the engine answer, and what a user might choose."""

    prometheus: str
    client: Client
    settings: Settings
    chosen: dict[str, list[str]]

    def samples(self, query: str) -> list[float]:
        """The numbers that Prometheus answers with, those that are none left out."""
        found = self.api("query", query=query)["result"]
        return [number for each in found if not math.isnan(number := float(each["value"][1]))]

    def api(self, path: str, **words: str) -> Any:
        with urllib.request.urlopen(f"{self.prometheus}/api/v1/{path}?{urllib.parse.urlencode(words)}") as answer:
            return orjson.loads(answer.read())["data"]

    def rows(self, query: str, **chosen: list[str]) -> list[Any]:
        """What the engine answers, for the days that were simulated."""
        until = datetime.now(UTC)
        asked = sql(query, self.chosen | chosen, until - timedelta(days=DAYS + 2), until)
        return list(self.client.query(asked).result_rows)


def history(clock: int) -> Iterator[bytes]:
    """Four weeks of a sales floor up to now, targets of everybody, a team and a rep, and an event that is refused."""
    events = list(simulate(1, LEADS, clock - DAYS * DAY, DAYS))
    yield from map(dumps, events)
    team = next(event["data"]["team"] for event in events if event["data"].get("team"))
    rep = next(event["data"]["rep"] for event in events if event["data"].get("rep"))
    start, end = clock - 10 * DAY, clock + 10 * DAY
    for who in ({}, {"team": team}, {"rep": rep}):
        for kpi, value in (("won_amount", 100_000), ("deals_won", 10), ("reply_rate", 0.4)):
            data = {"kpi": kpi, "start": timestamp(start), "end": timestamp(end), "value": value} | who
            yield line("target.set", clock - 11 * DAY, subject(kpi, who, start, end), f"{kpi}-{who}", **data)
    yield from deals(clock)
    yield from yesterday(clock)
    yield line("call.completed", clock, "lead-1", "no-call", direction="sideways")


def deals(clock: int) -> Iterator[bytes]:
    """Two weeks with a deal a day, moving on at noon: won, lost, or open still."""
    noon = clock // DAY * DAY - DAY // 2
    for n in range(14):
        deal, lead = {"deal_id": f"deal-{n}", "rep": "r-1", "team": "emea-1"}, f"buyer-{n}"
        opened = noon - (15 - n) * DAY
        yield line("lead.engaged", opened - DAY, lead, f"l-{n}", owner="r-1", team="emea-1", temperature="hot")
        yield line("deal.opened", opened, lead, f"o-{n}", **deal, amount="1000", currency="EUR", stage="qualification")
        yield line("call.completed", opened + DAY // 24, lead, f"c-{n}", direction="outbound", rep="r-1", answered=True)
        yield line("deal.stage_changed", opened + DAY, lead, f"p-{n}", **deal, stage="proposal")
        if n % 3 < 2:
            yield line("deal.lost" if n % 3 else "deal.won", opened + 2 * DAY, lead, f"e-{n}", **deal, reason="price")


def yesterday(clock: int) -> Iterator[bytes]:
    """A lead that was answered, called again and replied on the last whole day, whichever day of the week that was."""
    noon = clock // DAY * DAY - DAY // 2
    yield line("lead.engaged", noon, "fresh", "fresh", temperature="hot", team="emea-1", owner="r-1")
    for n in range(2):
        yield line("call.completed", noon + (n + 1) * MINUTE, "fresh", f"fresh-{n}", direction="outbound", rep="r-1")
    yield line("email.replied", noon + 9 * MINUTE, "fresh", "yes", **{"class": "positive"})


def ignored(clock: int) -> list[bytes]:
    """Hot leads whose five minutes are over soon, with nobody calling."""
    at = clock - 5 * MINUTE + SOON
    return [
        line("lead.engaged", at, f"hot-{n}", f"hot-{n}", temperature="hot", team="emea-1", owner="r-1")
        for n in range(12)
    ]


@pytest.fixture(scope="module")
def running(
    kafka: str, clickhouse: str, jar_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Worker, sink and targets, scraped by Prometheus, once all that was sent has arrived."""
    place = tmp_path_factory.mktemp("grafana")
    policies = place / "policies.toml"
    # Day and night: the tests may run on a Sunday.
    policies.write_text(EXAMPLE.read_text().replace(" business ", " calendar "))
    settings = Settings(
        kafka=kafka,
        clickhouse=f"{clickhouse}/dashboards",
        topic_prefix="dashboards",
        data_dir=place / "data",
        cache_dir=jar_cache,
        policies=policies,
        windows="5m,1h,1d,all",
        keep_5m=4 * DAY,
        keep_1h=2 * DAY,
        recorded_export="csat:month:all",
        recorded_interval=5_000,
        _env_file=None,
    )
    settings.data_dir.mkdir()
    topics.create(settings)
    stop, differences = threading.Event(), Differences()
    with ExitStack() as stack:
        ports = {job: free_port() for job in (*JOBS, "prometheus")}
        levels = check(policies)[0]
        beside = partial(pursuing, settings, levels)
        copying = threading.Thread(
            target=sink.run, args=(settings, stop, ports["salespulse-sink"]), kwargs={"beside": beside}
        )
        copying.start()
        stack.callback(copying.join)
        stack.callback(stop.set)
        worker = Worker(settings, "one")
        stack.callback(worker.end)
        stack.enter_context(served(differences.registry, "127.0.0.1", ports["salespulse-reconcile"]))
        here = {f"127.0.0.1:{JOBS[job]}": f"127.0.0.1:{ports[job]}" for job in JOBS}
        here |= {f"127.0.0.1:{JOBS['salespulse-worker']}": worker.address, '"15s"': '"1s"'}
        for name, text in files_of(levels, "a test").items():
            for old, new in here.items():
                text = text.replace(old, new)
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        stack.enter_context(prometheus(place / "prometheus/prometheus.yml", ports["prometheus"]))
        until(worker.is_ready, "the worker is ready")
        sent = produce(settings, history(now())).n
        client = connect(settings)
        stack.callback(client.close)
        until(lambda: count(client) == sent - 1, f"{sent} events are in ClickHouse, but for the one that is refused")
        # Later than the rest, so that counters grow from one scrape to the next.
        sent += produce(settings, ignored(now())).n
        until(lambda: count(client) == sent - 1, f"{sent} events are in ClickHouse")
        until(lambda: worker.metrics().total("sales_consumer_lag_records") == 0, "the worker has read all of them")
        # Rows by rep come last.
        until(lambda: {"r-1", "unassigned"} <= set(reps(client)), "the rows by rep are in ClickHouse")
        # A comparison takes half a minute and has tests of its own: here is only what it tells.
        tell(differences, Reconciliation([Tally("follow_up_rate", "1d", 1, 0, 0, 0, 0)], []))
        found = Running(f"http://127.0.0.1:{ports['prometheus']}", client, settings, {})
        found.chosen.update(
            team=["all", *found.api("label/team/values", **{"match[]": "sales_open_leads"})],
            rep=reps(client),
            temperature=["hot", "warm", "cold", "unknown"],
            window=["1d"],
            trailing=["1d"],
            scope=["all", "team", "rep"],
            show=["waiting"],
            lead=["hot-1"],
        )
        yield found


def reps(client: Client) -> list[str]:
    """The reps that a user may choose from."""
    return [rep for (rep,) in client.query(REPS).result_rows]


def count(client: Client) -> int:
    """Distinct events in ClickHouse, 0 before the sink has made the tables."""
    return int(client.query("SELECT count() FROM system.tables WHERE name = 'subjects'").result_rows[0][0]) and int(
        client.query("SELECT uniqExact(topic, subject, source, id) FROM events").result_rows[0][0]
    )


@pytest.mark.parametrize("name", ASKED)
def test_a_query_of_a_dashboard_is_answered(running: Running, name: str) -> None:
    query: Asked = ASKED[name]
    if query.source == "prometheus":
        asked = promql(query.text, running.chosen)
        until(lambda: running.samples(asked), f"Prometheus answers {asked}", 30)
    else:
        until(lambda: running.rows(query.text), f"ClickHouse answers {query.text}", 30)


@pytest.mark.parametrize("show", ["waiting", "breached", "engaged"])
def test_the_leads_behind_each_number_are_found(running: Running, show: str) -> None:
    [listed] = [query for query in ASKED.values() if query.panel == "$show"]
    found = {row[0] for row in running.rows(listed.text, show=[show])}
    assert "hot-1" in found
    assert not {row[0] for row in running.rows(listed.text, show=[show], team=["amer-1"])} & {"hot-1"}


def test_everybody_is_a_team_to_choose(running: Running) -> None:
    assert TEAMS == "label_values(sales_open_leads, team)"
    assert {"all", "emea-1"} <= set(running.chosen["team"])
    assert "unassigned" in running.chosen["rep"]


def test_open_leads_of_everybody_are_those_of_the_teams_together(running: Running) -> None:
    [query] = [query for query in ASKED.values() if query.panel == "Hot leads waiting"]
    asked = promql(query.text, running.chosen | {"team": ["all"]})
    [everybody] = running.samples(asked)
    teams = running.samples('sales_open_leads{temperature="hot", team!="all"}')
    assert everybody == sum(teams) > 0


@pytest.mark.parametrize("window", TRAILING)
def test_a_trailing_window_has_promises_to_judge(running: Running, window: str) -> None:
    [query] = [query for query in ASKED.values() if query.panel == "Kept"]
    asked = promql(query.text, running.chosen | {"trailing": [window]})
    until(lambda: running.samples(asked), f"Prometheus answers {asked}", 30)


QUESTIONS = re.findall(r"^### (.+?)$.*?^```sql\n(.*?)^```", (ROOT / "docs/consuming.md").read_text(), re.M | re.S)


def test_five_questions_are_in_the_document() -> None:
    assert len({question for question, _ in QUESTIONS}) == 5


@pytest.mark.parametrize(("question", "query"), QUESTIONS, ids=[question for question, _ in QUESTIONS])
def test_a_question_of_a_manager_is_answered(running: Running, question: str, query: str) -> None:
    until(lambda: running.client.query(query).result_rows, question, 30)


def test_the_example_of_a_consumer_says_what_happens(running: Running) -> None:
    settings = running.settings
    words = {"SALESPULSE_KAFKA": str(settings.kafka), "SALESPULSE_TOPIC_PREFIX": settings.topic_prefix}
    command = [sys.executable, str(ROOT / "docs/examples/consumer.py")]
    missing = {r"hot-\d+: \S+ missed, r-1 of emea-1$", r"emea-1: half answered within [\d.]+ s since 20\d\d-"}
    with subprocess.Popen(command, env=os.environ | words, stdout=subprocess.PIPE, text=True) as consumer:
        assert consumer.stdout is not None
        for said in consumer.stdout:
            missing = {each for each in missing if not re.match(each, said)}
            if not missing:
                break
        consumer.kill()
    assert missing == set()


def test_every_rule_is_computed(running: Running) -> None:
    groups = running.api("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    until(lambda: all(group["lastEvaluation"] > "1" for group in running.api("rules")["groups"]), "rules are looked at")
    assert {rule["name"]: rule.get("lastError", "") for rule in rules if rule["health"] != "ok"} == {}
    for recorded in {rule["name"] for rule in rules if rule["type"] == "recording"}:
        assert running.samples(recorded), recorded
