"""How partials and watermarks are sent: their keys, the partition of stage 2 that they go to, and their encoding."""

from __future__ import annotations

from zlib import crc32

import msgspec

from schemas.events import Millis
from streams.accumulators import Vector
from streams.windows import series

_PARTIAL = b"p"
_WATERMARK = b"w"
_NONE: Vector = {}

_encode = msgspec.msgpack.Encoder().encode


def partial_key(cell: bytes, source: int) -> bytes:
    """Key of a partial's record, and of its entry in the store of stage 2."""
    return _PARTIAL + cell + source.to_bytes(2, "big")


def watermark_key(source: int) -> bytes:
    """Key of a watermark's record, and of its entry in the store of stage 2."""
    return _WATERMARK + source.to_bytes(2, "big")


def parse_key(key: bytes) -> tuple[bytes | None, int]:
    """The cell, None for a watermark, and the source partition of a record's key; ValueError of any other."""
    if key[:1] not in (_PARTIAL, _WATERMARK) or len(key) < 3:
        raise ValueError(f"no key of a partial or a watermark: {key[:100]!r}")
    source = int.from_bytes(key[-2:], "big")
    return (None if key[:1] == _WATERMARK else key[1:-2]), source


def home(cell: bytes, partitions: int) -> int:
    """The stage-2 partition of a cell: the same through successive windows of a grouping and its dimensions."""
    return crc32(series(cell)) % partitions


def encode_partial(
    cycle: int, definition: str, vector: bytes, oldest: Millis | None, since: int | None = None, delta: Vector = _NONE
) -> bytes:
    """A partial as it is sent, of an accumulator that is encoded already."""
    whole = (cycle, definition, msgspec.Raw(vector), oldest)
    return _encode(whole if since is None else (*whole, since, delta))
