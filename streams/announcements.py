"""Announcements: what is told of a clock as time passes, and what has to be taken back when evidence comes late.

What is to have been announced follows from a clock and the partition's; what was announced is remembered. Only the
difference is announced, so each step is told once under one name, however often the lead is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from schemas.event import Event
from schemas.events import Millis
from schemas.policy import Policy
from schemas.results import SlaEvent, timestamp
from streams.calendars import NEVER
from streams.clocks import ServiceClock, part
from streams.lead import UNASSIGNED, Lead
from streams.told import Told

FIRED: Final = ("at_risk", "breached", "escalated")
"""The steps that somebody is told of."""

_ENDS: Final = ("met", "answered_late", "cancelled")
_SUPERSEDED, _MERGED, _DUPLICATE = "superseded", "merged", "duplicate"
_WITHDRAWN: Final = tuple(f"cancelled:{reason}" for reason in (_SUPERSEDED, _MERGED, _DUPLICATE))


class Step(NamedTuple):
    """Something that is announced: when it happens, what, the share or number of it, to whom, by what evidence."""

    at: Millis
    name: str
    step: str = ""
    tell: str | None = None
    evidence: str | None = None

    @property
    def token(self) -> str:
        """What it is called among the steps of its clock."""
        return ":".join(filter(None, (self.name, self.step, self.evidence)))


class Announced(NamedTuple):
    """An announcement, the instant that it is of, and the policy where that still judges the clock."""

    at: Millis
    event: SlaEvent
    policy: Policy | None


class Announcing(NamedTuple):
    """For whom, and as of when, announcements are made; ``responsible`` is who stands in for a rep at an instant."""

    lead: Lead
    now: Millis
    responsible: Callable[[str, Millis], str]
    revision: int


def script(clock: ServiceClock) -> Iterator[Step]:
    """All that is ever to be announced of a clock if nothing more is heard, in order."""
    end, policy = clock.end, clock.policy
    yield Step(clock.start, "started")
    for share, at in clock.warnings:
        if at < NEVER and (end is None or at < end):
            yield Step(at, "at_risk", f"{share:g}", policy.tell)
    is_late = clock.due < NEVER and (end is None or end > clock.due)
    if is_late:
        yield Step(clock.due, "breached", "", policy.tell)
        for number, at, tell in clock.escalations:
            if at < NEVER and (end is None or at < end):
                yield Step(at, "escalated", str(number), tell)
    if end is not None and clock.ended_by is not None:
        name = "cancelled" if clock.stop is None else "answered_late" if is_late else "met"
        yield Step(end, name, evidence=_evidence(clock.ended_by))


def announce(
    about: Announcing, clocks: Iterable[ServiceClock], told: Iterable[Told]
) -> tuple[list[Announced], list[Told], Millis | None]:
    """What is to be announced as of ``about.now`` beyond what was told, and what has been told then.

    The third is when the next of it will be, None where nothing is left.
    """
    before = {(known.id, known.policy): known for known in told}
    announced: list[Announced] = []
    after: list[Told] = []
    upcoming: list[Millis] = []
    for clock in clocks:
        due: list[Step] = []
        for step in script(clock):
            if step.at >= about.now:
                upcoming.append(step.at + 1)
            else:
                due.append(step)
        known = before.pop((clock.id, clock.policy.identity), None)
        if known is None:
            known = Told(clock.id, clock.policy.identity, clock.start, clock.due, [])
        if steps := _untold(clock, due, known, about.now):
            known = Told(known.id, known.policy, clock.start, clock.due, list(known.steps), known.end)
            for step in steps:
                announced.append(Announced(step.at, _event(about, clock, step, known), clock.policy))
                known.steps.append(step.token)
                if step.name in _ENDS:
                    known.end = step.at
        if known.steps:
            after.append(known)
    for known in before.values():
        if not _Standing.of(known).is_withdrawn:
            step = Step(about.now, "cancelled", evidence=_withdrawn(about.lead, known.start))
            announced.append(Announced(step.at, _event_of_withdrawn(about, step, known), None))
            known = msgspec.structs.replace(known, steps=[*known.steps, step.token])
        after.append(known)
    return announced, after, min(upcoming, default=None)


class _Standing(NamedTuple):
    """What has been told of a clock and not taken back: steps, and how it ended."""

    steps: set[str]
    end: str | None

    @property
    def is_withdrawn(self) -> bool:
        """Whether it ended without any evidence, by being no clock any more."""
        return self.end in _WITHDRAWN

    @staticmethod
    def of(known: Told) -> _Standing:
        steps: set[str] = set()
        end: str | None = None
        for token in known.steps:
            name = token.partition(":")[0]
            if name in _ENDS:
                end = token
            elif name == "reopened":
                end = None
            elif name == "retracted":
                steps = _Standing(steps, end).without_breach().steps
            else:
                steps.add(token)
        return _Standing(steps, end)

    def without_breach(self) -> _Standing:
        """What is left when the breach is taken back, and what was built on it."""
        kept = {step for step in self.steps if step != "breached" and not step.startswith("escalated")}
        return _Standing(kept, self.end)


def _untold(clock: ServiceClock, wanted: list[Step], known: Told, now: Millis) -> list[Step]:
    """What there is to say of a clock of which all that is ``wanted`` should have been told."""
    if not known.steps:
        return wanted
    found: list[Step] = []
    standing = _Standing.of(known)
    last = wanted[-1] if wanted and wanted[-1].name in _ENDS else None
    if standing.end is not None:
        name, _, evidence = standing.end.partition(":")
        # Other evidence of the same outcome, or of another time, stands in the place of the one before.
        if last is None or last.name != name:
            found.append(Step(now, "reopened", evidence=evidence))
    if "breached" in standing.steps and all(step.name != "breached" for step in wanted):
        evidence_of_end = None if clock.ended_by is None else _evidence(clock.ended_by)
        found.append(Step(now, "retracted", tell=clock.policy.tell, evidence=evidence_of_end))
        standing = standing.without_breach()
    for step in wanted:
        told = step.token == standing.end and step.at == known.end if step is last else step.token in standing.steps
        if not told:
            found.append(step)
    return found


def _withdrawn(lead: Lead, start: Millis) -> str:
    """Why a clock that was told of is none any more."""
    if lead.merged_into is not None:
        return _MERGED
    engaged = (instance for instance in reversed(lead.instances[1:]) if instance.engaged_at <= start)
    instance = next(engaged, lead.instances[-1])
    return _DUPLICATE if instance.duplicate else _SUPERSEDED


def _evidence(event: Event) -> str:
    return f"{part(event.source)}/{part(event.id)}"


def _identity(known: Told, step: Step) -> str:
    name = f"{known.id}/{known.policy}/{step.token}"
    again = known.steps.count(step.token)
    return f"{name}#{again + 1}" if again else name


def _bare(token: str) -> str:
    """A step without its evidence."""
    return token if token.startswith(("at_risk", "escalated")) else token.partition(":")[0]


def _event(about: Announcing, clock: ServiceClock, step: Step, known: Told) -> SlaEvent:
    at, due, end = step.at, clock.due, clock.end
    late = step.name == "answered_late"
    return SlaEvent(
        name=f"sla.{step.name}",
        identity=_identity(known, step),
        lead=about.lead.id,
        clock=clock.id,
        kind=clock.kind,
        policy=clock.policy.identity,
        step=step.step,
        at=timestamp(at),
        started_at=timestamp(clock.start),
        due_at=timestamp(due) if due < NEVER else None,
        stopped_at=timestamp(end) if end is not None else None,
        owner=clock.rep,
        responsible=about.responsible(clock.rep, at),
        team=clock.team,
        temperature=clock.profile.temperature,
        source=clock.profile.source,
        tell=step.tell,
        reason=clock.reason,
        evidence=step.evidence or (None if clock.ended_by is None else _evidence(clock.ended_by)),
        elapsed_seconds=(at - clock.start) / 1000,
        business_seconds=clock.business.between(clock.start, at, clock.pauses) / 1000,
        paused_seconds=clock.paused(at) / 1000,
        late_seconds=(at - due) / 1000 if late else None,
        late_business_seconds=clock.business.between(due, at, clock.pauses) / 1000 if late else None,
        steps=tuple(map(_bare, known.steps)),
        revision=about.revision,
    )


def _event_of_withdrawn(about: Announcing, step: Step, known: Told) -> SlaEvent:
    """Of a clock of which only what was told is known."""
    last = about.lead.instances[-1]
    owner, team = last.owner or UNASSIGNED, last.team or UNASSIGNED
    return SlaEvent(
        name=f"sla.{step.name}",
        identity=_identity(known, step),
        lead=about.lead.id,
        clock=known.id,
        kind=known.id.partition("/")[0],
        policy=known.policy,
        step="",
        at=timestamp(step.at),
        started_at=timestamp(known.start),
        due_at=timestamp(known.due) if known.due < NEVER else None,
        stopped_at=timestamp(step.at),
        owner=owner,
        responsible=about.responsible(owner, step.at),
        team=team,
        temperature=last.profile.temperature,
        source=last.profile.source,
        tell=None,
        reason=step.evidence,
        evidence=None,
        elapsed_seconds=(step.at - known.start) / 1000,
        business_seconds=0.0,
        paused_seconds=0.0,
        late_seconds=None,
        late_business_seconds=None,
        steps=tuple(map(_bare, known.steps)),
        revision=about.revision,
    )
