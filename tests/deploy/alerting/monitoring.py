"""Debian's Prometheus and Alertmanager on free ports of this machine, and somebody who is told what they say."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson

from deploy.local import leash
from tests.debian import program

Alert = dict[str, Any]


class Told:
    """What Alertmanager sends: ``alerts`` are receiver, status and labels, in the order in which they came."""

    def __init__(self) -> None:
        self.alerts: list[tuple[str, str, Alert]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def of(self, receiver: str, name: str, status: str = "firing") -> list[Alert]:
        """The labels of what one receiver was sent of an alert."""
        return [labels for to, how, labels in self.alerts if (to, how, labels["alertname"]) == (receiver, status, name)]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        alerts = self.alerts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
                alerts.extend((self.path[1:], alert["status"], alert["labels"]) for alert in sent["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def __enter__(self) -> Told:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def firing(port: int) -> set[str]:
    """The names of the alerts that Prometheus takes to be firing."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=10) as answer:
        alerts = orjson.loads(answer.read())["data"]["alerts"]
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def suppressed(port: int) -> set[tuple[str, str]]:
    """Name and team of the alerts that Alertmanager has and does not tell."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=10) as answer:
        alerts = orjson.loads(answer.read())
    hidden = [alert["labels"] for alert in alerts if alert["status"]["inhibitedBy"]]
    return {(labels["alertname"], labels["team"]) for labels in hidden}


@contextmanager
def prometheus(config: Path, port: int) -> Iterator[None]:
    """Prometheus meanwhile."""
    words = [
        program("prometheus", "prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={config.parent / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        # What is sent before it has found Alertmanager is lost, and else sent again after a minute.
        "--rules.alert.resend-delay=1s",
    ]
    with _running(words, config.parent / "prometheus.log"):
        yield


@contextmanager
def alertmanager(config: Path, port: int) -> Iterator[None]:
    """Alertmanager meanwhile, alone."""
    words = [
        program("prometheus-alertmanager", "prometheus-alertmanager"),
        f"--config.file={config}",
        f"--storage.path={config.parent / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with _running(words, config.parent / "alertmanager.log"):
        yield


@contextmanager
def _running(words: Sequence[str], path: Path) -> Iterator[None]:
    """What it says is printed in the end: pytest shows it where the test has failed."""
    with path.open("wb") as log:
        process = leash.start(words, log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
        print(path.read_text())
