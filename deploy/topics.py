"""The topics: what each carries is the contract's; how each is kept is said here, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, get_args

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import NoError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code
from msgspec import Struct

from schemas import connection
from schemas.catalogue import Family
from schemas.settings import Settings

REPLAY_MARK: Final = ".replay-"
"""Stands in the prefix of a replay's own topics, and only topics of such a prefix are ever deleted."""

_ANSWER_MS: Final = 10_000
"""Whoever is refused tries again for so long."""
_DAY_MS: Final = 86_400_000
_MEBIBYTE: Final = 1_048_576


class Topic(Struct, frozen=True):
    """One topic, its name without the prefix; those of one ``group`` have the same number of partitions."""

    name: str
    config: dict[str, str]
    group: str | None = None


def _kept(days: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(days * _DAY_MS), "segment.ms": str(_DAY_MS)}


# A lead's events are kept many to a record, and each of them may be of 1 MiB; a dead letter holds a record
# in base64, and the control characters in the names of its headers sixfold. What a topic does not take stops
# its partition.
_LARGE: Final = {"max.message.bytes": str(16 * _MEBIBYTE)}
_COMPACTED: Final = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.2",
    "delete.retention.ms": str(_DAY_MS),
    # The newest segment is never compacted, so it must not be where most of the log is.
    "segment.bytes": str(16 * _MEBIBYTE),
    "segment.ms": str(_DAY_MS // 24),
} | _LARGE
# An event is measured against the broker's time, which a producer's own would replace; and one that is
# over the contract's 1 MiB must get in to come out as a dead letter.
_RECEIVED: Final = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(2 * _MEBIBYTE)}

TOPICS: Final = (
    *(Topic(name, _kept(30) | _RECEIVED, "leads") for name in ("leads", "calls", "emails", "deals")),
    Topic("observations", _kept(90) | _RECEIVED),
    Topic("targets", _COMPACTED | _RECEIVED),
    Topic("lead-facts", _COMPACTED, "leads"),
    *(Topic(f"kpi.{family}", _COMPACTED, "windows") for family in get_args(Family)),
    Topic("kpi.target", _COMPACTED),
    Topic("sla", _kept(90), "leads"),
    Topic("dead-letters", _kept(90) | _LARGE),
    Topic("internal.merges", _kept(30) | _LARGE, "leads"),
    # As long as the events: where state is made anew from them, what was to be forgotten is again.
    Topic("internal.forgets", _kept(30), "leads"),
    # Longer than the clock events: what was told is known for as long as it may be read again.
    Topic(
        "internal.notified",
        _COMPACTED | {"cleanup.policy": "compact,delete", "retention.ms": str(180 * _DAY_MS)},
        "leads",
    ),
    Topic("internal.leads-changelog", _COMPACTED, "leads"),
    Topic("internal.partials", _COMPACTED, "windows"),
    Topic("internal.windows-changelog", _COMPACTED, "windows"),
)

_CHECKED: Final = ("cleanup.policy", "message.timestamp.type")


def create(settings: Settings) -> list[str]:
    """Create the topics that are missing and wait until they can be used; their full names.

    A missing topic gets as many partitions as those of its group that exist, else as the settings say.
    """
    with _admin(settings) as admin:
        existing = _partitions(admin)
        missing = {
            settings.topic(topic.name): {
                "num_partitions": _wanted(topic, existing, settings),
                "replication_factor": settings.replication,
                "configs": topic.config,
            }
            for topic in TOPICS
            if settings.topic(topic.name) not in existing
        }
        if missing:
            answer = admin.create_topics(missing, raise_errors=False)
            _raise_for(answer["topics"], but=TopicAlreadyExistsError)
            admin.wait_for_topics(list(missing), timeout_ms=60_000)
        return list(missing)


def check(settings: Settings) -> list[str]:
    """One line per fault: a missing topic, unequal partitions in a group, a setting that loses or misdates data."""
    with _admin(settings) as admin:
        partitions = _partitions(admin)
        present = [topic for topic in TOPICS if settings.topic(topic.name) in partitions]
        missing = [f"{settings.topic(topic.name)} is missing" for topic in TOPICS if topic not in present]
        return missing + _unequal(settings, present, partitions) + _misconfigured(settings, present, admin)


class Holding(Struct, frozen=True):
    """How long a topic holds its records, in milliseconds: ``retention`` after the newest of a ``segment``."""

    topic: str
    retention: int
    segment: int


def holdings(settings: Settings, names: list[str]) -> list[Holding]:
    """How long topics of these full names hold their records, of those that there are."""
    with _admin(settings) as admin:
        present = [name for name in names if name in _partitions(admin)]
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in present]
        found = admin.describe_configs(resources, config_filter="all")["topic"] if resources else {}
        kept = {name: [int(found[name][key]["value"]) for key in ("retention.ms", "segment.ms")] for name in present}
        return [Holding(name, *lengths) for name, lengths in kept.items()]


def delete(settings: Settings) -> list[str]:
    """Delete every topic of a replay's prefix; their names. ``ValueError`` for any other prefix."""
    if REPLAY_MARK not in settings.topic_prefix:
        raise ValueError(f"{settings.topic_prefix} is not the prefix of a replay: its topics are not deleted")
    with _admin(settings) as admin:
        # By their names, not as listed: those of a request that was interrupted may not be there to be listed yet.
        names = [settings.topic(topic.name) for topic in TOPICS]
        answer = admin.delete_topics(names, raise_errors=False)["topics"]
        _raise_for(answer, but=UnknownTopicOrPartitionError)
        return [result["name"] for result in answer if for_code(result["error_code"]) is NoError]


@contextmanager
def _admin(settings: Settings) -> Iterator[Any]:
    if settings.kafka is None:
        raise ValueError("no Kafka to ask: SALESPULSE_KAFKA is not set and the local one is not running")
    admin = KafkaAdminClient(**connection.kafka(settings), bootstrap_timeout_ms=_ANSWER_MS)
    try:
        yield admin
    finally:
        admin.close()


def _partitions(admin: Any) -> dict[str, int]:
    return {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}


def _wanted(topic: Topic, existing: dict[str, int], settings: Settings) -> int:
    names = [settings.topic(peer.name) for peer in TOPICS if topic.group and peer.group == topic.group]
    return next((existing[name] for name in names if name in existing), settings.partitions)


def _raise_for(results: list[dict[str, Any]], but: type[Exception]) -> None:
    for result in results:
        error = for_code(result["error_code"])
        if error not in (NoError, but):
            raise error(f"{result['name']}: {result['error_message']}")


def _unequal(settings: Settings, present: list[Topic], partitions: dict[str, int]) -> list[str]:
    faults = []
    for group in ("leads", "windows"):
        counts = {settings.topic(t.name): partitions[settings.topic(t.name)] for t in present if t.group == group}
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{name} {count}" for name, count in counts.items())
            faults.append(f"topics that belong together differ in their partitions: {listed}")
    return faults


def _misconfigured(settings: Settings, present: list[Topic], admin: Any) -> list[str]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, settings.topic(topic.name)) for topic in present]
    found = admin.describe_configs(resources, config_filter="all")["topic"] if resources else {}
    return [
        f"{settings.topic(topic.name)}: {key} is {found[settings.topic(topic.name)][key]['value']}, not {wanted}"
        for topic in present
        for key, wanted in topic.config.items()
        if key in _CHECKED and found[settings.topic(topic.name)][key]["value"] != wanted
    ]
