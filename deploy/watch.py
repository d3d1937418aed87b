"""Taking the picture that the demo shows: cheap things at every look, ClickHouse at every other."""

from __future__ import annotations

import itertools
from collections import deque
from contextlib import suppress
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from agents.engine.clock import monotonic, now
from deploy.readings import HotLead, Rows, by_team, hot_leads, is_ready, scrape
from deploy.screen import Picture
from deploy.wording import hidden
from schemas import connection
from schemas.settings import Settings
from sinks.clickhouse.queries import counts

_EVERY = 2
_RATE_LOOKS = 10


Tables = tuple[Rows, tuple[list[HotLead], list[HotLead]]]


class Watch:
    """Looks at a worker (``settings.host`` and ``port``), a sink (its port) and ClickHouse."""

    def __init__(self, settings: Settings, sink_port: int, seconds: float | None) -> None:
        self._seconds = seconds
        self._web = f"http://{settings.host}:{settings.port}"
        self._sink = f"http://{settings.host}:{sink_port}/metrics"
        self._client: Any = clickhouse_connect.get_client(
            **connection.clickhouse(settings), autogenerate_session_id=False
        )
        self._places = (
            ("the board", f"{self._web}/board"),
            ("Prometheus metrics", f"{self._web}/metrics"),
            ("worker ready?", f"{self._web}/readyz"),
            ("Kafka", f"{settings.kafka}   topics {settings.topic('*')}"),
            ("ClickHouse", f"{hidden(settings.clickhouse)}   SELECT * FROM kpis_latest"),
            ("logs", str(settings.data_dir / "logs")),
        )
        self._looks = itertools.count()
        self._started = monotonic()
        self._seen: deque[tuple[float, float]] = deque(maxlen=_RATE_LOOKS)
        self._last: Tables = ({}, ([], []))

    @property
    def left(self) -> float | None:
        """Seconds until the end; None without one."""
        return None if self._seconds is None else self._started + self._seconds - monotonic()

    def look(self) -> Picture:
        """What there is to see now."""
        worker = scrape(f"{self._web}/metrics")
        kpis, (longest, newest) = self._tables()
        return Picture(
            now=now(),
            elapsed=monotonic() - self._started,
            left=self.left,
            ready=is_ready(f"{self._web}/readyz"),
            rate=self._rate(worker.total("sales_events_total")),
            kpis=kpis,
            longest=longest,
            newest=newest,
            worker=worker,
            sink=scrape(self._sink),
            places=self._places,
        )

    def rows(self) -> dict[str, int]:
        """Rows by table; none before the sink has made them."""
        try:
            return counts(self._client)
        except ClickHouseError:
            return {}

    def _tables(self) -> Tables:
        if next(self._looks) % _EVERY == 0:
            # Before the sink has made its tables there is nothing to read.
            with suppress(ClickHouseError):
                self._last = (by_team(self._client), hot_leads(self._client))
        return self._last

    def _rate(self, events: float | None) -> float | None:
        """Events a second over the last looks."""
        if events is None:
            return None
        self._seen.append((monotonic(), events))
        (first_at, first), (last_at, last) = self._seen[0], self._seen[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at else None
