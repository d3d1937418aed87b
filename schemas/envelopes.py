"""The envelopes that events arrive in, one for each type: what a decoder is made from."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal, cast

from msgspec import Struct, defstruct

from schemas.events import TYPES, Data, Name


class Envelope(Struct, tag_field="type", forbid_unknown_fields=True, gc=False):
    """A structured CloudEvent; one subclass per ``type`` says what its data is."""

    kind: ClassVar[str]
    id: Name
    source: Name
    subject: Name
    time: str
    specversion: Literal["1.0"]
    data: Data


def _envelope(kind: str, data: type[Data]) -> type[Envelope]:
    made: Any = defstruct(kind, [("data", data)], bases=(Envelope,), tag=kind, namespace={"kind": kind})
    return cast("type[Envelope]", made)


ENVELOPES: Final[dict[str, type[Envelope]]] = {
    kind: _envelope(kind, data) for kinds in TYPES.values() for kind, data in kinds.items()
}
"""``type`` → its envelope."""
