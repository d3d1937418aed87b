"""The local state of one partition: RocksDB under an overlay of what is not committed yet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch

CYCLE = b"\x00cycle"
"""Number of the last committed cycle and the state's incarnation; in the changelog too."""

_BEGAN = b"\x00began"
"""The incarnation whose first cycle is in the changelog: a topic that was made anew holds later ones only."""

_READ = b"\x00read"
"""Of each input topic that offsets were committed for, the id that Kafka gave it; in the changelog too."""

_REACHED = b"\x00reached"
"""Up to where the changelog is in this directory; only here."""


class Reached(NamedTuple):
    """The changelog offset that the directory stands at, of which incarnation, and when that was (ms)."""

    offset: int
    incarnation: bytes
    at: int


class Cycle(NamedTuple):
    """The last cycle that the state called ``incarnation`` has committed.

    Numbers are versions of what is published, so those of an incarnation begin beyond any before it.
    """

    number: int
    incarnation: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode_reached = msgspec.msgpack.Decoder(Reached).decode
_decode_cycle = msgspec.msgpack.Decoder(Cycle).decode
_decode_ids = msgspec.msgpack.Decoder(dict[str, str]).decode
_CACHE = Cache(32 * 1024 * 1024)


def _options() -> Options:
    table = BlockBasedOptions()
    table.set_block_cache(_CACHE)
    table.set_bloom_filter(10, False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(table)
    options.set_write_buffer_size(8 * 1024 * 1024)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_keep_log_file_num(2)
    options.set_max_total_wal_size(32 * 1024 * 1024)
    return options


class StoreFailed(Exception):
    """The directory cannot be written or opened; the text is for the operator."""


class Store:
    """Bytes by key. Reads see every ``put``; the disk sees a put only once its commit is done.

    The disk is therefore never ahead of the changelog: whatever is lost in a crash is read
    again from there.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._pending: dict[bytes, bytes | None] = {}
        self._committing: dict[bytes, bytes | None] = {}
        self._db = self._open()

    def _open(self) -> Rdict:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            return Rdict(str(self.directory), _options())
        except Exception as error:  # the only type that RocksDB's binding raises
            raise StoreFailed(f"{self.directory} cannot be opened: {error}") from error

    def get(self, key: bytes) -> bytes | None:
        """The value last put under the key, committed or not; None where there is none."""
        if key in self._pending:
            return self._pending[key]
        if key in self._committing:
            return self._committing[key]
        value: bytes | None = self._db.get(key)
        return value

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set the key with the next commit; None deletes it."""
        self._pending[key] = value

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Committed entries whose key starts with the prefix, in key order."""
        for key, value in self._db.items(from_key=prefix):
            if not key.startswith(prefix):
                return
            yield key, value

    def keys(self, first: bytes, end: bytes, limit: int) -> list[bytes]:
        """Up to ``limit`` keys of committed entries from ``first`` on and before ``end``, in order."""
        found: list[bytes] = []
        for key in self._db.keys(from_key=first):
            if key >= end or len(found) >= limit:
                break
            found.append(key)
        return found

    def take(self) -> dict[bytes, bytes | None]:
        """What has been put since the last call: the caller commits it, then calls ``apply``."""
        if self._committing:
            raise RuntimeError("a commit is under way already")
        self._committing, self._pending = self._pending, {}
        return self._committing

    def apply(self, writes: Mapping[bytes, bytes | None], reached: Reached) -> None:
        """Write what the changelog holds up to ``reached``, all or nothing; ``StoreFailed`` where the disk refuses."""
        batch = WriteBatch(raw_mode=True)
        for key, value in writes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(_REACHED, _encode(reached))
        try:
            self._db.write(batch)
        except Exception as error:
            raise StoreFailed(f"{self.directory} cannot be written, nothing is lost: {error}") from error
        if writes is self._committing:
            self._committing = {}

    @property
    def reached(self) -> Reached | None:
        """Where the directory stands; None where it is new."""
        value = self._db.get(_REACHED)
        return None if value is None else _decode_reached(value)

    @property
    def cycle(self) -> Cycle | None:
        """The last cycle known here; None where nothing was ever committed."""
        value = self.get(CYCLE)
        return None if value is None else _decode_cycle(value)

    @property
    def is_whole(self) -> bool:
        """Whether all that its incarnation ever wrote is here; not where nothing was ever committed either."""
        cycle = self.cycle
        return cycle is not None and self.get(_BEGAN) == cycle.incarnation

    def begin(self, cycle: Cycle) -> None:
        """Start an incarnation from nothing: whatever is here is deleted, in the changelog too with the next commit."""
        remains = [key for key, _ in self.scan(b"") if key != _REACHED]
        self.clear()
        for key in remains:
            self.put(key, None)
        self.put(CYCLE, encode_cycle(cycle))
        self.put(_BEGAN, cycle.incarnation)

    def reads(self, ids: Mapping[str, str]) -> set[str]:
        """Note the ids of the input topics; those of which nothing was read yet under this id."""
        stored = self.get(_READ)
        known = {} if stored is None else _decode_ids(stored)
        if known != ids:
            self.put(_READ, _encode(dict(ids)))
        return {topic for topic, name in ids.items() if known.get(topic) != name}

    def clear(self) -> None:
        """Forget everything, on disk too."""
        self.close()
        shutil.rmtree(self.directory)
        self._pending, self._committing = {}, {}
        self._db = self._open()

    def close(self) -> None:
        """Release the directory; what was not applied is dropped."""
        # A full disk refuses this too; what is missing there is in the changelog.
        with suppress(Exception):
            self._db.close()


def encode_cycle(cycle: Cycle) -> bytes:
    """The value kept under ``CYCLE``."""
    return _encode(cycle)


def decode_cycle(value: bytes) -> Cycle:
    """The inverse of ``encode_cycle``."""
    return _decode_cycle(value)
