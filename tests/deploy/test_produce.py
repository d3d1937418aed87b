from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from deploy import topics
from deploy.local.kafka import LocalKafka
from deploy.produce import ProduceFailed, address, produce, read_lines
from schemas.partitioning import partition_of
from schemas.settings import Settings

SEEN: Any = {"auto_offset_reset": "earliest", "enable_auto_commit": False}


def event(kind: str, subject: str, number: int = 0, at: str = "2026-03-02T09:00:00Z") -> bytes:
    return orjson.dumps({"type": kind, "subject": subject, "id": f"e-{number}", "time": at, "data": {}})


def records(settings: Settings, topic: str) -> list[Any]:
    """Everything in a topic as of now, partition by partition."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka, **SEEN)
    places = [TopicPartition(settings.topic(topic), n) for n in consumer.partitions_for_topic(settings.topic(topic))]
    consumer.assign(places)
    ends = consumer.end_offsets(places)
    found: list[Any] = []
    deadline = time.monotonic() + 30
    while any(consumer.position(place) < ends[place] for place in places):
        assert time.monotonic() < deadline, f"only {len(found)} records of {topic} came"
        for batch in consumer.poll(timeout_ms=500).values():
            found += batch
    consumer.close()
    return sorted(found, key=lambda record: (record.partition, record.offset))


def test_each_line_goes_as_it_is_to_the_topic_of_its_type_under_its_subject(settings: Settings) -> None:
    topics.create(settings)
    kinds = {"leads": "lead.engaged", "calls": "call.completed", "emails": "email.sent", "deals": "deal.won"}
    lines = {topic: event(kind, "lead-é") for topic, kind in kinds.items()}
    done = produce(settings, lines.values())
    assert (done.n, done.by_topic) == (4, dict.fromkeys(sorted(kinds), 1))
    for topic, line in lines.items():
        [record] = records(settings, topic)
        assert (record.key, record.value) == ("lead-é".encode(), line)


def test_all_events_of_a_subject_share_a_partition_number_in_their_order(settings: Settings) -> None:
    topics.create(settings)
    kinds = ["lead.engaged", "call.completed"]
    lines = [event(kinds[n % 2], f"lead-{n % 50}", n) for n in range(20_000)]
    produce(settings, lines)
    seen = records(settings, "leads")
    partitions: dict[bytes, set[int]] = {}
    for record in seen + records(settings, "calls"):
        partitions.setdefault(record.key, set()).add(record.partition)
    assert {len(found) for found in partitions.values()} == {1}
    assert len({record.partition for record in seen}) == settings.partitions
    of_one = [record.value for record in seen if record.key == b"lead-8"]
    assert of_one == [line for n, line in enumerate(lines) if n % 50 == 8]


def test_what_cannot_be_read_goes_to_leads_without_a_key(settings: Settings) -> None:
    topics.create(settings)
    lines = [b"not json", b"\xff\xfe", b'{"a":' * 50_000, b'{"type":"call.completed","subject":7}']
    assert produce(settings, lines).by_topic == {"leads": 4}
    found = {(record.key, record.value) for record in records(settings, "leads")}
    assert found == {(None, line) for line in lines}


@pytest.mark.parametrize(
    ("kind", "topic"),
    [("call.teleported", "calls"), ("email.x", "emails"), ("deal.", "deals"), ("lead.x", "leads"), ("other", "leads")],
)
def test_an_unknown_type_goes_where_its_prefix_says(kind: str, topic: str) -> None:
    assert address(event(kind, "lead-1")) == (topic, b"lead-1")


@given(st.binary())
def test_any_bytes_have_an_address(line: bytes) -> None:
    topic, key = address(line)
    assert (topic == "leads" and key is None) or orjson.loads(line)


def test_records_carry_the_time_of_the_broker_and_not_that_of_the_event(settings: Settings) -> None:
    topics.create(settings)
    produce(settings, [event("lead.engaged", "lead-1", at="2001-01-01T00:00:00Z")])
    [record] = records(settings, "leads")
    assert abs(record.timestamp / 1000 - time.time()) < 60


def test_files_are_read_plain_and_compressed_without_their_empty_lines(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"1\r\n\n2")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"3\n4\n"))
    assert list(read_lines([tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"])) == [b"1", b"2", b"3", b"4"]


WHOLE = gzip.compress(b"\n".join(b"%d" % n for n in range(2_000)))


@pytest.mark.parametrize(
    "broken",
    [
        WHOLE[: len(WHOLE) // 2],
        WHOLE[:-8] + bytes(8),
        WHOLE[:200] + b"\xff" * 50 + WHOLE[250:],
        WHOLE + b"more",
        b"1\n",
    ],
)
def test_a_file_that_is_no_whole_gzip_is_named(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "broken.jsonl.gz").write_bytes(broken)
    with pytest.raises(ProduceFailed, match=r"broken\.jsonl\.gz: cannot be decompressed after line [0-9,]+: "):
        list(read_lines([tmp_path / "broken.jsonl.gz"]))


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"\r\n\n", []),
        (b"1\r\n2\r\n", [b"1", b"2"]),
        (b"\xef\xbb\xbf1\n\xff\n\0", [b"\xef\xbb\xbf1", b"\xff", b"\0"]),
    ],
)
def test_lines_are_handed_on_as_they_are_for_the_worker_to_judge(
    tmp_path: Path, content: bytes, lines: list[bytes]
) -> None:
    (tmp_path / "odd.jsonl").write_bytes(content)
    (tmp_path / "odd.jsonl.gz").write_bytes(gzip.compress(content))
    assert list(read_lines([tmp_path / "odd.jsonl"])) == list(read_lines([tmp_path / "odd.jsonl.gz"])) == lines


def test_a_rate_is_kept(settings: Settings) -> None:
    topics.create(settings)
    start = time.monotonic()
    produce(settings, [event("lead.engaged", f"lead-{n}", n) for n in range(201)], rate=200)
    assert 1.0 <= time.monotonic() - start < 5.0


def test_recorded_time_runs_at_the_speed_asked_for(settings: Settings) -> None:
    """An hour at 3,600 times its speed is a second; lines that tell no instant and the repeat cost nothing."""
    topics.create(settings)
    lines = [
        event("lead.engaged", "lead-1", 1, at="2026-03-02T09:00:00Z"),
        b"not json",
        event("lead.engaged", "lead-1", 3, at="2026-03-02T09:30:00"),
        event("lead.closed", "lead-1", 2, at="2026-03-02T11:00:00+01:00"),
        event("lead.engaged", "lead-1", 1, at="2026-03-02T09:00:00Z"),
    ]
    start = time.monotonic()
    produce(settings, lines, speed=3600)
    assert 1.0 <= time.monotonic() - start < 4.0


def test_one_event_far_ahead_does_not_hold_up_the_rest(settings: Settings) -> None:
    topics.create(settings)
    times = ["2026-03-02T09:00:00Z", "2099-01-01T00:00:00Z", "2026-03-02T09:00:01Z"]
    start = time.monotonic()
    produce(settings, [event("lead.engaged", "lead-1", at=at) for at in times], speed=86_400)
    assert time.monotonic() - start < 5.0


def test_progress_is_told_up_to_the_last_line(settings: Settings) -> None:
    topics.create(settings)
    told: list[int] = []
    produce(settings, [event("lead.engaged", f"lead-{n}", n) for n in range(10_000)], progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 10_000


def test_a_line_that_no_topic_takes_is_an_error_and_not_a_loss(settings: Settings) -> None:
    topics.create(settings)
    with pytest.raises(ProduceFailed, match=r"refused 6,000,\d+ bytes for leads, up to line 1: .*MessageSizeTooLarge"):
        produce(settings, [event("lead.engaged", "x" * 3_000_000)])


def test_missing_topics_are_named(settings: Settings) -> None:
    with pytest.raises(ProduceFailed, match=f"{settings.topic('calls')}.* missing"):
        produce(settings, [])


def test_a_broker_that_is_not_there_is_named(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ProduceFailed, match=nowhere):
            produce(settings.model_copy(update={"kafka": nowhere}), [])


def test_the_broker_can_tell_what_it_has_already_been_sent(settings: Settings) -> None:
    """It does so for a producer that it knows, an idempotent one; any other repeats records after a lost answer."""
    topics.create(settings)
    produce(settings, [event("lead.engaged", "lead-1")])
    place = TopicPartition(settings.topic("leads"), partition_of(b"lead-1", settings.partitions))
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    known = admin.describe_producers([place])[place]
    admin.close()
    assert len(known.active_producers) == 1


def test_a_broker_killed_in_the_middle_costs_neither_a_loss_nor_a_repeat(tmp_path: Path, jar_cache: Path) -> None:
    """What was on its way is sent again after the restart, and the broker knows what it had already."""
    with LocalKafka(tmp_path, jar_cache) as broker:
        settings = Settings(kafka=broker.start(), topic_prefix="outage", partitions=2, _env_file=None)
        topics.create(settings)

        def restart() -> None:
            broker.kill()
            broker.start()

        restarted = threading.Thread(target=restart)

        def lines() -> Iterator[bytes]:
            for number in range(60_000):
                if number == 30_000:
                    restarted.start()
                yield event("lead.engaged", f"lead-{number % 1000}", number)

        produce(settings, lines(), rate=30_000)
        restarted.join()
        seen = [orjson.loads(record.value)["id"] for record in records(settings, "leads")]
    assert sorted(seen) == sorted(f"e-{number}" for number in range(60_000))
