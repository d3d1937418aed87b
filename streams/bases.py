"""Bases: what a lead offers to be counted, each with its event time and dimensions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec import Struct

from schemas.events import EmailReplied, Millis
from streams.lead import UNKNOWN, Act, Contacted, Instance, Lead, Ownership, Profile

Dims = tuple[str, str, str, str, str, str]
"""Team, rep, temperature, source, region, channel."""

Counted = tuple[Millis, Dims, Any]
"""Event time, dimensions, and the item that the KPIs of the basis measure."""


class Owned(Struct, gc=False):
    """One ownership within its instance."""

    ownership: Ownership
    instance: Instance


def _dims(rep_and_team: tuple[str, str], profile: Profile, channel: str = UNKNOWN) -> Dims:
    rep, team = rep_and_team
    temperature, source, region, _ = profile
    return team, rep, temperature, source, region, channel


def _engaged(lead: Lead) -> Iterable[Counted]:
    return [
        (instance.engaged_at, _dims(instance.owner_and_team, instance.profile, instance.profile.channel), instance)
        for instance in lead.instances[1:]
        if not instance.duplicate
    ]


def _assigned(lead: Lead) -> Iterable[Counted]:
    return [
        (held.at, _dims((held.owner, held.team), instance.profile), Owned(held, instance))
        for instance in lead.instances[1:]
        if not instance.duplicate
        for held in instance.ownerships
    ]


def _first_touch(lead: Lead) -> Iterable[Counted]:
    return [
        (subject.touches[0].at, _dims(subject.touches[0].owner_and_team, subject.profile), subject)
        for subject in lead.contacted
        if not subject.duplicate
    ]


def _first_touch_by_channel(lead: Lead) -> Iterable[Counted]:
    for at, dims, subject in _first_touch(lead):
        by_channel: dict[str, Contacted] = {}
        for touch in subject.touches:
            if touch.channel not in by_channel:
                by_channel[touch.channel] = Contacted(subject.profile, False, [])
            by_channel[touch.channel].touches.append(touch)
        for reply in subject.replies:
            if reply.channel in by_channel:
                by_channel[reply.channel].replies.append(reply)
        for channel, touched in by_channel.items():
            yield at, (*dims[:5], channel), touched


def _replied(lead: Lead) -> Iterable[Counted]:
    return [(reply.at, _dims(reply.act.rep_and_team, reply.profile, reply.channel), reply) for reply in lead.replies]


def _acts(lead: Lead) -> Iterable[Counted]:
    """What a person did or said, each act once; those that are nothing to any KPI are measured as nothing."""
    for instance in lead.instances:
        if not instance.duplicate:
            for act in instance.acts:
                if type(act.event.data) is not EmailReplied:
                    yield act.event.time, _dims(act.rep_and_team, instance.profile, _channel(act)), act


def _channel(act: Act) -> str:
    if act.message is not None:
        return act.message.sent.channel or "email"
    return UNKNOWN if act.touch is None else act.touch.channel


ITEMS: Final[dict[str, Callable[[Lead], Iterable[Counted]]]] = {
    "engaged": _engaged,
    "assigned": _assigned,
    "first_touch": _first_touch,
    "first_touch_by_channel": _first_touch_by_channel,
    "replied": _replied,
    "sent": _acts,
}
"""Axis → what a lead offers to it."""
