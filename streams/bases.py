"""Bases: what a lead offers to be counted, each with its event time and dimensions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec import Struct

from schemas.events import CallCompleted, EmailSent, Millis
from streams.lead import UNKNOWN, Act, Contacted, Instance, Lead, Message, Ownership, Profile, Reply, Sightings, Touch

Dims = tuple[str, str, str, str, str, str]
"""Team, rep, temperature, source, region, channel."""

Counted = tuple[Millis, Dims, Any]
"""Event time, dimensions, and the item that the KPIs of the basis measure."""


class Owned(Struct, gc=False):
    """One ownership within its instance."""

    ownership: Ownership
    instance: Instance


class Sighted(Struct, gc=False):
    """A message with what was reported of the lead's messages."""

    message: Message
    sightings: Sightings


class Activity(Struct, gc=False):
    """Something a person did towards the lead; ``follow_up`` after the first touch, ``kind`` as the event says."""

    kind: str
    customer: str | None
    follow_up: bool


def _dims(rep_and_team: tuple[str, str], profile: Profile, channel: str = UNKNOWN) -> Dims:
    rep, team = rep_and_team
    return (team, rep, profile.temperature, profile.source, profile.region, channel)


def _counted(lead: Lead) -> list[Instance]:
    """The instances whose acts count: none closed as a duplicate."""
    return [instance for instance in lead.instances if not instance.duplicate]


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
        for channel in dict.fromkeys([touch.channel for touch in subject.touches]):
            touches = [touch for touch in subject.touches if touch.channel == channel]
            replies = [reply for reply in subject.replies if reply.channel == channel]
            yield at, (*dims[:5], channel), Contacted(subject.profile, False, touches, replies)


def _replied(lead: Lead) -> Iterable[Counted]:
    return [(reply.at, _dims(reply.act.rep_and_team, reply.profile, reply.channel), reply) for reply in lead.replies]


def _sent(lead: Lead) -> Iterable[Counted]:
    return [
        (
            message.act.event.time,
            _dims(message.act.rep_and_team, instance.profile, message.sent.channel or "email"),
            Sighted(message, lead.sightings),
        )
        for instance in _counted(lead)
        for message in instance.messages
    ]


def _touched(lead: Lead) -> Iterable[Counted]:
    return [
        (touch.at, _dims(touch.act.rep_and_team, instance.profile, touch.channel), touch)
        for instance in _counted(lead)
        for touch in instance.touches
        if not touch.inbound
    ]


def _happened(lead: Lead) -> Iterable[Counted]:
    for instance in _counted(lead):
        for act in instance.acts:
            activity = _activity(act)
            if activity is not None:
                yield act.event.time, _dims(act.rep_and_team, instance.profile), activity


def _activity(act: Act) -> Activity | None:
    data = act.event.data
    follow_up = act.touch is not None and act.touch.nth > 0
    if type(data) is CallCompleted:
        if data.automatic or data.direction == "inbound":
            return None
        return Activity(data.kind or "call", data.customer, follow_up)
    if type(data) is EmailSent:
        return Activity(data.channel or "email", data.customer, follow_up) if act.is_message else None
    return Activity("quote", None, False) if act.event.type.startswith("deal.") else None


ITEMS: Final[dict[str, Callable[[Lead], Iterable[Counted]]]] = {
    "engaged": _engaged,
    "assigned": _assigned,
    "first_touch": _first_touch,
    "first_touch_by_channel": _first_touch_by_channel,
    "replied": _replied,
    "sent": _sent,
    "touched": _touched,
    "happened": _happened,
}
"""Basis → what a lead offers to it."""

__all__ = ["ITEMS", "Activity", "Contacted", "Counted", "Dims", "Instance", "Owned", "Reply", "Sighted", "Touch"]
