"""The transactional producer of one partition: a cycle's records and offsets are committed together or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import InvalidProducerEpoch, KafkaError, MessageSizeTooLargeError, ProducerFenced

from agents.engine.cancellation import is_cancelled
from agents.engine.clock import now
from agents.engine.processor import Outgoing

T = TypeVar("T")

_BATCH_BYTES = 900_000
"""Under the broker's default limit of 1 MiB a batch."""


class CommitFailed(Exception):
    """The cycle did not commit: the partition has to be given up and taken anew."""


class Fenced(CommitFailed):
    """Another owner has taken the partition, or the transaction timed out; both look the same."""


class TooLarge(Exception):
    """A topic does not take what the cycle has for it, and never will; the text is for the operator."""


class Transactions:
    """Commits cycles under one ``transactional_id``; starting it fences the owner before and ends its transaction."""

    def __init__(self, producer: AIOKafkaProducer, timeout: float) -> None:
        self._producer = producer
        self._timeout = timeout

    @classmethod
    async def start(cls, connection: Mapping[str, Any], transactional_id: str, timeout: float) -> Transactions:
        """Connect and fence. ``timeout`` in seconds bounds each wait and, on the broker, an abandoned transaction."""
        producer = AIOKafkaProducer(
            **connection,
            transactional_id=transactional_id,
            transaction_timeout_ms=int(timeout * 1000),
            acks="all",
            max_batch_size=_BATCH_BYTES,
            max_request_size=_BATCH_BYTES + 100_000,
        )
        try:
            await asyncio.wait_for(producer.start(), timeout)
        except BaseException:
            with suppress(Exception):
                await asyncio.wait_for(producer.stop(), 2)
            raise
        return cls(producer, timeout)

    async def commit(
        self, outgoing: Iterable[Outgoing], offsets: Mapping[TopicPartition, int], group: str
    ) -> dict[TopicPartition, int]:
        """Send, add the offsets, commit; the next offset after what was sent, by topic and partition.

        Raises :class:`Fenced`, :class:`CommitFailed` or :class:`TooLarge`; nothing of the cycle is then visible
        to a ``read_committed`` reader, or, where the answer to the commit itself was lost, all of it is.
        """
        try:
            return await self._commit(outgoing, offsets, group)
        except TooLarge:
            # Nobody takes the partition over soon, and until this transaction ends it holds readers back.
            with suppress(KafkaError, AssertionError, TimeoutError, OSError):
                await self._guarded(self._producer.abort_transaction())
            raise
        except (ProducerFenced, InvalidProducerEpoch) as error:
            raise Fenced(str(error)) from error
        except (KafkaError, AssertionError, TimeoutError, OSError, asyncio.CancelledError) as error:
            if is_cancelled():
                raise
            raise CommitFailed(repr(error)) from error

    async def _commit(
        self, outgoing: Iterable[Outgoing], offsets: Mapping[TopicPartition, int], group: str
    ) -> dict[TopicPartition, int]:
        await self._guarded(self._producer.begin_transaction())
        sent = await self._guarded(asyncio.gather(*(self._send(part) for part in outgoing)))
        await self._between("sends and offsets")
        if offsets:
            await self._guarded(self._producer.send_offsets_to_transaction(dict(offsets), group))
        await self._between("offsets and commit")
        await self._guarded(self._producer.commit_transaction())
        return dict(sent)

    async def _between(self, steps: str) -> None:
        """A place for the fault tests to stop at."""

    async def _send(self, part: Outgoing) -> tuple[TopicPartition, int]:
        sent = [
            (batch, await self._producer.send_batch(batch, part.topic, partition=part.partition))
            for batch in self._batches(part.records)
        ]
        for batch, delivered in sent:
            try:
                metadata = await delivered
            except MessageSizeTooLargeError:
                raise TooLarge(
                    f"{part.topic} takes no {batch.size()} bytes at once: raise its max.message.bytes"
                ) from None
        return TopicPartition(part.topic, part.partition), metadata.offset + batch.record_count()

    def _batches(self, records: Iterable[tuple[bytes, bytes | None]]) -> Iterator[Any]:
        """Closed batches of the records in their order; one that is larger than a batch has one to itself."""
        at = now()
        batch = self._producer.create_batch()
        for key, value in records:
            if batch.append(timestamp=at, key=key, value=value) is None:
                batch.close()
                yield batch
                batch = self._producer.create_batch()
                batch.append(timestamp=at, key=key, value=value)
        batch.close()
        yield batch

    async def _guarded(self, step: Awaitable[T]) -> T:
        """Await a step, or the error of the producer's sender task (whose futures would hang), or the time-out."""
        task = asyncio.ensure_future(step)
        sender = self._producer._sender.sender_task
        done, _ = await asyncio.wait({task, sender}, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
        if task in done:
            return task.result()
        task.cancel()
        with suppress(BaseException):
            await task
        if sender in done and not sender.cancelled() and sender.exception() is not None:
            raise sender.exception()
        raise TimeoutError(f"no answer from Kafka in {self._timeout:.0f} s")

    async def stop(self) -> None:
        """Disconnect; an open transaction is left to time out or to the next owner."""
        with suppress(Exception, asyncio.CancelledError):
            await asyncio.wait_for(self._producer.stop(), 2)
