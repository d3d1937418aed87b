"""The reply KPIs: what comes back from those who were touched, and what becomes of messages."""

from __future__ import annotations

from zlib import crc32

from schemas.events import Millis
from streams.bases import Sighted
from streams.kinds import BOUNCED, IMPLIED, REPORTED, SILENT, SOURCES
from streams.lead import Contacted, Reply, Touch
from streams.rules import Rules


def reply_rate(subject: Contacted, rules: Rules) -> int:
    """Whether one who was contacted replied."""
    return 1 if subject.replies else 0


def positive_reply_rate(subject: Contacted, rules: Rules) -> int:
    """Whether the first classed reply of one who was contacted is positive."""
    return 1 if _class(subject) == "positive" else 0


def negative_reply_rate(subject: Contacted, rules: Rules) -> int:
    """Whether the first classed reply of one who was contacted is negative."""
    return 1 if _class(subject) == "negative" else 0


def _class(subject: Contacted) -> str | None:
    for reply in subject.replies:
        if reply.class_ is not None:
            return reply.class_
    return None


def message_reply_rate(touch: Touch, rules: Rules) -> int:
    """Whether a touch drew a positive reply."""
    return 1 if touch.drew_positive else 0


def reply_latency(reply: Reply, rules: Rules) -> Millis | None:
    """Milliseconds from the message answered, else from the last touch strictly earlier, to the reply."""
    return None if reply.answered is None else reply.at - reply.answered


def delivery_rate(sighted: Sighted, rules: Rules) -> int:
    """What became of a message: delivery reported, implied by an opening or click, bounced, or silence.

    A source reports delivery when the delivery of any message of that source was ever reported.
    One lead cannot tell, so reported and silent messages are tallied by source, and silent ones
    are taken as delivered or not when the row is made.
    """
    message, seen = sighted.message, sighted.sightings
    name = message.sent.message_id
    source = crc32(message.act.event.source.encode()) % SOURCES
    if name in seen.delivered and name not in seen.bounced:
        return REPORTED + source
    if name in seen.opened or name in seen.clicked:
        return IMPLIED
    return BOUNCED if name in seen.bounced else SILENT + source


def bounce_rate(sighted: Sighted, rules: Rules) -> int:
    """Whether a message bounced."""
    return 1 if sighted.message.sent.message_id in sighted.sightings.bounced else 0


def open_rate(sighted: Sighted, rules: Rules) -> int:
    """Who opened a message: 1 a person, 2 a machine, 3 both."""
    return sighted.sightings.opened.get(sighted.message.sent.message_id, 0)


def click_rate(sighted: Sighted, rules: Rules) -> int:
    """Who clicked in a message: 1 a person, 2 a machine, 3 both."""
    return sighted.sightings.clicked.get(sighted.message.sent.message_id, 0)


def personalization(sighted: Sighted, rules: Rules) -> int | None:
    """Personalised elements of a follow-up message that states them."""
    touch = sighted.message.touch
    return sighted.message.sent.personalized_elements if touch is not None and touch.nth else None
