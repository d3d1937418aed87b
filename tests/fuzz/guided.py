"""Records made of the bytes that libFuzzer invents: it keeps those that lead our code another way."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import orjson

from schemas.events import TYPES
from tests.fuzz.laws import judge
from tests.fuzz.records import EVENTS, NUMBERS, ODD, Arrival, Headers, text, whole

_TOPICS: Final = tuple(TYPES)
_ATTRIBUTES: Final = {kind: whole(kind) for kinds in TYPES.values() for kind in kinds}


def arrival(data: bytes) -> Arrival:
    """The first byte says which topic, and whether the rest is a structured event or the data of a binary one."""
    number, value = data[0] if data else 0, data[1:]
    topic = _TOPICS[number % len(_TOPICS)]
    headers: Headers = ()
    key = b"lead-1"
    if number >= 128:
        kinds = list(TYPES[topic])
        attributes = _ATTRIBUTES[kinds[number % len(kinds)]]
        headers = [(f"ce_{name}", str(found).encode()) for name, found in attributes.items() if name != "data"]
    else:
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            key = orjson.loads(value)["subject"].encode()
    return Arrival(topic, key, value, headers)


def seeds(directory: Path) -> None:
    """Valid events to begin with, and words to put into them."""
    corpus = directory / "corpus"
    corpus.mkdir()
    for n, (topic, event) in enumerate(EVENTS):
        (corpus / str(n)).write_bytes(bytes([_TOPICS.index(topic)]) + text(event))
    words = {word for word in (*NUMBERS, *ODD) if 0 < len(word) < 60}
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in sorted(words))
    (directory / "words").write_text("".join(f'"{word}"\n' for word in escaped))


def one(data: bytes) -> None:
    """What is tried with each."""
    judge(arrival(data))
