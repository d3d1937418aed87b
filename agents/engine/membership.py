"""Membership of the consumer group: the engine's view of it, and what keeps it up where brokers come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import structlog
from aiokafka.errors import UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest
from faust.types import TP

from agents.engine.engine import by_partition

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0
_COORDINATOR_IS_ELSEWHERE = (15, 16)


class FaustGroup:
    """The engine's view of the consumer group, by way of a Faust app."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def partitions(self) -> dict[int, set[str]]:
        return by_partition(self._app.consumer.assignment())

    def count(self, topic: str) -> int:
        found = self._app.consumer._thread._ensure_consumer().partitions_for_topic(topic)
        if not found:
            raise UnknownTopicOrPartitionError(topic)
        return len(found)

    async def committed(self, number: int, topics: Collection[str]) -> dict[str, int]:
        thread = self._app.consumer._thread
        coordinator = thread._ensure_consumer()._coordinator
        found: dict[str, int] = await thread.call_thread(committed, coordinator, number, list(topics))
        return {topic: found.get(topic, 0) for topic in topics}

    def seek(self, topic: str, number: int, offset: int) -> None:
        self._app.consumer._thread.seek(TP(topic, number), offset)

    def pause(self, number: int) -> None:
        tps = {tp for tp in self._app.consumer.assignment() if tp.partition == number}
        self._app.consumer.pause_partitions(tps)

    def rejoin(self) -> None:
        thread = self._app.consumer._thread
        coordinator = thread._ensure_consumer()._coordinator
        # Who assigns goes by what it last heard of the topics, which may be minutes old.
        thread.thread_loop.call_soon_threadsafe(coordinator._client.force_metadata_update)
        thread.thread_loop.call_soon_threadsafe(coordinator.request_rejoin)

    def stop_worker(self, reason: str) -> None:
        self._app.stop_worker(reason)


async def committed(coordinator: Any, number: int, topics: list[str]) -> dict[str, int]:
    """Offsets of a partition, by topic, where any was committed; a ``KafkaError`` where the coordinator cannot tell.

    aiokafka's own takes an answer that refuses the request as a whole (the coordinator is still loading, or has
    moved) for one that knows of no offsets: everything would be read again from its beginning.
    """
    await coordinator.ensure_coordinator_known()
    answer = await coordinator._send_req(OffsetFetchRequest(coordinator.group_id, [(t, [number]) for t in topics]))
    _check(answer.error_code, coordinator)
    offsets: dict[str, int] = {}
    for topic, [(_, offset, _, code)] in answer.topics:
        _check(code, coordinator)
        if offset >= 0:
            offsets[topic] = offset
    return offsets


def _check(code: int, coordinator: Any) -> None:
    if code in _COORDINATOR_IS_ELSEWHERE:
        coordinator.coordinator_dead()
    if code:
        raise for_code(code)()


def keep_up(coordinator: Any, stop_worker: Callable[[str], None]) -> None:
    """Have a coordination that fails try again; where its task itself ends by a bug, so does the worker.

    aiokafka waits with what failed until somebody polls, which Faust never does: the member would neither rejoin
    nor send another heartbeat, in a process that seems to live.
    """

    async def try_again(error: BaseException) -> None:
        log.warning("waiting for Kafka", group=coordinator.group_id, error=repr(error))
        await asyncio.sleep(_RETRY_SECONDS)
        coordinator.request_rejoin()

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            stop_worker(f"membership of {coordinator.group_id} has ended: {error}")

    coordinator._push_error_to_user = try_again
    coordinator._coordination_task.add_done_callback(ended)
