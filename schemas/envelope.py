"""The CloudEvents envelope: the binary mode put into the structured one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from schemas.publishing import dumps

Headers = Sequence[tuple[str, bytes | None]]
"""Headers of a Kafka record, in their order."""
Reason = Literal[
    "undecodable",
    "missing_field",
    "wrong_type",
    "unknown_type",
    "wrong_topic",
    "future",
    "ancient",
    "key_mismatch",
    "too_large",
    "undeliverable",
]
JSON: Final = ("application/json", "application/json; charset=utf-8", "application/json;charset=utf-8")

_LONGEST_DETAIL: Final = 300

_json = msgspec.json.Decoder(msgspec.Raw)


class Rejected(Exception):
    """An event that cannot be used: the contract's reason, the JSON path of the fault, and words about it."""

    def __init__(self, reason: Reason, path: str, detail: str) -> None:
        super().__init__(f"{reason} at {path}: {detail}")
        self.reason: Reason = reason
        self.path = path
        # It may quote what was refused, of which the dead letter has all already.
        self.detail = detail[:_LONGEST_DETAIL]


def structured(value: bytes | None, headers: Headers) -> bytes | None:
    """The value of the record in structured mode: itself unless ``ce_*`` headers make the record a binary one.

    The content type becomes ``datacontenttype`` where it is not JSON, which is what its absence means.
    """
    named = {name.lower(): text for name, text in headers if text is not None}
    if named.get("content-type", b"").startswith(b"application/cloudevents") or "ce_type" not in named:
        return value
    attributes = {name[3:]: _text(name, text) for name, text in named.items() if name.startswith("ce_")}
    attributes.pop("data", None)
    content = _text("content-type", named.get("content-type", b"application/json"))
    if content.lower() not in JSON:
        attributes["datacontenttype"] = content
    return _joined(dumps(attributes), value)


def _joined(attributes: bytes, value: bytes | None) -> bytes:
    if not value:
        return attributes
    try:
        # One whole JSON value and nothing behind it, or it could write attributes of its own.
        data = bytes(_json.decode(value))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Rejected("undecodable", "$.data", str(error)) from None
    return attributes[:-1] + b',"data":' + data + b"}"


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Rejected("undecodable", "$", f"header {name}: {error}") from None
