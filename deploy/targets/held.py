"""Which targets are held by the topic: what is set or revoked now is measured against them, and sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, Literal, cast

from msgspec import Struct

from deploy.produce import produce
from deploy.targets.wanted import Wanted
from schemas.decoding import Rejected, decoder
from schemas.event import Event
from schemas.events import Millis, TargetRevoked, TargetSet
from schemas.instants import parse
from schemas.publishing import dumps
from schemas.results import timestamp
from schemas.settings import Settings
from schemas.targets import is_money, subject
from sinks.reading import records

SOURCE: Final = "salespulse/targets"
Held = Mapping[tuple[Any, ...], Event]
"""The last event, by event time, of each place."""

_decode = decoder("targets")


class Change(Struct, frozen=True):
    """What becomes of what is wanted: ``before`` is what is held in its place, if anything is."""

    wanted: Wanted
    kind: Literal["new", "replaced", "unchanged", "revoked"]
    before: Event | None


def held(settings: Settings) -> Held:
    """What the topic holds; a record without a value withdraws all before it of its key. ``KafkaError``."""
    by_subject: dict[bytes, list[Event]] = {}
    for record in records(settings, settings.topic("targets")):
        if record.value is None:
            by_subject.pop(record.key or b"", None)
            continue
        try:
            told = _decode(record.key, record.value, record.headers, None)
        except Rejected:
            # The sink skips it as well.
            continue
        by_subject.setdefault(told.subject.encode(), []).append(told)
    found: dict[tuple[Any, ...], Event] = {}
    for each in sorted((each for events in by_subject.values() for each in events), key=lambda each: each.order):
        if (place := _place(each, settings.currency)) is not None:
            found[place] = each
    return found


def change(wanted: Wanted, held: Held) -> Change | None:
    """What is to be done; None where there is nothing to revoke."""
    before = held.get(wanted.place)
    stands = before is not None and before.type == "target.set"
    if wanted.value is None:
        return Change(wanted, "revoked", before) if stands else None
    if before is None or not stands:
        return Change(wanted, "new", before)
    data = cast(TargetSet, before.data)
    is_same = Decimal(str(data.value)) == wanted.value and (data.team or "") == wanted.team
    return Change(wanted, "unchanged" if is_same else "replaced", before)


def send(settings: Settings, changes: Iterable[Change], by: str, at: Millis) -> int:
    """Send an event for each change that is one; how many were. ``ProduceFailed`` where one is not taken."""
    lines = [dumps(event(one, by, at, settings)) for one in changes if one.kind != "unchanged"]
    return produce(settings, lines).n if lines else 0


def event(change: Change, by: str, at: Millis, settings: Settings) -> dict[str, Any]:
    """The event of a change, later than what it replaces whatever the clock says.

    Its identity is made of what it says and of what it replaces: said again in the same place it is the same.
    """
    wanted, before = change.wanted, change.before
    data = {
        "kpi": wanted.kpi,
        "value": None if wanted.value is None else f"{wanted.value:f}",
        "start": timestamp(wanted.start),
        "end": timestamp(wanted.end),
        "currency": wanted.currency,
        "rep": wanted.rep,
        "team": wanted.team,
    }
    data = {name: text for name, text in data.items() if text}
    content = [data, None if before is None else [before.source, before.id]]
    return {
        "specversion": "1.0",
        "type": "target.revoked" if wanted.value is None else "target.set",
        "source": SOURCE,
        "id": sha256(dumps(content)).hexdigest()[:32],
        "time": timestamp(at if before is None else max(at, before.time + 1)),
        "subject": before.subject if before is not None else _subject(wanted, settings.currency),
        "data": data | {"by": by},
    }


def _subject(wanted: Wanted, home: str) -> str:
    scope = {} if wanted.scope == "all" else {wanted.scope: wanted.who}
    # The contract's subject knows no currency: one other than the setting's stands in the scope.
    currency = {"currency": wanted.currency} if wanted.currency not in ("", home) else {}
    return subject(wanted.kpi, scope | currency, wanted.start, wanted.end)


def _place(event: Event, home: str) -> tuple[Any, ...] | None:
    data = cast(TargetSet | TargetRevoked, event.data)
    try:
        start, end = (parse(text)[0] for text in (data.start, data.end))
    except (KeyError, ValueError):
        return None
    currency = data.currency or (home if is_money(data.kpi) else "")
    rep, team = data.rep or "", data.team or ""
    return Wanted(data.kpi, start, end, team=team, rep=rep, currency=currency).place
