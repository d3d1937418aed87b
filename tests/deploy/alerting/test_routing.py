"""The configurations of Prometheus and Alertmanager, judged by their own tools: sound, and to the right one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import orjson
import pytest

from deploy.policy_check import EXAMPLE, check
from deploy.render.alerting import files, files_of
from tests.debian import program
from tests.policy_files import HEAD, parsed, policy

FILES = files_of(check(EXAMPLE)[0], "the example")
ROUTES = sorted(name for name in FILES if name.startswith("alertmanager/"))
PAGES = {"severity": "page", "alertname": "SalesHotLeadWaiting"}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def run(name: str, package: str, *words: str) -> str:
    done = subprocess.run([program(name, package), *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def receiver(config: Path, **labels: str) -> str:
    """Who is told of an alert with these labels."""
    matched = [f"{name}={orjson.dumps(value).decode()}" for name, value in labels.items()]
    told = run("amtool", "prometheus-alertmanager", "config", "routes", "test", f"--config.file={config}", *matched)
    return told.strip()


def test_promtool_finds_no_fault(written: Path) -> None:
    said = run("promtool", "prometheus", "check", "config", str(written / "prometheus/prometheus.yml"))
    assert "2 rule files found" in said


@pytest.mark.parametrize("name", ROUTES)
def test_amtool_finds_no_fault(written: Path, name: str) -> None:
    assert "SUCCESS" in run("amtool", "prometheus-alertmanager", "check-config", str(written / name))


@pytest.mark.parametrize("name", ROUTES)
def test_each_team_is_told_of_its_own_and_operations_of_the_rest(written: Path, name: str) -> None:
    config = written / name
    assert receiver(config, team="emea-1", **PAGES) == "emea-1-page"
    assert receiver(config, team="amer-1", severity="ticket") == "amer-1-ticket"
    assert receiver(config, team="nobody-knows", **PAGES) == "page"
    assert receiver(config, team="operations", severity="ticket") == "ticket"
    assert receiver(config, team="operations", severity="none", alertname="SalesHeartbeat") == "heartbeat"


def test_a_team_may_be_called_anything(tmp_path: Path) -> None:
    """What it is called in events is its name, quotes and all."""
    name = 'emea "north" / süd'
    teams = "[teams]\n" + f"'{name}'.calendar = \"office\"\n"
    file = files_of(parsed(HEAD.replace("[teams]\n", teams) + policy()), "a test")
    config = tmp_path / "alertmanager.yml"
    config.write_text(file["alertmanager/alertmanager.yml"])
    assert receiver(config, team=name, **PAGES) == f"{name}-page"
    assert "http://127.0.0.1:9099/emea%20%22north%22%20%2F%20s%C3%BCd-page" in config.read_text()


def test_nothing_leaves_the_machine_and_no_secret_is_written() -> None:
    """Whoever wants more says where to; addresses of chats are in files of their own."""
    addresses = {host for text in FILES.values() for host in re.findall(r"(\d+\.\d+\.\d+\.\d+|https?://[^/\"]+)", text)}
    assert addresses <= {"127.0.0.1", "http://127.0.0.1:9099"}
    assert "api_url:" not in FILES["alertmanager/alertmanager.chat.yml"]


def test_what_is_committed_is_of_the_example_policies() -> None:
    assert set(files()) == {f"deploy/{name}" for name in FILES}
