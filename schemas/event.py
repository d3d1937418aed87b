"""An accepted event, whatever its type: who said what about which lead, and when."""

from __future__ import annotations

from mypy_extensions import mypyc_attr

from schemas.events import TOPIC_OF, Data, Judgement, Millis


@mypyc_attr(acyclic=True)
class Event:
    """One accepted event; never changed once it is made.

    ``time`` is event time in milliseconds. ``spelling`` says how the time was written
    (``schemas.instants``) and
    ``raw`` holds the event's canonical JSON where it cannot be rebuilt from the other fields
    (unknown fields, nulls, an unusual time), so that two contents under one identity can
    always be compared as the contract says: the smaller canonical JSON stands. ``judged`` is what
    was made of a reply's text while it was there.
    """

    def __init__(
        self,
        type: str,
        time: Millis,
        source: str,
        id: str,
        subject: str,
        data: Data,
        spelling: int = 0,
        raw: str | None = None,
        judged: Judgement | None = None,
    ) -> None:
        self.type = type
        self.time = time
        self.source = source
        self.id = id
        self.subject = subject
        self.data = data
        self.spelling = spelling
        self.raw = raw
        self.judged = judged

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and self._all() == other._all()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Event{self._all()}"

    def _all(self) -> tuple[object, ...]:
        stated = self.type, self.time, self.source, self.id, self.subject, self.data
        return (*stated, self.spelling, self.raw, self.judged)

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Topic, subject, source, id: a second arrival under it changes nothing."""
        return (TOPIC_OF[self.type], self.subject, self.source, self.id)

    @property
    def order(self) -> tuple[Millis, str, str]:
        """The order among the events of one lead."""
        return (self.time, self.source, self.id)
