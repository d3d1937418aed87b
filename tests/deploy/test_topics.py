from __future__ import annotations

from typing import Any

import pytest
from kafka import KafkaAdminClient

from deploy import topics
from schemas.settings import Settings

EXTERNAL = {
    "leads", "calls", "emails", "deals", "observations", "targets", "lead-facts", "kpi.response", "kpi.follow-up",
    "kpi.reply", "kpi.activity", "kpi.deal", "kpi.target", "sla", "dead-letters",
}  # fmt: skip


@pytest.fixture
def admin(kafka: str) -> Any:
    client = KafkaAdminClient(bootstrap_servers=kafka)
    yield client
    client.close()


def make(admin: Any, name: str, partitions: int, **config: str) -> None:
    configs = {key.replace("_", "."): value for key, value in config.items()}
    spec = {"num_partitions": partitions, "replication_factor": 1, "configs": configs}
    admin.create_topics({name: spec}, wait_for_metadata=True)


def partitions(admin: Any, settings: Settings) -> dict[str, int]:
    described = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    prefix = settings.topic("")
    return {name.removeprefix(prefix): count for name, count in described.items() if name.startswith(prefix)}


def test_every_topic_of_the_contract_is_created_and_passes_the_check(settings: Settings, admin: Any) -> None:
    topics.create(settings)
    made = partitions(admin, settings)
    assert {name for name in made if not name.startswith("internal.")} == EXTERNAL
    assert set(made.values()) == {settings.partitions}
    assert topics.check(settings) == []


def test_creating_again_creates_nothing(settings: Settings) -> None:
    assert len(topics.create(settings)) == len(topics.TOPICS)
    assert topics.create(settings) == []


def test_a_missing_topic_gets_as_many_partitions_as_those_it_belongs_with(settings: Settings, admin: Any) -> None:
    make(admin, settings.topic("calls"), 7)
    topics.create(settings)
    made = partitions(admin, settings)
    assert (made["leads"], made["internal.leads-changelog"], made["internal.partials"]) == (7, 7, settings.partitions)


def test_the_check_names_what_is_missing(settings: Settings) -> None:
    assert f"{settings.topic('leads')} is missing" in topics.check(settings)


def test_the_check_names_topics_that_cannot_be_read_side_by_side(settings: Settings, admin: Any) -> None:
    make(admin, settings.topic("leads"), 2, message_timestamp_type="LogAppendTime")
    make(admin, settings.topic("deals"), 3, message_timestamp_type="LogAppendTime")
    [fault] = [fault for fault in topics.check(settings) if "missing" not in fault]
    assert fault.endswith(f"{settings.topic('leads')} 2, {settings.topic('deals')} 3")


def test_the_check_names_a_topic_that_would_lose_or_misdate_records(settings: Settings, admin: Any) -> None:
    make(admin, settings.topic("internal.partials"), 1, cleanup_policy="delete")
    make(admin, settings.topic("leads"), 1, message_timestamp_type="CreateTime")
    faults = topics.check(settings)
    assert f"{settings.topic('internal.partials')}: cleanup.policy is delete, not compact" in faults
    assert f"{settings.topic('leads')}: message.timestamp.type is CreateTime, not LogAppendTime" in faults


def test_only_the_topics_of_a_replay_are_deleted(settings: Settings, admin: Any) -> None:
    with pytest.raises(ValueError, match="not the prefix of a replay"):
        topics.delete(settings)
    replay = settings.model_copy(update={"topic_prefix": f"{settings.topic_prefix}{topics.REPLAY_MARK}1"})
    make(admin, settings.topic("leads"), 1)
    make(admin, replay.topic("leads"), 1)
    assert topics.delete(replay) == [replay.topic("leads")]
    assert set(partitions(admin, settings)) == {"leads"}
