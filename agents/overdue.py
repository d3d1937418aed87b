"""The clocks of one partition that run on past their deadline: whose they are, and since when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from agents.engine.store import Store
from agents.oldest import Oldest
from schemas.events import Millis
from sinks.overdue_gauges import OverdueGauges
from streams.clocks import ServiceClock

_OVERDUE = b"v"


class Late(NamedTuple):
    """A clock that nobody has stopped: the name of its policy, the team, and when it was due."""

    policy: str
    team: str
    due: Millis


_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(list[Late]).decode


class Overdue:
    """An index over the clocks, kept in the store; ``gauges`` are told of each policy and team that is seen."""

    def __init__(self, store: Store, gauges: OverdueGauges, partition: int) -> None:
        self._store = store
        self._gauges = gauges
        self._partition = partition
        self._late: dict[str, list[Late]] = {}
        self._oldest: defaultdict[tuple[str, str], Oldest] = defaultdict(Oldest)
        for key, value in store.scan(_OVERDUE):
            self._hold(key[len(_OVERDUE) :].decode(), _decode(value))

    def update(self, lead: str, clocks: Iterable[ServiceClock], now: Millis) -> None:
        """Follow what is known of a lead's clocks; they are looked at again when the next of them falls due."""
        late: list[Late] = []
        for clock in clocks:
            place = clock.policy.name, clock.team
            if clock.end is None and clock.due < now:
                late.append(Late(*place, clock.due))
            elif place not in self._oldest:
                self._tell(place)
        if late != self._late.get(lead, []):
            self._store.put(_OVERDUE + lead.encode(), _encode(late) if late else None)
            self._hold(lead, late)

    def _hold(self, lead: str, late: list[Late]) -> None:
        before = self._late.pop(lead, [])
        for policy, team, due in late:
            self._oldest[policy, team].add(due)
        for policy, team, due in before:
            self._oldest[policy, team].remove(due)
        if late:
            self._late[lead] = late
        for place in {(each.policy, each.team) for each in (*before, *late)}:
            self._tell(place)

    def _tell(self, place: tuple[str, str]) -> None:
        self._gauges.update(self._partition, *place, self._oldest[place].least)
