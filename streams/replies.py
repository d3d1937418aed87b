"""Which acts of a lead are replies, and what they answer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from schemas.events import CallCompleted, EmailReplied, Millis
from streams.lead import Act, Contacted, Instance, Lead, Reply, Touch
from streams.rules import Rules
from streams.touches import Inbound, Sent, Sorted, make_contact


def match_replies(lead: Lead, found: Sorted, rules: Rules) -> None:
    """Find the subjects that were contacted, and give each the replies to its touches."""
    lead.contacted = [subject for subject in _contacted(lead.instances) if subject.touches]
    if lead.contacted and found.inbound:
        matcher = _Matcher(lead, found.sent, rules)
        for inbound in found.inbound:
            matcher.match(inbound)


def _contacted(instances: list[Instance]) -> list[Contacted]:
    """What came before the first engagement belongs to the first instance, if there is one."""
    before, *later = instances
    if not later:
        return [Contacted(before.profile, before.duplicate, before.touches)]
    first = later[0]
    before.profile, before.duplicate = first.profile, before.duplicate or first.duplicate
    touches = first.touches
    if before.touches:
        # An answered call after outreach is a reply to it, whatever it is to the response clock.
        touches = before.touches + [touch for touch in touches if not touch.inbound]
    return [
        Contacted(first.profile, before.duplicate, touches),
        *(Contacted(instance.profile, instance.duplicate, instance.touches) for instance in later[1:]),
    ]


class _Matcher:
    """The touches of a lead by time, to find the one before each reply."""

    def __init__(self, lead: Lead, sent: dict[str, Sent], rules: Rules) -> None:
        self.lead, self.sent, self.rules = lead, sent, rules
        pairs = [(touch, subject) for subject in lead.contacted for touch in subject.touches]
        self.touches = [touch for touch, _ in pairs]
        self.subjects = [subject for _, subject in pairs]
        self.times = [touch.at for touch in self.touches]
        # Answered calls that nothing came before: the first touch is no reply to itself.
        self.received = [id(touch) for touch in self.touches if touch.inbound]

    def match(self, inbound: Inbound) -> None:
        """Count what a person of the other side did if it is within the horizon of a touch not after it."""
        act = inbound.act
        at, data = act.event.time, act.event.data
        last = bisect_right(self.times, at) - 1
        if last < 0 or at - self.times[last] > self.rules.reply_horizon:
            return
        if isinstance(data, EmailReplied):
            answered = self.sent.get(data.in_reply_to) if data.in_reply_to else None
            channel = data.channel or (answered.channel if answered is not None else "email")
            self._add(inbound, channel, answered, last)
        elif isinstance(data, CallCompleted) and id(act.touch) not in self.received:
            self._add(inbound, "call", None, last)

    def _add(self, inbound: Inbound, channel: str, sent: Sent | None, last: int) -> None:
        instance, act, class_ = inbound.instance, inbound.act, inbound.class_
        at = act.event.time
        answered = sent.at if sent is not None and sent.at <= at else self._before(at)
        reply = Reply(at, channel, class_, act, instance.profile, answered)
        subject = self.subjects[last]
        subject.replies.append(reply)
        if not instance.duplicate:
            self.lead.replies.append(reply)
        if class_ == "positive" and (touch := self._drawing(act, sent, last)) is not None:
            touch.drew_positive = True
        if instance.engaged is not None and getattr(act.event.data, "answered", True):
            make_contact(instance, inbound.position, at - instance.engaged_at)

    def _before(self, at: Millis) -> Millis | None:
        earlier = bisect_left(self.times, at) - 1
        return self.times[earlier] if earlier >= 0 else None

    def _drawing(self, act: Act, sent: Sent | None, last: int) -> Touch | None:
        """The touch that a reply answers: itself an outcome, the message answered, else the last one before.

        None where the message answered is no touch: an automatic one draws nothing for a person.
        """
        at = act.event.time
        if sent is not None and sent.at <= at:
            return sent.touch
        for touch in self.touches[last::-1]:
            if touch is act.touch or touch.at < at:
                return touch
        return self.touches[last]
