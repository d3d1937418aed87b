"""What must have come of the events, what has, and what was lost or counted twice on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import orjson
from kafka import KafkaConsumer, TopicPartition

from agents.engine.clock import now
from deploy.attainment import standing
from deploy.policy_check import check
from deploy.simulator.reading import millis
from deploy.simulator.truth import compare, truth
from schemas.policy import NOTHING
from schemas.settings import Settings
from sinks.clickhouse.schema import connect
from tests.accepting import accepted
from tests.agents.driving import Pipeline, is_empty
from tests.agents.workers import FAMILIES, faults
from tests.conftest import at

Row = dict[str, Any]
Announcement = tuple[str, str]
"""Lead and identity."""

_FOLLOWS: Final = ("oldest_open_lead", "paused_share", "stage_age")
"""KPIs whose value follows the clock."""

FUTURE: Final = b'"2200-01-01T00:00:00Z"'
"""The time of an event that no clock here has reached: it must be refused, and move nobody's watermark."""

_ASIDE: Final = ("revision", "watermark")
_MS: Final = "toUnixTimestamp64Milli"
_LINES: Final = 10


@dataclass
class Toll:
    """How many outputs are short of what they must be, or over it, and what is wrong with the first of them."""

    lost: int = 0
    twice: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def is_any(self) -> bool:
        return bool(self.lines)

    def add(self, lost: bool, *said: object) -> None:
        self.lost += lost
        self.twice += not lost
        if len(self.lines) < _LINES:
            self.lines.append(" ".join(map(str, said)))


@dataclass(frozen=True)
class Expected:
    """Whole outputs: rows and facts by key, dead letters by content, identities of the events that are of use.

    Of clocks, the steps that must have been announced and what they come to; with late evidence there may be more.
    """

    rows: dict[bytes, Row]
    facts: dict[bytes, Row]
    letters: Counter[bytes]
    events: set[tuple[str, ...]]
    announced: set[Announcement]
    clocks: dict[bytes, Row]

    @classmethod
    def of(cls, lines: list[bytes], settings: Settings, directory: Path) -> Self:
        """By the same arithmetic in one undisturbed pass without Kafka, itself held to the independent truth."""
        found = sorted(directory.parent.glob(f"{directory.name}*"))
        pipeline = Pipeline(settings, directory.with_name(f"{directory.name}-{len(found)}"))
        pipeline.feed(lines)
        clock = now()
        pipeline.commit(clock)
        dated = [line for line in lines if FUTURE not in line]
        true = truth(dated, settings, clock, tuple(settings.windows.split(",")[:2]))
        ours = [row for row in pipeline.told() if row["window"] in settings.windows.split(",")[:2]]
        assert compare(ours, true["kpis"]) == []
        published = pipeline.published
        # Announced once all leads are merged: what was between is nobody's promise.
        pipeline.restart(policies=NOTHING if settings.policies is None else check(settings.policies)[0])
        pipeline.commit(now())
        announced = [orjson.loads(value) for _, value in published["sla"]]
        used = [(event.subject, topic, event.source, event.id) for topic, event in accepted(dated)]
        letters = Counter(_content(orjson.loads(value)) for _, value in published["dead-letters"])
        assert len(used) + letters.total() == len(lines), "what was read is neither used nor a dead letter"
        return cls(
            {key: _bare(row) for key, row in pipeline.rows().items() if not is_empty(row)},
            {key: _bare(orjson.loads(value)) for key, value in published["lead-facts"]},
            letters,
            set(used),
            {(told["lead"], told["identity"]) for told in announced},
            _clocks(announced),
        )


class Outputs:
    """The output topics to a ``read_committed`` reader, who looks at every record as it comes."""

    def __init__(self, settings: Settings) -> None:
        self.standing: dict[bytes, Row] = {}
        self.facts: dict[bytes, Row] = {}
        self.letters: dict[tuple[str, int, int, str], bytes] = {}
        self.announced: list[Row] = []
        self.repeated = 0
        self._told: dict[bytes, Row] = {}
        self._settings = settings
        self._consumer = KafkaConsumer(
            bootstrap_servers=str(settings.kafka).split(","),
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=8 << 20,
        )
        names = [*(f"kpi.{family}" for family in FAMILIES), "lead-facts", "sla", "dead-letters"]
        self._places = [TopicPartition(settings.topic(name), n) for name in names for n in range(settings.partitions)]
        self._consumer.assign(self._places)

    def read(self) -> Self:
        """Take in what is there by now."""
        ends = self._consumer.end_offsets(self._places)
        while any(self._consumer.position(place) < ends[place] for place in self._places):
            for place, records in self._consumer.poll(timeout_ms=200).items():
                for record in records:
                    self._take(place.topic.removeprefix(f"{self._settings.topic_prefix}."), record)
        return self

    def _take(self, topic: str, record: Any) -> None:
        value = orjson.loads(record.value)
        if topic == "dead-letters":
            # The time too: a topic that is made anew begins at offset 0 again.
            place = value["topic"], value["partition"], value["offset"], value["time"]
            self.repeated += place in self.letters
            self.letters[place] = _content(value)
            return
        if topic == "sla":
            self.announced.append(value)
            return
        into = self.facts if topic == "lead-facts" else self.standing
        before = into.get(record.key)
        assert before is None or value["revision"] > before["revision"], f"the last is not the greatest: {value}"
        wrong = [] if topic == "lead-facts" else faults(record.key, value)
        assert not wrong, wrong
        into[record.key] = value
        if topic != "lead-facts":
            self._tell(record.key, value)

    def _tell(self, key: bytes, row: Row) -> None:
        """As it will be weighed, again and again: made once, or the workers would wait for the harness."""
        if is_empty(row):
            self._told.pop(key, None)
        else:
            self._told[key] = _bare(row)

    def toll(self, expected: Expected, forgets: bool = False) -> Toll:
        """What is wrong as of now; ``forgets`` where all may have been told again."""
        toll = Toll()
        _weigh("row", expected.rows, self._told, toll)
        _weigh("facts", expected.facts, {key: _bare(row) for key, row in self.facts.items()}, toll)
        _weigh_letters(expected.letters, Counter(self.letters.values()), toll)
        _weigh_announcements(expected, self.announced, toll, forgets)
        if self.repeated and not forgets:
            toll.add(False, "dead letters repeated:", self.repeated)
        return toll

    def close(self) -> None:
        self._consumer.close()


