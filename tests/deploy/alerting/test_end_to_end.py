"""From a lead that nobody calls to the webhook of the right team, with everything real: broker, worker, Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from agents.engine.clock import now
from deploy import topics
from deploy.policy_check import EXAMPLE, check
from deploy.produce import produce
from deploy.render.alerting import files_of
from schemas.settings import Settings
from tests.agents.test_leads import line
from tests.agents.workers import Worker, free_port, until
from tests.deploy.alerting.monitoring import Told, alertmanager, firing, prometheus, suppressed

MINUTE = 60_000
SOON = 8_000
"""From when the leads are sent until their deadline."""
QUICK = {'"15s"': '"1s"', 'group_wait: "10s"': 'group_wait: "1s"', '"1m"': '"1s"', 'for: "2m"': 'for: "1s"'}
"""The same rules and routes, looked at more often."""


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The example policies, but that hot leads have a minute of any day: the test may run on a Sunday."""
    policies = tmp_path / "policies.toml"
    policies.write_text(EXAMPLE.read_text().replace('target = "5 business minutes"', 'target = "1 calendar minute"'))
    settings.data_dir.mkdir(parents=True)
    topics.create(settings)
    return settings.model_copy(update={"policies": policies})


@pytest.fixture
def worker(settings: Settings) -> Iterator[Worker]:
    started = Worker(settings, "one")
    yield started
    started.end()


class Ports(NamedTuple):
    """Where Prometheus and Alertmanager answer."""

    prometheus: int
    alertmanager: int


@pytest.fixture
def ports() -> Ports:
    return Ports(free_port(), free_port())


@pytest.fixture
def told(settings: Settings, worker: Worker, ports: Ports, tmp_path: Path) -> Iterator[Told]:
    """What the webhooks hear of the worker, by way of the rendered rules and routes."""
    assert settings.policies is not None
    place, at = tmp_path / "monitoring", ports.alertmanager
    with Told() as told:
        here = {"127.0.0.1:6066": worker.address, "127.0.0.1:9093": f"127.0.0.1:{at}", ":9099": f":{told.port}"}
        for name, text in files_of(check(settings.policies)[0], "a test").items():
            for old, new in (QUICK | here).items():
                text = text.replace(old, new)
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        routes, rules = place / "alertmanager/alertmanager.yml", place / "prometheus/prometheus.yml"
        with alertmanager(routes, at), prometheus(rules, ports.prometheus):
            yield told
            print(*told.alerts, sep="\n")


def ignored(n: int) -> bytes:
    """A hot lead that will have waited for a minute soon."""
    at = now() - MINUTE + SOON
    return line("lead.engaged", at, f"lead-{n}", f"engaged-{n}", temperature="hot", team="emea-1", owner="r-1")


def test_a_lead_that_nobody_calls_pages_its_team_and_silence_does_not_end_it(
    settings: Settings, worker: Worker, told: Told, ports: Ports
) -> None:
    until(worker.is_ready, "the worker is ready")
    until(lambda: told.of("heartbeat", "SalesHeartbeat"), "alerts are looked at and sent")
    assert told.of("emea-1-page", "SalesHotLeadWaiting") == []
    produce(settings, [ignored(n) for n in range(12)])
    until(lambda: told.of("emea-1-page", "SalesHotLeadWaiting"), "the team hears that a lead waits")
    [*_, waiting] = told.of("emea-1-page", "SalesHotLeadWaiting")
    assert waiting == {
        "alertname": "SalesHotLeadWaiting",
        "policy": "hot-first-response",
        "severity": "page",
        "team": "emea-1",
    }
    until(lambda: told.of("emea-1-page", "SalesBurnRatePage"), "the team hears that its budget burns")
    [*_, burning] = told.of("emea-1-page", "SalesBurnRatePage")
    assert {**waiting, "alertname": "SalesBurnRatePage", "window": burning["window"]} == burning
    ticket = ("SalesBurnRateTicket", "emea-1")
    until(lambda: ticket in suppressed(ports.alertmanager), "who is paged needs no ticket")
    missed = len(told.of("page", "SalesPipelineAway"))
    worker.end()
    until(lambda: len(told.of("page", "SalesPipelineAway")) > missed, "operations hears that the worker is away")
    old = {("SalesHotLeadWaiting", "emea-1"), ("SalesBurnRatePage", "emea-1")}
    until(lambda: old <= suppressed(ports.alertmanager), "nothing is said of what nobody watches")
    assert {"SalesHotLeadWaiting", "SalesBurnRatePage"} <= firing(ports.prometheus)
    assert [sent for sent in told.alerts if sent[:2] == ("emea-1-page", "resolved")] == []


def test_a_lead_that_is_called_in_the_end_waits_no_more(settings: Settings, worker: Worker, told: Told) -> None:
    until(worker.is_ready, "the worker is ready")
    produce(settings, [ignored(1)])
    until(lambda: told.of("emea-1-page", "SalesHotLeadWaiting"), "the team hears that a lead waits")
    produce(settings, [line("call.completed", now(), "lead-1", rep="r-1", direction="outbound")])
    until(lambda: told.of("emea-1-page", "SalesHotLeadWaiting", "resolved"), "the team hears that it does not")
