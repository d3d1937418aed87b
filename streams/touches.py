"""Which acts of a lead are touches, messages and conversations."""

from __future__ import annotations

from mypy_extensions import mypyc_attr

from schemas.classification import classify
from schemas.events import CallCompleted, EmailReplied, EmailSent, Millis, ReplyClass
from streams.fate import BOUNCED
from streams.lead import Act, Instance, Lead, Message, Touch, is_conversation
from streams.rules import Rules


@mypyc_attr(acyclic=True)
class Sent:
    """A message sent, by a person or not; ``touch`` is None where it is none."""

    def __init__(self, at: Millis, channel: str, touch: Touch | None) -> None:
        self.at = at
        self.channel = channel
        self.touch = touch


@mypyc_attr(acyclic=True)
class Inbound:
    """An act that is a reply if a touch came before it, at its position in the instance, with its class."""

    def __init__(self, instance: Instance, position: int, act: Act, class_: ReplyClass | None) -> None:
        self.instance = instance
        self.position = position
        self.act = act
        self.class_ = class_


@mypyc_attr(acyclic=True)
class Sorted:
    """The messages by id, and in order what came from the other side."""

    def __init__(self) -> None:
        self.sent: dict[str, Sent] = {}
        self.inbound: list[Inbound] = []


def sort_out(lead: Lead, rules: Rules) -> Sorted:
    """Tell touches, messages and conversations among the acts of each instance."""
    found = Sorted()
    for instance in lead.instances:
        for position, act in enumerate(instance.acts):
            data = act.event.data
            if type(data) is CallCompleted:
                _sort_out_call(instance, position, act, data, rules)
                if not data.automatic and (data.direction == "inbound" or (data.answered and data.outcome)):
                    found.inbound.append(Inbound(instance, position, act, data.outcome))
            elif type(data) is EmailSent:
                if data.message_id not in found.sent:
                    fate = lead.fates.get(data.message_id, 0)
                    found.sent[data.message_id] = _sort_out_message(instance, position, act, data, fate)
            elif type(data) is EmailReplied:
                judgement = classify(act.event)
                class_ = None if judgement is None else judgement.class_
                if class_ not in ("auto", "bounce"):
                    found.inbound.append(Inbound(instance, position, act, class_))
        closed, touches = instance.closed, instance.touches
        instance.answers = touches if closed is None else [touch for touch in touches if touch.position < closed]
    return found


def _sort_out_message(instance: Instance, position: int, act: Act, data: EmailSent, fate: int) -> Sent:
    channel = data.channel or "email"
    touch = None
    if not data.automatic:
        act.message = Message(data, fate)
        if not fate & BOUNCED:
            touch = _touch(instance, position, act, channel)
    return Sent(act.event.time, channel, touch)


def _sort_out_call(instance: Instance, position: int, act: Act, call: CallCompleted, rules: Rules) -> None:
    if call.automatic:
        return
    touch = None
    inbound = call.direction == "inbound"
    if not inbound or (call.answered and not instance.touches):
        touch = _touch(instance, position, act, "call", inbound)
    if instance.engaged is not None and is_conversation(call, rules.contact_seconds):
        elapsed = act.event.time - instance.engaged_at
        make_contact(instance, position, elapsed if touch is None else instance.response(touch, rules.clock_skew))


def _touch(instance: Instance, position: int, act: Act, channel: str, inbound: bool = False) -> Touch:
    touch = Touch(act.event, channel, act.owner, act.team, inbound, position, len(instance.touches))
    instance.touches.append(touch)
    act.touch = touch
    return touch


def make_contact(instance: Instance, position: int, elapsed: Millis) -> None:
    """Note a two-way exchange ``elapsed`` after engagement, unless an earlier one is known or the lead was closed."""
    if instance.closed is None or position < instance.closed:
        elapsed, earlier = max(0, elapsed), instance.contact_after
        if earlier is None or elapsed < earlier:
            instance.contact_after, instance.contact_by = elapsed, position
