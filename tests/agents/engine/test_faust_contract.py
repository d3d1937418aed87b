"""What agents/ needs of Faust and aiokafka that neither promises: each test says what breaks where one changes."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import re
from importlib.metadata import version
from typing import Any

import faust
import mode
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, SubscriptionState, TopicPartitionState
from aiokafka.producer.sender import Sender
from aiokafka.protocol.commit import OffsetFetchRequest, OffsetFetchResponse_v3
from aiokafka.structs import TopicPartition
from faust.transport import consumer as transport
from faust.transport.drivers import aiokafka as driver

from agents.engine import faust_transport as ours


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def sets(owner: Any, name: str) -> bool:
    """Whether the source assigns ``self.NAME``."""
    return re.search(rf"self\.{name}(: .+)? = ", inspect.getsource(owner)) is not None


@pytest.mark.parametrize(("package", "pinned"), [("faust-streaming", "0.15.3"), ("aiokafka", "0.14.0")])
def test_the_versions_are_those_that_were_read(package: str, pinned: str) -> None:
    assert version(package) == pinned, (
        f"{package} {version(package)}: agents/ overrides private methods of {pinned}; read the new source, then pin it"
    )


@pytest.mark.parametrize(
    ("owner", "name", "read", "why"),
    [
        (transport.Consumer, "_drain_messages", "44a2500309e83c63", "replaced: it delivers whole fetches"),
        (transport.Consumer, "force_commit", "cc094614d22c70fb", "replaced: committing is the engine's cycle"),
        (transport.Consumer, "on_partitions_revoked", "d04b7ae72c6fc206", "extended by a last cycle and the release"),
        (
            transport.Consumer,
            "perform_seek",
            "0e8c130ff4b0afd8",
            "replaced: where the engine stands, not what was committed",
        ),
        (transport.Consumer, "_wait_next_records", "6218e1969a636b3f", "called to get a fetch, which it hands through"),
        (transport.Consumer, "verify_all_partitions_active", "4e0e46f5c297305d", "silenced: there are no messages"),
        (transport.Consumer, "on_buffer_full", "c8961679e0bcdce5", "silenced: a queue holds all partitions"),
        (transport.Consumer, "on_buffer_drop", "4b57e8a418d5ad9c", "silenced: a queue holds all partitions"),
        (transport.Consumer, "on_stop", "45b1d2210ce2b526", "commits (stream_wait_empty is off) before the release"),
        (driver.Consumer, "on_stop", "173f86b366f3608e", "extended: closes the engine once the consumer has stopped"),
        (driver.Consumer, "_new_consumer_thread", "0870ec53dea75083", "replaced: makes our consumer thread"),
        (driver.AIOKafkaConsumerThread, "_create_worker_consumer", "c2701bfc3e6f6cad", "extended: read_committed"),
        (
            driver.AIOKafkaConsumerThread,
            "on_start",
            "38b4e8bd1e10723a",
            "extended: what fails of membership is tried again",
        ),
        (
            GroupCoordinator,
            "_push_error_to_user",
            "743ff515bd7e2e38",
            "replaced: it waits for a user who polls, and Faust does not",
        ),
        (
            GroupCoordinator,
            "_GroupCoordinator__coordination_routine",
            "f814463c6b44a195",
            "goes on after _push_error_to_user",
        ),
        (GroupCoordinator, "_send_req", "fa4b12e914ce9fcf", "called to read committed offsets"),
        (
            GroupCoordinator,
            "_do_fetch_commit_offsets",
            "b0f3598132715552",
            "not called: it passes over what refuses the whole",
        ),
        (Fetcher, "close", "1cd24bc1c442149e", "lets a cancelled fetch through to whoever stops the consumer"),
        (AIOKafkaConsumer, "stop", "bc5da9c98595299a", "leaves _client open where the fetcher's close raises"),
        (driver.AIOKafkaConsumerThread, "_fetch_records", "39a2c6c79fc1455a", "extended: adds the horizons"),
        (driver.AIOKafkaConsumerThread, "_ensure_consumer", "ff4a4c693b7ec63f", "called to get at aiokafka's consumer"),
        (driver.AIOKafkaConsumerThread, "seek", "1498560d05f02582", "called to read a dropped fetch again"),
    ],
)
def test_a_method_that_is_overridden_or_relied_on_is_the_one_that_was_read(
    owner: Any, name: str, read: str, why: str
) -> None:
    found = hashlib.sha256(inspect.getsource(getattr(owner, name)).encode()).hexdigest()[:16]
    assert found == read, f"{owner.__name__}.{name} has changed, and ours relies on the old one ({why}): now {found}"


@pytest.mark.parametrize(
    ("derived", "base", "names"),
    [
        (
            ours.Consumer,
            driver.Consumer,
            [
                "_drain_messages",
                "force_commit",
                "perform_seek",
                "on_partitions_revoked",
                "on_stop",
                "_new_consumer_thread",
            ],
        ),
        (ours.ConsumerThread, driver.AIOKafkaConsumerThread, ["on_start", "_create_worker_consumer", "_fetch_records"]),
        (ours.FetchSchema, faust.Schema, ["compile"]),
    ],
)
def test_an_override_takes_what_the_overridden_takes(derived: Any, base: Any, names: list[str]) -> None:
    for name in names:
        assert name in vars(derived), f"{derived.__name__} no longer overrides {name}: then the list here is too long"
        theirs, own = (inspect.signature(getattr(owner, name)).parameters for owner in (base, derived))
        catches_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in own.values())
        missing = [n for n, p in theirs.items() if n not in own and not (catches_all and p.kind is p.KEYWORD_ONLY)]
        assert not missing, f"Faust calls {name} with {missing}, which our override does not take"


def test_the_fetch_passes_through_faust_untouched() -> None:
    assert "records = await self._getmany" in inspect.getsource(transport.Consumer._wait_next_records), (
        "_drain_messages expects _wait_next_records to hand through what _fetch_records returned"
    )
    assert parameters(transport.Consumer._wait_next_records) == ["self", "timeout"]
    assert parameters(transport.ThreadDelegateConsumer._getmany)[1:] == ["active_partitions", "timeout"], (
        "our _fetch_records is reached by way of _getmany"
    )
    assert "_fetch_records" in inspect.getsource(driver.AIOKafkaConsumerThread.getmany), (
        "the horizons are added in _fetch_records, which getmany has to call"
    )


@pytest.mark.parametrize("event", ["suspend_flow", "can_resume_flow"])
def test_the_flow_is_suspended_by_events_of_the_consumer(event: str) -> None:
    assert sets(transport.Consumer, event), f"_deliver ends at {event}, or a rebalance would wait for the agent"


@pytest.mark.parametrize("name", ["callback", "flow_active"])
def test_the_consumer_says_where_fetches_go_and_whether_they_may(name: str) -> None:
    found = hasattr(transport.Consumer, name) or sets(transport.Consumer, name)
    assert found, f"_drain_messages uses Consumer.{name}: without it nothing, or something revoked, is delivered"


def test_the_consumer_delegates_to_a_thread_of_its_own() -> None:
    assert sets(transport.ThreadDelegateConsumer, "_thread"), "FaustGroup reaches aiokafka by Consumer._thread"
    assert parameters(driver.AIOKafkaConsumerThread.call_thread)[:2] == ["self", "fun"], (
        "FaustGroup.committed reads offsets on the consumer's thread by call_thread(fun, *args)"
    )
    assert issubclass(driver.AIOKafkaConsumerThread, mode.threads.QueueServiceThread), (
        "FaustGroup.rejoin schedules on thread_loop, which service threads have"
    )
    assert "thread_loop" in inspect.getsource(mode.threads.ServiceThread), "FaustGroup.rejoin schedules on thread_loop"


def test_assigned_partitions_can_be_paused_and_seeked() -> None:
    assert parameters(transport.Consumer.pause_partitions) == ["self", "tps"], "a stopped partition is paused"
    assert parameters(driver.AIOKafkaConsumerThread.seek) == ["self", "partition", "offset"], (
        "a fetch that was dropped is sought back to"
    )


def test_a_consumer_takes_its_isolation_and_its_wait_from_attributes_when_it_starts() -> None:
    source = inspect.getsource(AIOKafkaConsumer)
    for name in ("_isolation_level", "_fetch_max_wait_ms"):
        assert sets(AIOKafkaConsumer, name), f"_create_worker_consumer sets AIOKafkaConsumer.{name}"
        assert f"{name[1:]}=self.{name}" in source, (
            f"{name} is set after construction and must be read at start: else readers see what was aborted"
        )


def test_a_fetcher_keeps_back_what_is_not_committed() -> None:
    assert parameters(PartitionRecords.__init__)[-1] == "isolation_level" or "isolation_level" in parameters(
        Fetcher.__init__
    ), "the fetcher is what applies read_committed"


async def test_a_partitions_state_tells_its_position_and_what_is_left() -> None:
    state = TopicPartitionState(None)
    assert not state.has_valid_position, "_horizons skips partitions without a position"
    assert (state.lso, state.timestamp) == (None, None), "_horizons reads lso and timestamp of the last fetch"
    state.seek(5)
    assert state.has_valid_position and state.position == 5, "_horizons takes lso - position for what is left to read"


def test_a_fetch_notes_the_stable_offset_and_its_time_in_milliseconds() -> None:
    source = inspect.getsource(Fetcher)
    assert re.search(r"\.lso = ", source), "the clock would stand still: nobody sets the last stable offset"
    assert re.search(r"\.timestamp = ", source), "the clock would stand still: nobody sets the time of the last fetch"
    assert "now_ms = int(1000 * time.time())" in source, "Horizon.at is that time, in milliseconds since 1970"


async def test_the_state_of_a_partition_is_found_by_way_of_the_subscription() -> None:
    assert sets(AIOKafkaConsumer, "_subscription"), "_horizons goes by AIOKafkaConsumer._subscription"
    assert isinstance(SubscriptionState.subscription, property), "_horizons goes by SubscriptionState.subscription"
    tp = TopicPartition("t", 0)
    found = Assignment({tp}).state_value(tp)
    assert isinstance(found, TopicPartitionState), "_horizons asks the assignment for the state of each partition"


def test_rejoining_is_asked_of_the_coordinator() -> None:
    assert sets(AIOKafkaConsumer, "_coordinator"), "FaustGroup.rejoin goes by AIOKafkaConsumer._coordinator"
    assert parameters(AIOKafkaClient.force_metadata_update) == ["self"], "who assigns has to know of new topics"
    assert parameters(GroupCoordinator.request_rejoin) == ["self"], (
        "a partition whose cycle failed is taken anew by request_rejoin()"
    )


def test_the_coordination_is_a_task_that_can_be_watched() -> None:
    assert sets(GroupCoordinator, "_coordination_task"), "a worker whose membership has ended by a bug ends too"


def test_the_committed_offsets_of_a_partition_can_be_asked_for() -> None:
    assert parameters(OffsetFetchRequest.__init__) == ["self", "consumer_group", "partitions"], (
        "positions start at the committed offsets"
    )
    assert OffsetFetchResponse_v3.SCHEMA.names[-1] == "error_code", "what refuses the whole request has to be seen"
    assert parameters(GroupCoordinator.coordinator_dead) == ["self"], "a coordinator that has moved is looked up anew"
    assert parameters(AIOKafkaConsumer.partitions_for_topic) == ["self", "topic"], "stage 2 counts its sources by it"


def test_a_producer_shows_the_task_that_raises_when_it_is_fenced() -> None:
    assert sets(AIOKafkaProducer, "_sender"), "Transactions._guarded watches AIOKafkaProducer._sender"
    assert isinstance(Sender.sender_task, property), (
        "a fenced producer raises in its sender task while its futures hang: without it a zombie waits for ever"
    )


def test_ready_made_batches_go_to_a_partition() -> None:
    assert parameters(AIOKafkaProducer.create_batch) == ["self"], "a cycle is sent as ready-made batches"
    assert parameters(AIOKafkaProducer.send_batch) == ["self", "batch", "topic", "partition"], (
        "a cycle is sent as ready-made batches"
    )
    assert parameters(AIOKafkaProducer.send_offsets_to_transaction) == ["self", "offsets", "group_id"], (
        "offsets are committed with the records"
    )


def test_an_app_knows_its_generation_and_says_when_a_rebalance_is_over() -> None:
    assert isinstance(faust.App.consumer_generation_id, int), (
        "fetches of before a rebalance are told by App.consumer_generation_id"
    )
    assert "on_rebalance_complete" in inspect.getsource(faust.App), (
        "partitions are taken over at on_rebalance_complete: heartbeats go on, nothing flows yet"
    )


def test_an_app_crashes_by_a_method() -> None:
    assert parameters(mode.Service._crash) == ["self", "reason"], "StageApp.stop_worker ends the worker by _crash"


async def test_the_crash_of_an_app_can_be_waited_for() -> None:
    app = faust.App("contract", broker="kafka://127.0.0.1:1", autodiscover=False)
    app._crash(RuntimeError("reason"))
    await asyncio.wait_for(app._crashed.wait(), 5)
    assert app.crashed and str(app.crash_reason) == "reason", "agents.run reports crash_reason of a crashed app"


def test_an_event_is_made_of_a_message_and_any_value() -> None:
    assert parameters(faust.App.create_event) == ["self", "key", "value", "headers", "message"], (
        "FetchSchema makes the stream's event of a whole fetch"
    )
    assert {"tp", "generation_id"} <= set(parameters(faust.types.ConsumerMessage.__init__)), (
        "_deliver wraps a fetch into a message of a partition that is assigned"
    )
