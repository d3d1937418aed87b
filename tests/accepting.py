"""Lines of events as the pipeline takes them: decoded by topic, what is refused left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deploy.produce import address
from schemas.classification import judge
from schemas.decoding import Rejected, decoder
from schemas.event import Event
from schemas.events import TYPES


def accepted(lines: Iterable[bytes]) -> Iterator[tuple[str, Event]]:
    """Topic and event of every line that is of use, in their order."""
    decoders = {topic: decoder(topic, judge=judge) for topic in TYPES}
    for line in lines:
        topic, key = address(line)
        try:
            yield topic, decoders[topic](key, line, (), None)
        except Rejected:
            continue
