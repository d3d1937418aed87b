"""Bases: what a lead offers to be counted, each with its event time and dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mypy_extensions import mypyc_attr

from schemas.events import CallCompleted, EmailReplied
from streams.deals import ended_by_reason, moments, priced, stages_left
from streams.dimensions import Counted, Dims
from streams.exchanges import waits
from streams.lead import UNKNOWN, Act, Contacted, Instance, Lead, Ownership, Planned, Profile, instance_at
from streams.planning import due_at
from streams.rules import Rules

Items = Callable[[Lead, Rules], list[Counted]]
"""What a lead offers to be counted."""


@mypyc_attr(acyclic=True)
class Owned:
    """One ownership within its instance."""

    def __init__(self, ownership: Ownership, instance: Instance) -> None:
        self.ownership = ownership
        self.instance = instance


def _dims(rep_and_team: tuple[str, str], profile: Profile, channel: str = UNKNOWN) -> Dims:
    rep, team = rep_and_team
    return team, rep, profile.temperature, profile.source, profile.region, channel


def _engaged(lead: Lead, rules: Rules) -> list[Counted]:
    return [
        (instance.engaged_at, _dims(instance.owner_and_team, instance.profile, instance.profile.channel), instance)
        for instance in lead.instances[1:]
        if not instance.duplicate
    ]


def _assigned(lead: Lead, rules: Rules) -> list[Counted]:
    return [
        (held.at, _dims((held.owner, held.team), instance.profile), Owned(held, instance))
        for instance in lead.instances[1:]
        if not instance.duplicate
        for held in instance.ownerships
    ]


def _first_touch(lead: Lead, rules: Rules) -> list[Counted]:
    return [
        (subject.touches[0].at, _dims(subject.touches[0].owner_and_team, subject.profile), subject)
        for subject in lead.contacted
        if not subject.duplicate
    ]


def _first_touch_by_channel(lead: Lead, rules: Rules) -> list[Counted]:
    found: list[Counted] = []
    for at, dims, subject in _first_touch(lead, rules):
        by_channel: dict[str, Contacted] = {}
        for touch in subject.touches:
            if touch.channel not in by_channel:
                by_channel[touch.channel] = Contacted(subject.profile, False, [])
            by_channel[touch.channel].touches.append(touch)
        for reply in subject.replies:
            if reply.channel in by_channel:
                by_channel[reply.channel].replies.append(reply)
        for channel, touched in by_channel.items():
            found.append((at, (*dims[:5], channel), touched))
    return found


def _replied(lead: Lead, rules: Rules) -> list[Counted]:
    return [(reply.at, _dims(reply.act.rep_and_team, reply.profile, reply.channel), reply) for reply in lead.replies]


def _acts(lead: Lead, rules: Rules) -> list[Counted]:
    """What a person did or said, each act once; those that are nothing to any KPI are measured as nothing."""
    return [
        (act.event.time, _dims(act.rep_and_team, instance.profile, _channel(act)), act)
        for instance in lead.instances
        if not instance.duplicate
        for act in instance.acts
        if type(act.event.data) is not EmailReplied
    ]


def _inbound(lead: Lead, rules: Rules) -> list[Counted]:
    """Messages that wait or waited for an answer; of a lead that was closed only those before."""
    return [
        (waiting.asked.event.time, _dims(waiting.asked.rep_and_team, instance.profile), waiting)
        for instance in lead.instances[1:]
        if not instance.duplicate
        for waiting in waits(instance, rules)
    ]


def _qualified(lead: Lead, rules: Rules) -> list[Counted]:
    """Each time that a lead came to a stage in which it is qualified."""
    return [
        (act.event.time, (*_dims(act.rep_and_team, instance.profile), getattr(act.event.data, "stage", UNKNOWN)), act)
        for instance in lead.instances[1:]
        if not instance.duplicate
        for act in instance.qualified
    ]


def _due(lead: Lead, rules: Rules) -> list[Counted]:
    """What was scheduled, at the time for which it was scheduled last."""
    found: list[Counted] = []
    for call_id, act in lead.planned.items():
        instance = instance_at(lead, act.event.time + rules.clock_skew)
        if not instance.duplicate:
            planned = Planned(act, call_id in lead.missed)
            found.append((due_at(act.event), _dims(act.rep_and_team, instance.profile), planned))
    return found


def _called(lead: Lead, rules: Rules) -> list[Counted]:
    """The calls that people placed."""
    found: list[Counted] = []
    for instance in lead.instances:
        if not instance.duplicate:
            for act in instance.acts:
                call = act.event.data
                if type(call) is CallCompleted and call.direction == "outbound" and not call.automatic:
                    found.append((act.event.time, _dims(act.rep_and_team, instance.profile), call))
    return found


def _channel(act: Act) -> str:
    if act.message is not None:
        return act.message.sent.channel or "email"
    return UNKNOWN if act.touch is None else act.touch.channel


ITEMS: Final[dict[str, Items]] = {
    "engaged": _engaged,
    "assigned": _assigned,
    "first_touch": _first_touch,
    "first_touch_by_channel": _first_touch_by_channel,
    "replied": _replied,
    "sent": _acts,
    "inbound": _inbound,
    "opened": moments,
    "ended_by_reason": ended_by_reason,
    "closed_by_currency": priced,
    "left_by_stage": stages_left,
    "qualified_by_stage": _qualified,
    "due": _due,
    "called": _called,
}
"""Axis → what a lead offers to it."""