def stored(dsn: str, outputs: Outputs, expected: Expected) -> Toll:
    """What is wrong in the views of ClickHouse, against the topics and the events."""
    toll = Toll()
    client = connect(at(dsn))
    try:
        rows = client.query(f"SELECT kpi, grouping, dimensions, window, {_MS}(start), revision, count FROM kpis_latest")
        found: dict[bytes, Any] = {_row_key(*row[:5]): row[5:] for row in rows.result_rows}
        wanted: dict[bytes, Any] = {
            _row_key(row["kpi"], row["grouping"], row["dimensions"], row["window"], millis(row["start"])): (
                row["revision"],
                row["count"],
            )
            for row in outputs.standing.values()
        }
        _weigh("stored row", wanted, found, toll)
        facts = client.query("SELECT lead, revision FROM leads_latest").result_rows
        revisions: dict[bytes, Any] = {key: row["revision"] for key, row in outputs.facts.items()}
        _weigh("stored facts", revisions, {lead.encode(): revision for lead, revision in facts}, toll)
        events = Counter(client.query("SELECT subject, topic, source, id FROM events_once").result_rows)
        _weigh_letters(
            Counter(dict.fromkeys(map(repr, expected.events), 1)), Counter(map(repr, events.elements())), toll
        )
        letters = client.query(f"SELECT topic, partition, offset, {_MS}(time) FROM dead_letters_once").result_rows
        places = Counter(repr((*place[:3], millis(place[3]))) for place in outputs.letters)
        _weigh_letters(places, Counter(map(repr, letters)), toll)
        steps = Counter(map(repr, client.query("SELECT lead, identity FROM sla_once").result_rows))
        told = {repr((told["lead"], told["identity"])) for told in outputs.announced}
        _weigh_letters(Counter(dict.fromkeys(told, 1)), steps, toll)
        return toll
    finally:
        client.close()


def _weigh(what: str, expected: dict[bytes, Any], found: dict[bytes, Any], toll: Toll) -> None:
    for key in expected.keys() | found.keys():
        wanted, got = expected.get(key), found.get(key)
        if wanted != got:
            lost = got is None or (wanted is not None and _size(got) <= _size(wanted))
            toll.add(lost, f"{what}:", key, "is", got, "must be", wanted)


def _weigh_letters(expected: Counter[Any], found: Counter[Any], toll: Toll) -> None:
    for line in (expected - found).elements():
        toll.add(True, "missing:", line)
    for line in (found - expected).elements():
        toll.add(False, "surplus:", line)


def _weigh_announcements(expected: Expected, announced: list[Row], toll: Toll, forgets: bool) -> None:
    """Each step of a clock exactly once by its identity, none missing, and the outcomes as they must be.

    Who forgets what was told tells all steps again, and takes none back that it does not know of.
    """
    counts = Counter((told["lead"], told["identity"]) for told in announced)
    for name in expected.announced - counts.keys():
        toll.add(True, "never announced:", name)
    if forgets:
        return
    for name, times in counts.items():
        if times > 1:
            toll.add(False, f"announced {times} times:", name)
    _weigh("clock", expected.clocks, _clocks(announced), toll)


def _clocks(announced: list[Row]) -> dict[bytes, Row]:
    """What the announcements come to, of every clock that stands."""
    ends = {(told["lead"], told["clock"], told["policy"]): told["stopped_at"] for told in announced}
    return {
        orjson.dumps(key): {"breached": clock.breached, "end": clock.end, "at": clock.end and ends[key]}
        for key, clock in standing(announced).items()
        if not clock.is_withdrawn
    }


def _size(output: Any) -> Any:
    if isinstance(output, dict):
        return output.get("count", output.get("touches", 0))
    return output


def _bare(output: Row) -> Row:
    dated = _dated(output, millis(output["watermark"])) if output.get("kpi") in _FOLLOWS else output
    return {name: value for name, value in dated.items() if name not in _ASIDE}


def _dated(row: Row, clock: int) -> Row:
    """Rows of different moments agree on when something began, not on how long ago that is."""
    if row["kpi"] == "oldest_open_lead" and row["value"] is not None:
        return row | {"value": round(clock / 1000 - row["value"], 3)}
    if row["kpi"] == "paused_share":
        # How long clocks have stood still by now does not follow from a row: it does not say how many do.
        began = round(row["count"] * clock / 1000 - row["denominator"], 3)
        return row | {"value": None, "numerator": None, "denominator": began}
    if row["kpi"] == "stage_age":
        # Every figure of it follows the clock: held to the truth, at one clock for both, in ``Expected``.
        return row | {"value": None, "statistics": None}
    return row


def _content(letter: Row) -> bytes:
    """A dead letter without where it lay: reason, key and value of the record."""
    return orjson.dumps([letter[name] for name in ("reason", "path", "key", "value")])


def _row_key(kpi: str, grouping: str, dimensions: Any, window: str, start: int) -> bytes:
    named = orjson.loads(dimensions) if isinstance(dimensions, str) else dimensions
    return orjson.dumps([kpi, grouping, named, window, start], option=orjson.OPT_SORT_KEYS)
