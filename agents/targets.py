"""Targets live, beside the ClickHouse sink: worked out, measured, published to Kafka and told Prometheus."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any, Final

import msgspec
import structlog
from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer
from prometheus_client import CollectorRegistry, Counter, Gauge

from agents.engine.clock import monotonic, now
from schemas import connection
from schemas.catalogue import by_name
from schemas.events import Millis
from schemas.policy import PolicyFile
from schemas.policy_values import DAY
from schemas.publishing import published
from schemas.recorded_settings import names
from schemas.results import KpiRow
from schemas.settings import Settings
from schemas.targets import Aim, is_low
from sinks.clickhouse import targets
from sinks.clickhouse.schema import connect
from sinks.target_gauges import TargetGauges
from streams.targets.breakdown import Breakdown, weeks
from streams.targets.progress import Progress, rows
from streams.targets.staff import Staff

TOPIC: Final = "kpi.target"

_LOOK_SECONDS: Final = 5.0
_REST: Final = 20
"""How many times as long as it took nothing is measured afterwards."""
_LONGEST_SECONDS: Final = 60.0
_SEND_SECONDS: Final = 30.0
# Inserts go first, and one core is enough.
_GENTLY: Final = {"max_threads": 1, "priority": 10}

log = structlog.get_logger(__name__)


class Pursuit:
    """What stands and how far along it is, of the targets in ``settings.clickhouse``, by calendars and absences."""

    def __init__(
        self, settings: Settings, file: PolicyFile, registry: CollectorRegistry, clock: Callable[[], Millis] = now
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._breakdown = breakdown(settings, file)
        self._gauges = TargetGauges(settings.label_teams)
        self._published: dict[bytes, KpiRow] = {}
        self._seen: tuple[Any, ...] = ()
        self._due: Millis = 0
        self._at = Gauge(
            "sales_target_last_time_seconds", "When targets were measured last, since 1970", registry=registry
        )
        self.failures = Counter(
            "sales_target_failures_total", "Times that targets could not be measured or published", registry=registry
        )
        registry.register(self._gauges)

    def turn(self) -> None:
        """Measure and publish where a target has been set or revoked, or the interval of the settings is over."""
        with closing(connect(self._settings)) as client:
            if not targets.are_kept(client):
                # The sink makes tables and views when it first meets ClickHouse: until then there is nothing to ask.
                return
            seen, at, began = targets.fingerprint(client), self._clock(), monotonic()
            if seen == self._seen and at < self._due:
                return
            found = [(each.aim, tuple(self._rows(each))) for each in self._measured(client, at)]
            self._publish(client, [row for _, told in found for row in told])
            self._gauges.show(row for aim, told in found if aim.end > at for row in told)
            self._at.set(at / 1000)
            # Whatever was recorded is gone through: the more there is, the more rarely.
            rest = round((monotonic() - began) * 1000 * _REST)
            self._seen, self._due = seen, at + max(self._settings.targets_interval, rest)

    def _measured(self, client: Client, at: Millis) -> list[Progress]:
        """Every aim that has begun, and may be shown, with what was reached of it."""
        aims = stand(client, self._settings, self._breakdown, at)
        reached = {each[:5]: each for each in targets.pursued(client, **_GENTLY)} if aims else {}
        begun = [(aim, reached[_key(aim)]) for aim in aims if aim.start <= at]
        return [self._progress(aim, each, at) for aim, each in begun if self._is_shown(aim, each)]

    def _progress(self, aim: Aim, reached: targets.Pursued, at: Millis) -> Progress:
        elapsed = self._breakdown.staff.elapsed(aim.scope, aim.who, aim.team, aim.start, aim.end, at)
        adds_up = self._breakdown.adds_up(aim)
        if adds_up and reached.actual is None:
            # Where nothing has been counted there is nothing yet, and not nothing to say.
            reached = reached._replace(
                actual=Decimal(0), attained=0.0 if aim.value > 0 and not is_low(aim.kpi) else None
            )
        return Progress(aim, at, reached.actual, reached.attained, reached.n, elapsed, adds_up)

    def _rows(self, progress: Progress) -> Iterator[KpiRow]:
        return rows(progress, self._horizon(progress.aim.kpi) + self._settings.allowed_lateness)

    def _is_shown(self, aim: Aim, reached: targets.Pursued) -> bool:
        """Reps as law or works councils allow."""
        level = self._settings.rep_level
        return aim.scope != "rep" or level == "on" or (level != "off" and reached.n >= int(level))

    def _horizon(self, kpi: str) -> Millis:
        name = by_name[kpi].horizon if kpi in by_name else "none"
        return 0 if name == "none" else int(getattr(self._settings, f"{name}_horizon"))

    def _publish(self, client: Client, found: list[KpiRow]) -> None:
        """Send the rows that say something new, and end those that are of no target any more."""
        wanted = {row.key: row for row in found}
        records: dict[bytes, bytes | None] = {
            key: published(row) for key, row in wanted.items() if not _same(row, self._published.get(key))
        }
        records |= dict.fromkeys((targets.published(client) | self._published.keys()) - wanted.keys())
        if records:
            _send(self._settings, records)
            log.info("targets published", rows=len(records))
        self._published = wanted


def breakdown(settings: Settings, file: PolicyFile) -> Breakdown:
    """The rules, for the calendars and absences of a policy file and its rep directory."""
    return Breakdown(Staff(file), names(settings.observed_sums))


def stand(client: Client, settings: Settings, rules: Breakdown, at: Millis) -> list[Aim]:
    """Work out what stands, with the weeks of the last seven days and now, and have it stand in ClickHouse."""
    held = (each.target for each in targets.recorded(client, settings.currency) if each.holds and not each.revokes)
    aims = rules.aims(held)
    running = [aim for aim in aims if aim.start <= at and aim.end > at - 7 * DAY]
    parts = (part for aim in running for part in rules.weekly(aim, weeks(aim.start, aim.end, settings.timezone)))
    aims = [*aims, *(part for part in parts if part.start <= at and part.end > at - 7 * DAY)]
    targets.write(client, aims, at)
    return aims


@contextmanager
def pursuing(settings: Settings, file: PolicyFile, registry: CollectorRegistry) -> Iterator[None]:
    """``turn`` every few seconds meanwhile, in a thread that nobody waits for."""
    pursuit, stop = Pursuit(settings, file, registry), threading.Event()
    threading.Thread(target=_go_on, args=(pursuit, stop), daemon=True).start()
    try:
        yield
    finally:
        stop.set()


def _go_on(pursuit: Pursuit, stop: threading.Event) -> None:
    wait = _LOOK_SECONDS
    while not stop.wait(wait):
        try:
            pursuit.turn()
            wait = _LOOK_SECONDS
        except Exception as error:
            wait = min(2 * wait, _LONGEST_SECONDS)
            pursuit.failures.inc()
            log.warning("targets not measured", why=str(error)[:300])


def _send(settings: Settings, records: Mapping[bytes, bytes | None]) -> None:
    with closing(KafkaProducer(**connection.kafka(settings), acks="all", linger_ms=20)) as producer:
        topic = settings.topic(TOPIC)
        for sent in [producer.send(topic, key=key, value=value) for key, value in records.items()]:
            sent.get(timeout=_SEND_SECONDS)


def _key(aim: Aim) -> tuple[str, str, str, str, Millis]:
    return (aim.subject, aim.level, aim.scope, aim.who, aim.start)


def _same(row: KpiRow, before: KpiRow | None) -> bool:
    """Whether it says nothing new."""
    stamps = {"revision": 0, "watermark": None}
    return before is not None and msgspec.structs.replace(row, **stamps) == msgspec.structs.replace(before, **stamps)
