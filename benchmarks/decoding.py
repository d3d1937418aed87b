"""Microseconds of CPU to decode one event: our decoder beside msgspec and orjson alone.

Run with ``python -m benchmarks.decoding``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any, Final

import msgspec
import orjson

from schemas.decoding import decoder
from schemas.envelopes import ENVELOPES
from schemas.events import TYPES

_ROUNDS: Final = 5
_EVENTS: Final = 50_000
_CALL: Final = (
    b'{"specversion":"1.0","id":"c-81734","source":"crm/eu","type":"call.completed","time":"2026-03-02T09:14:05.120Z",'
    b'"subject":"lead-4711","data":{"rep":"r-17","team":"emea-1","direction":"outbound","kind":"call","answered":true,'
    b'"duration_seconds":184,"talk_seconds":171}}'
)
_WITH_MORE: Final = _CALL.replace(b'"time"', b'"datacontenttype":"application/json","time"')
_KEY: Final = b"lead-4711"


def microseconds(work: Callable[[bytes], Any], value: bytes) -> float:
    """CPU time of one call: the best of a few rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(_EVENTS):
            work(value)
        best = min(best, time.process_time() - began)
    return best / _EVENTS * 1e6


def measured() -> dict[str, float]:
    """What was timed → microseconds an event."""
    union: Any = reduce(or_, (ENVELOPES[kind] for kind in TYPES["calls"]))
    calls = decoder("calls")
    return {
        "orjson.loads, untyped": microseconds(orjson.loads, _CALL),
        "orjson.loads, then msgspec.convert": microseconds(
            lambda value: msgspec.convert(orjson.loads(value), union), _CALL
        ),
        "msgspec, typed": microseconds(msgspec.json.Decoder(union).decode, _CALL),
        "decoder": microseconds(lambda value: calls(_KEY, value, (), None), _CALL),
        "decoder, with an unknown field": microseconds(lambda value: calls(_KEY, value, (), None), _WITH_MORE),
    }


if __name__ == "__main__":
    print(f"one event of {len(_CALL)} bytes, microseconds of CPU")
    for name, cost in measured().items():
        print(f"  {name:38} {cost:6.2f}")
