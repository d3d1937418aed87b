"""Recorded leads as timelines: from ClickHouse some hundred at a time, from a log by way of an index on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from clickhouse_connect.driver.client import Client

from deploy.produce import address
from schemas.classification import judge
from schemas.decoding import Rejected, decoder
from schemas.event import Event
from schemas.events import LeadMerged, Millis
from sinks.clickhouse import recorded
from streams.rules import Rules
from streams.timelines import Timeline, absorb, merged_into

_AT_ONCE = 500


class Families:
    """Who was merged into whom: a lead's events are its own and those of whoever was merged into it."""

    def __init__(self, merges: Mapping[str, str]) -> None:
        self._into = merges
        self._from: dict[str, list[str]] = {}
        for lead, into in merges.items():
            self._from.setdefault(into, []).append(lead)

    def head(self, lead: str) -> str:
        """The lead with whom the events of this one are in the end; of leads merged in a circle one of them."""
        passed = {lead}
        while (into := self._into.get(lead)) is not None and into not in passed:
            passed.add(lead := into)
        return lead

    def members(self, lead: str) -> list[str]:
        """The lead, and everybody merged into it by way of others or not."""
        found, seen = [lead], {lead}
        for member in found:
            others = [each for each in self._from.get(member, ()) if each not in seen]
            found += others
            seen.update(others)
        return found


def timeline(lead: str, events: Iterable[Event], rules: Rules) -> Timeline:
    """The timeline that the worker keeps of a lead with these events."""
    made = Timeline(lead)
    for event in events:
        absorb(made, event)
    made.cut(rules.lead_events)
    return made


def from_clickhouse(
    client: Client, rules: Rules, start: Millis | None = None, end: Millis | None = None
) -> Iterator[Timeline]:
    """The leads to whom something happened in ``[start, end)``, in order, each with all its events."""
    families = Families(recorded.merges(client))
    heads = sorted({families.head(subject) for subject in recorded.subjects(client, start, end)})
    for first in range(0, len(heads), _AT_ONCE):
        by_head: dict[str, list[Event]] = {head: [] for head in heads[first : first + _AT_ONCE]}
        head_of = {member: head for head in by_head for member in families.members(head)}
        for event, _ in recorded.events(client, list(head_of)):
            by_head[head_of[event.subject]].append(event)
        yield from (timeline(head, events, rules) for head, events in by_head.items())


class Log:
    """The events of a log by lead, in a database at ``path``; what is no event is counted as ``refused``.

    ``latest`` is the greatest event time.
    """

    def __init__(self, lines: Iterable[bytes], path: Path) -> None:
        self.latest: Millis = 0
        self.refused = 0
        self._decoders = {topic: decoder(topic, keep_text=True, judge=judge) for topic in recorded.TOPICS}
        self._base = sqlite3.connect(path)
        self._base.execute("CREATE TABLE events (lead TEXT, topic TEXT, line BLOB)")
        merges: dict[str, list[Event]] = {}
        self._base.executemany("INSERT INTO events VALUES (?, ?, ?)", self._read(lines, merges))
        self._base.execute("CREATE INDEX by_lead ON events (lead)")
        into = {lead: merged_into(timeline(lead, told, Rules())) or lead for lead, told in merges.items()}
        self._families = Families(into)

    def leads(self, rules: Rules) -> Iterator[Timeline]:
        """Every lead, in order, each with all its events; one at a time."""
        heads = {self._families.head(lead) for (lead,) in self._base.execute("SELECT DISTINCT lead FROM events")}
        for head in sorted(heads):
            found = (event for member in self._families.members(head) for event in self._events(member))
            yield timeline(head, found, rules)

    def close(self) -> None:
        """Let go of the database."""
        self._base.close()

    def _events(self, lead: str) -> Iterator[Event]:
        for topic, line in self._base.execute("SELECT topic, line FROM events WHERE lead = ?", (lead,)):
            yield self._decoders[topic](lead.encode(), line, (), None)

    def _read(self, lines: Iterable[bytes], merges: dict[str, list[Event]]) -> Iterator[tuple[str, str, bytes]]:
        for line in lines:
            topic, key = address(line)
            try:
                event = self._decoders[topic](key, line, (), None)
            except (Rejected, KeyError):
                self.refused += 1
                continue
            if isinstance(event.data, LeadMerged):
                merges.setdefault(event.subject, []).append(event)
            self.latest = max(self.latest, event.time)
            yield event.subject, topic, line
