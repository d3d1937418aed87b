"""The reply KPIs: what comes back from those who were touched, and what becomes of messages."""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

from schemas.events import Millis
from streams import fate
from streams.kinds import BOUNCED, IMPLIED, REPORTED, SILENT, SOURCES
from streams.lead import Act, Contacted, Reply
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


def message_reply_rate(act: Act, rules: Rules) -> int | None:
    """Whether an outbound touch drew a positive reply."""
    touch = act.touch
    return None if touch is None or touch.inbound else int(touch.drew_positive)


def reply_latency(reply: Reply, rules: Rules) -> Millis | None:
    """Milliseconds from the message answered, else from the last touch strictly earlier, to the reply."""
    return None if reply.answered is None else reply.at - reply.answered


def delivery_rate(act: Act, rules: Rules) -> int | None:
    """What became of a message: delivery reported, implied by an opening or click, bounced, or silence.

    A source reports delivery when the delivery of any message of that source was ever reported.
    One lead cannot tell, so reported and silent messages are tallied by source, and silent ones
    are taken as delivered or not when the row is made.
    """
    if act.message is None:
        return None
    became, source = act.message.fate, _source(act.event.source)
    if became & (fate.DELIVERED | fate.BOUNCED) == fate.DELIVERED:
        return REPORTED + source
    if became & fate.SEEN:
        return IMPLIED
    return BOUNCED if became & fate.BOUNCED else SILENT + source


@lru_cache(maxsize=4096)
def _source(name: str) -> int:
    return crc32(name.encode()) % SOURCES


def bounce_rate(act: Act, rules: Rules) -> int | None:
    """Whether a message bounced."""
    return None if act.message is None else int(bool(act.message.fate & fate.BOUNCED))


def open_rate(act: Act, rules: Rules) -> int | None:
    """Who opened a message: 1 a person, 2 a machine, 3 both."""
    return None if act.message is None else fate.openers(act.message.fate)


def click_rate(act: Act, rules: Rules) -> int | None:
    """Who clicked in a message: 1 a person, 2 a machine, 3 both."""
    return None if act.message is None else fate.clickers(act.message.fate)


def personalization(act: Act, rules: Rules) -> int | None:
    """Personalised elements of a follow-up message that states them."""
    touch, message = act.touch, act.message
    return message.sent.personalized_elements if message is not None and touch is not None and touch.nth else None
