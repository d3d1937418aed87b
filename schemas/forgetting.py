"""A lead forgotten on request: the records of ``internal.forgets``, and the mark that is left of it."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

import msgspec
from msgspec import Struct

from schemas.events import Millis

TOPIC = "internal.forgets"


def mark(lead: str) -> str:
    """What a forgotten lead is known by from then on: whoever has its id can tell that it was, nobody else whose."""
    return sha256(lead.encode()).hexdigest()


class Forget(Struct, frozen=True, omit_defaults=True):
    """A request to forget a lead as of ``at``; with ``holder`` only what that one was given of it by a merge."""

    lead: str
    at: Millis
    holder: str = ""

    @property
    def place(self) -> str:
        """The lead whose partition the request belongs to."""
        return self.holder or self.lead

    @property
    def name(self) -> str:
        """What its answer is known by; it names nobody."""
        return f"{mark(self.lead)}@{mark(self.holder)}" if self.holder else mark(self.lead)


class Forgotten(Struct, frozen=True):
    """The answer to the request of this ``name``: events removed, and the ``further`` requests that it led to."""

    name: str
    at: Millis
    events: int
    further: tuple[str, ...] = ()


class _Head(Struct):
    subject: str


_head = msgspec.json.Decoder(_Head).decode
_request = msgspec.json.Decoder(Forget).decode
_answer = msgspec.json.Decoder(Forgotten).decode
encode = msgspec.json.Encoder().encode


def request(key: bytes | None, value: bytes | None) -> Forget | None:
    """The request that a record of the topic holds; None of an answer, whose key is empty."""
    return _request(value) if key and value is not None else None


def answer(key: bytes | None, value: bytes | None) -> Forgotten | None:
    """The answer that a record of the topic holds; None of a request."""
    return None if key or value is None else _answer(value)


def named(key: bytes | None, value: bytes | None) -> list[str]:
    """The leads that a record names which could not be used: by its key, by the subject that can be read of it."""
    found = [key.decode(errors="replace")] if key else []
    with suppress(ValueError, msgspec.MsgspecError, RecursionError):
        found.append(_head(value or b"").subject)
    return found
