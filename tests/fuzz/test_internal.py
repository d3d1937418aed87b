"""Broken records between our own stages are no input: they stop their partition, and none is passed over."""

from __future__ import annotations

import struct
from pathlib import Path

import msgspec
import pytest

from agents.engine.processor import Processor
from agents.partials import Watermark, encode
from agents.sending import encode_partial, partial_key, watermark_key
from streams.windows import encode_cell
from tests.agents.driving import Pipeline, Sent
from tests.fuzz.laws import SETTINGS

UNREADABLE = (ValueError, TypeError, IndexError, struct.error, msgspec.MsgspecError)
"""The engine takes any exception, and names the records."""
CELL = encode_cell("events", "all", (), "all", 0)
PARTIAL = encode_partial(1, "d", encode({0: 1}), None)
MARK = encode(Watermark(1, "d", []))
MERGED = b"\0\0\0\x06lead-0"


def test_whole_ones_are_taken(tmp_path: Path) -> None:
    """The others differ from these in one place."""
    pipeline = Pipeline(SETTINGS, tmp_path)
    for key, value in ((partial_key(CELL, 0), PARTIAL), (partial_key(CELL, 0), None), (watermark_key(0), MARK)):
        pipeline.windows.made[0].process("sales.internal.partials", [Sent(key, value)])
    pipeline.leads.made[0].process("sales.internal.merges", [Sent(b"lead-1", MERGED + b"\xdc\0\0")])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, PARTIAL),
        (b"", PARTIAL),
        (b"p", PARTIAL),
        (b"x" + partial_key(CELL, 0)[1:], PARTIAL),
        (partial_key(b"", 0), PARTIAL),
        (partial_key(CELL[:-1] + b"\xc1", 0), PARTIAL),
        (partial_key(b"\xff" + CELL[1:], 0), PARTIAL),
        (partial_key(CELL, 1), PARTIAL),
        (partial_key(CELL, 0), b""),
        (partial_key(CELL, 0), PARTIAL[:-2]),
        (watermark_key(1), MARK),
        (watermark_key(0), None),
        (watermark_key(0), PARTIAL),
        (watermark_key(0), b"\xff"),
    ],
)
def test_a_broken_partial_or_watermark_stops_its_partition(
    tmp_path: Path, key: bytes | None, value: bytes | None
) -> None:
    stage: Processor = Pipeline(SETTINGS, tmp_path).windows.made[0]
    with pytest.raises(UNREADABLE):
        stage.process("sales.internal.partials", [Sent(key, value)])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, MERGED + b"\xdc\0\0"),
        (b"\xff", MERGED + b"\xdc\0\0"),
        (b"lead-1", None),
        (b"lead-1", b""),
        (b"lead-1", MERGED),
        (b"lead-1", b"\xff" * 40),
        (b"lead-1", MERGED + b"\xdc\0\1"),
        (b"lead-1", MERGED + b"\xdc\0\1\xc0"),
        (b"lead-1", MERGED + b"\xdc\0\1" + encode((99, 0, 0, "s", "id", (), None, None))),
    ],
)
def test_a_broken_record_of_a_merged_lead_stops_its_partition(
    tmp_path: Path, key: bytes | None, value: bytes | None
) -> None:
    stage: Processor = Pipeline(SETTINGS, tmp_path).leads.made[0]
    with pytest.raises(UNREADABLE):
        stage.process("sales.internal.merges", [Sent(key, value)])
