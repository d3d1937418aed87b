"""The clocks of one partition's leads: what was announced and counted of each, and when the next of it is due."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from agents.appointments import Appointments
from agents.attainment import Attainment
from agents.engine.clock import now as wall_clock
from agents.engine.store import Store
from agents.overdue import Overdue
from schemas.events import Millis
from schemas.publishing import published
from sinks.prometheus import Metrics
from streams.announcements import FIRED, Announced, Announcing, announce
from streams.attainment import Terms
from streams.clocks import clocks, next_judgement, subject_of
from streams.contributions import Change
from streams.lead import Lead
from streams.policies import Policies
from streams.rules import Rules
from streams.selection import Selection
from streams.told import Told

_TOLD, _NEXT, _POLICIES = b"s", b"n", b"=policies"
_TIMELINE, _AFTER_TIMELINE = b"t", b"u"
_A_CYCLE = 2_000
"""At most so many leads are looked at in a cycle because of the time: what falls due at once is told in turns."""

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(list[Told]).decode


class Levels(NamedTuple):
    """What all partitions judge by."""

    policies: Policies
    rules: Rules

    @property
    def digest(self) -> bytes:
        """A short name of all that clocks depend on; empty where there are none."""
        return f"{self.policies.digest} {self.rules}".encode() if self.policies else b""


class ServiceLevels:
    """An index over the timelines, kept in the store: what was told of a lead's clocks, and its next instant.

    With nothing to judge by it costs nothing: ``is_active`` is False. ``is_live`` is whether time is that of the
    wall clock.
    """

    def __init__(
        self, store: Store, levels: Levels, metrics: Metrics, is_live: bool, selection: Selection, partition: int
    ) -> None:
        self._store = store
        self._attainment = Attainment(store, Terms(levels.policies, levels.rules, selection))
        self._levels = levels
        self._metrics = metrics
        self._overdue = Overdue(store, metrics.overdue, partition)
        self._is_live = is_live
        self._again = Appointments()
        self._unread: deque[str] = deque()
        self._records: list[tuple[bytes, bytes | None]] = []
        self._seen: set[tuple[str, str]] = set()
        self._fired: Counter[tuple[str, str, str]] = Counter()
        self._delays: list[float] = []
        stored = store.get(_POLICIES) or b""
        self.is_active = bool(levels.digest or stored)
        self._is_followed = stored == levels.digest
        if not self.is_active:
            return
        for key, value in store.scan(_NEXT):
            self._again.make(key[len(_NEXT) :].decode(), int.from_bytes(value, "big"))
        if not self._is_followed:
            self._unread.extend(self._all())

    def _all(self) -> list[str]:
        """Every lead that another policy may say something else of."""
        if not self._levels.policies:
            told = [key[len(_TOLD) :].decode() for key, _ in self._store.scan(_TOLD)]
            return list(dict.fromkeys(told + self._attainment.leads()))
        keys = self._store.keys(_TIMELINE, _AFTER_TIMELINE, 1 << 62)
        return list(dict.fromkeys(key[len(_TIMELINE) : -5].decode() for key in keys))

    @property
    def has_more(self) -> bool:
        """Leads wait to be looked at, beyond those of one cycle."""
        return bool(self._again or self._unread)

    def tick(self, clock: Millis) -> None:
        """Let time pass: leads of which something is due by ``clock`` are looked at with the next ``fire``."""
        self._again.tick(clock)

    def fire(self, view_of: Callable[[str], Lead], clock: Millis, cycle: int) -> None:
        """Announce what has fallen due of leads of which nothing was heard."""
        for lead in self._again.take(_A_CYCLE, clock):
            self.update(lead, view_of(lead), clock, cycle)
        for _ in range(min(_A_CYCLE, len(self._unread))):
            lead = self._unread.popleft()
            self.update(lead, view_of(lead), clock, cycle)
        if not self._is_followed and not self._unread:
            self._is_followed = True
            self._store.put(_POLICIES, self._levels.digest or None)
            self.is_active = bool(self._levels.digest)

    def update(self, lead: str, view: Lead, clock: Millis, cycle: int) -> None:
        """Follow what is now known of a lead; announce what is to be announced by ``clock``."""
        policies, rules = self._levels
        found = clocks(view, policies, rules, clock)
        self._overdue.update(lead, found, clock)
        self._attainment.update(view, found, clock)
        key = _TOLD + lead.encode()
        stored = self._store.get(key)
        told = [] if stored is None else _decode(stored)
        about = Announcing(view, clock, policies.directory.responsible, cycle)
        announced, after, upcoming = announce(about, found, told)
        if announced:
            self._store.put(key, _encode(after))
            self._publish(lead, announced)
        judged_anew = next_judgement(view, policies, rules, clock)
        self._schedule(lead, min((at for at in (upcoming, judged_anew) if at is not None), default=None))

    def count(self, view: Lead, clock: Millis) -> None:
        """Count a lead by a new definition, before all are counted anew; there is nothing to announce."""
        if self.is_active:
            self._attainment.update(view, clocks(view, *self._levels, clock), clock)

    def changes(self) -> list[Change]:
        """What is to be added to cells since the last call."""
        return self._attainment.take()

    def recount(self) -> list[Change]:
        """What is to be added to cells that were emptied."""
        return self._attainment.recount()

    def forget(self, lead: str, subject: str | None = None) -> None:
        """Drop what was told of a lead's clocks, or of those that events of ``subject`` have started; tell nobody."""
        key = _TOLD + lead.encode()
        stored = self._store.get(key)
        left = [told for told in _decode(stored) if subject_of(told.id) != subject] if stored and subject else []
        if stored is not None:
            self._store.put(key, _encode(left) if left else None)
        if subject is None:
            self._overdue.update(lead, (), 0)
            self._schedule(lead, None)
            self._attainment.forget(lead)

    def take(self) -> list[tuple[bytes, bytes | None]]:
        """The announcements since the last call, as records, which are counted now."""
        fired, self._fired = self._fired, Counter()
        for (policy, team, step), n in fired.items():
            self._metrics.fired(policy, team, step, n)
        self._metrics.firing_delays(self._delays)
        self._delays = []
        records, self._records = self._records, []
        return records

    def _publish(self, lead: str, announced: list[Announced]) -> None:
        expected = self._again.at(lead)
        key = lead.encode()
        for at, event, policy in announced:
            self._records.append((key, published(event)))
            if policy is not None and (policy.identity, event.team) not in self._seen:
                self._seen.add((policy.identity, event.team))
                for step in policy.steps:
                    self._metrics.fired(policy.name, event.team, step, 0)
            name = event.name.removeprefix("sla.")
            if name in FIRED:
                step = f"{name}:{event.step}" if event.step else name
                self._fired[event.policy.partition("@")[0], event.team, step] += 1
                if self._is_live and expected is not None and at + 1 >= expected:
                    self._delays.append((wall_clock() - at) / 1000)

    def _schedule(self, lead: str, at: Millis | None) -> None:
        if self._again.make(lead, at):
            self._store.put(_NEXT + lead.encode(), None if at is None else at.to_bytes(8, "big"))
