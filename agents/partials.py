"""What stage 1 tells stage 2: whole accumulators of one source partition, and how far it has read."""

from __future__ import annotations

from zlib import crc32

import msgspec

from schemas.events import Millis
from streams.accumulators import Vector
from streams.windows import series

_PARTIAL = b"p"
_WATERMARK = b"w"


class Partial(msgspec.Struct, frozen=True, array_like=True):
    """The whole accumulator of a cell and source partition, zeros left out.

    ``cycle`` is the version, ``definition`` says what the slots mean, ``oldest`` is the
    engagement of the oldest open lead in cells of the basis now.
    """

    cycle: int
    definition: str
    vector: Vector
    oldest: Millis | None = None


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A ``Partial`` whose accumulator is left encoded: a tenth of the memory, for cells that wait."""

    cycle: int
    definition: str
    encoded: msgspec.Raw
    oldest: Millis | None = None

    @property
    def vector(self) -> Vector:
        """The accumulator, decoded anew."""
        return _decode_vector(self.encoded)


class Watermark(msgspec.Struct, frozen=True, array_like=True):
    """How far a source partition has read, by which definition, and which message sources report deliveries there."""

    clock: Millis
    definition: str
    reports: list[int]


encode = msgspec.msgpack.Encoder().encode
decode_partial = msgspec.msgpack.Decoder(Partial).decode
decode_part = msgspec.msgpack.Decoder(Part).decode
_decode_vector = msgspec.msgpack.Decoder(Vector).decode
decode_watermark = msgspec.msgpack.Decoder(Watermark).decode


def partial_key(cell: bytes, source: int) -> bytes:
    """Key of a partial's record, and of its entry in the store of stage 2."""
    return _PARTIAL + cell + source.to_bytes(2, "big")


def watermark_key(source: int) -> bytes:
    """Key of a watermark's record, and of its entry in the store of stage 2."""
    return _WATERMARK + source.to_bytes(2, "big")


def parse_key(key: bytes) -> tuple[bytes | None, int]:
    """The cell, None for a watermark, and the source partition of a record's key."""
    source = int.from_bytes(key[-2:], "big")
    return (None if key[:1] == _WATERMARK else key[1:-2]), source


def home(cell: bytes, partitions: int) -> int:
    """The stage-2 partition of a cell: the same through successive windows of a grouping and its dimensions."""
    return crc32(series(cell)) % partitions


def encode_partial(cycle: int, definition: str, vector: bytes, oldest: Millis | None) -> bytes:
    """A ``Partial`` whose accumulator is encoded already."""
    return encode((cycle, definition, msgspec.Raw(vector), oldest))
