"""What a reply is: what its source says, else what its headers give away, else what its text means.

``judge`` is the one place where text is looked at, once, when the event is decoded: its text may be forgotten
then. To put another classifier in, give ``judge`` another body and raise ``VERSION`` (docs/classification.md).
"""

from __future__ import annotations

from typing import Final

from schemas.classification import headers, text
from schemas.classification.headers import by_headers
from schemas.classification.text import by_text
from schemas.event import Event
from schemas.events import EmailReplied, Judgement

VERSION: Final = (headers.VERSION, text.VERSION)
"""What every number that rests on classes depends on."""


def judge(reply: EmailReplied) -> Judgement | None:
    """What the text of a reply means; None where it has none, or says nothing, or is not asked: class and headers
    come first. The same reply always gets the same judgement."""
    if reply.text is None or reply.class_ is not None or by_headers(reply.headers) is not None:
        return None
    return by_text(reply.text)


def classify(event: Event) -> Judgement | None:
    """What an ``email.replied`` is; None of a person's reply that nothing is known about."""
    reply = event.data
    assert isinstance(reply, EmailReplied)
    if reply.class_ is not None:
        return Judgement(reply.class_, "stated by the source", 0)
    return by_headers(reply.headers) or event.judged
