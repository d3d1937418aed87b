"""Whether somebody stands in whenever a rep is away: every fault that would only show when the lead waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

from schemas.directory import Rep, Reps
from schemas.events import Millis
from schemas.toml_tables import Fault
from streams.directory import Away, Directory, absences, away
from streams.lead import UNASSIGNED


def faults(reps: Reps) -> list[Fault]:
    """Every fault of a directory whose form is right."""
    found = [fault for name, rep in reps.items() for fault in _of_rep(f"reps.{name}", name, rep, reps)]
    # Who stands in can only be said of a directory that is whole.
    return found or list(_uncovered(reps))


def _of_rep(key: str, name: str, rep: Rep, reps: Reps) -> Iterator[Fault]:
    if name == UNASSIGNED:
        yield Fault(key, f"expected another name: {UNASSIGNED} is what leads without an owner are called")
    if rep.queue:
        if rep.cover is not None or rep.absences or rep.left_on is not None:
            yield Fault(key, "expected no cover, absences or left_on: a queue is nobody")
        return
    if rep.left_on is not None and rep.cover is None:
        yield Fault(f"{key}.cover", "missing, expected who has the leads of this rep since left_on")
    yield from _of_cover(f"{key}.cover", name, rep.cover, reps)
    for n, absence in enumerate(rep.absences, start=1):
        place = f"{key}.absences[{n}]"
        yield from _of_cover(f"{place}.cover", name, absence.cover, reps)
        if absence.cover is None and rep.cover is None:
            yield Fault(f"{place}.cover", "missing, expected who stands in, here or for the rep")
    yield from _of_absences(key, rep)


def _of_cover(key: str, name: str, cover: str | None, reps: Reps) -> Iterator[Fault]:
    if cover is None:
        return
    if cover == name:
        yield Fault(key, "expected somebody else")
    elif cover not in reps:
        yield Fault(key, f"no such rep, expected one of the directory, not {cover!r}")
    elif reps[cover].queue:
        yield Fault(key, f"expected a rep, not the queue {cover!r}: a queue is nobody")


def _of_absences(key: str, rep: Rep) -> Iterator[Fault]:
    numbered = list(enumerate(absences(rep), start=1))
    for n, each in numbered:
        if each.end <= each.start:
            yield Fault(f"{key}.absences[{n}].to", "expected no earlier than from")
    for (_, earlier), (n, later) in pairwise(sorted(numbered, key=lambda each: each[1].start)):
        if later.start < earlier.end:
            yield Fault(f"{key}.absences[{n}].from", "expected after the end of the absence before")


def _uncovered(reps: Reps) -> Iterator[Fault]:
    """The first instant at which nobody stands in for a rep, the covers being away as well or in a circle."""
    directory = Directory(reps)
    gone = {name: away(rep) for name, rep in reps.items()}
    starts = sorted({each.start for stretches in gone.values() for each in stretches})
    for name, stretches in gone.items():
        alone = (at for at in starts if _is_away(stretches, at) and directory.responsible(name, at) == name)
        if (at := next(alone, None)) is not None:
            yield Fault(f"reps.{name}", f"nobody stands in from {_shown(at)} on: the covers are away as well")


def _is_away(gone: list[Away], at: Millis) -> bool:
    return any(each.start <= at < each.end for each in gone)


def _shown(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")
