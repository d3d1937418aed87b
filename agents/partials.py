"""What stage 1 tells stage 2: whole accumulators of one source partition, and how far it has read."""

from __future__ import annotations

import msgspec

from schemas.events import Millis
from streams.accumulators import Vector


class Partial(msgspec.Struct, frozen=True, array_like=True):
    """The whole accumulator of a cell and source partition, zeros left out.

    It is left encoded: a tenth of the memory, for cells that wait.
    ``cycle`` is the version, ``definition`` says what the slots mean, ``oldest`` is the
    engagement of the oldest open lead in cells of the basis now. ``delta`` is what was added since
    the version ``since``, for whoever holds that one; of None the accumulator alone can be used.
    """

    cycle: int
    definition: str
    encoded: msgspec.Raw
    oldest: Millis | None = None
    since: int | None = None
    delta: Vector = {}

    @property
    def vector(self) -> Vector:
        """The accumulator, decoded anew."""
        return _decode_vector(self.encoded)


class Watermark(msgspec.Struct, frozen=True, array_like=True):
    """How far a source partition has read, by which definition, and which message sources report deliveries there.

    Its state began with the cycle ``since``: partials of cycles before tell of one that is no more, and count for
    nothing.
    """

    clock: Millis
    definition: str
    reports: list[int]
    since: int = 0


encode = msgspec.msgpack.Encoder().encode
decode_partial = msgspec.msgpack.Decoder(Partial).decode
_decode_vector = msgspec.msgpack.Decoder(Vector).decode
decode_watermark = msgspec.msgpack.Decoder(Watermark).decode
