"""What happened to one subject, read from all its events at once: slow, plain, straight from the KPI page.

Written for the truth and from the page alone; the pipeline has its own reading, so that each checks the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from deploy.simulator.script import MEANT
from schemas.events import Millis
from schemas.settings import Settings

UNKNOWN: Final = "unknown"
UNASSIGNED: Final = "unassigned"
_BULK: Final = {"bulk", "junk", "auto_reply"}
_MACHINES: Final = ("x-autoreply", "x-autorespond", "x-failed-recipients")


class Happening(NamedTuple):
    """One event; compares by the page's order (time, source, id)."""

    at: Millis
    source: str
    id: str
    type: str
    data: dict[str, Any]

    @property
    def order(self) -> tuple[Millis, str, str]:
        """The order among the events of one lead."""
        return (self.at, self.source, self.id)


class Owner(NamedTuple):
    """Who has the lead from an event on; None where nobody was named."""

    since: tuple[Millis, str, str]
    rep: str | None
    team: str | None


class Reply:
    """A human reply: when, by which channel, of which class, and the touch that it comes after."""

    def __init__(self, said: Happening, channel: str, last_touch: Happening) -> None:
        self.said, self.channel, self.last_touch = said, channel, last_touch
        self.answers: Happening | None = None
        self.kind: str | None = said.data.get("class") or said.data.get("outcome") or meant(said)


class Episode:
    """One instance of a lead, or (``engaged`` None) what happened before a subject ever engaged."""

    def __init__(self, engaged: Happening | None) -> None:
        self.engaged = engaged
        self.closed: Happening | None = None
        self.duplicate = False
        self.touches: list[Happening] = []
        self.replies: list[Reply] = []
        self.contacts: list[Happening] = []

    def before_closing(self, events: list[Happening]) -> list[Happening]:
        """Without what came after the closing, which answers and follows up nothing."""
        return [event for event in events if self.closed is None or event.order < self.closed.order]

    @property
    def counts(self) -> bool:
        """An engaged lead that was not found to be a duplicate."""
        return self.engaged is not None and not self.duplicate


class History:
    """One subject's events, in order, and what they amount to."""

    def __init__(self, events: list[Happening], settings: Settings) -> None:
        self.events = sorted(events, key=lambda event: event.order)
        self.settings = settings
        self.owners: list[Owner] = [Owner((0, "", ""), None, None)]
        self.episodes: list[Episode] = [Episode(None)]
        self.messages: dict[str, Happening] = {}
        self.marks: dict[str, set[str]] = defaultdict(set)
        self.replies: list[Reply] = []
        self._read_lead()
        self._read_messages()
        self._read_touches()
        self._read_replies()

    def episode_at(self, at: Millis) -> Episode:
        """The last instance engaged by then, give or take the clock skew; else what came before any."""
        skew = self.settings.clock_skew
        return [one for one in self.episodes if one.engaged is None or one.engaged.at - skew <= at][-1]

    def instance_at(self, at: Millis) -> Episode:
        """The same, but what came before a subject ever engaged belongs to its first instance."""
        episode = self.episode_at(at)
        return episode if episode.engaged is not None else self.episodes[:2][-1]

    def owner_at(self, order: tuple[Millis, str, str]) -> Owner:
        """The owner and team in force right after the event of that order."""
        return [owner for owner in self.owners if owner.since <= order][-1]

    def end_of(self, episode: Episode) -> tuple[Millis, str, str]:
        """Where the next instance starts; for the last one, after everything."""
        following = self.episodes[self.episodes.index(episode) + 1 :]
        return following[0].engaged.order if following and following[0].engaged else (2**62, "", "")

    def owner_of(self, episode: Episode) -> tuple[str, str]:
        """Rep and team for the cohort KPIs: at the first touch (the sender's if unowned), else the present ones."""
        touches = episode.before_closing(episode.touches)
        if not touches:
            owner = [one for one in self.owners if one.since < self.end_of(episode)][-1]
            return owner.rep or UNASSIGNED, owner.team or UNASSIGNED
        return self.owner_at_touch(touches[0])

    def owner_at_touch(self, first: Happening) -> tuple[str, str]:
        """The owner and team at a first touch, the sender's where nobody owned it."""
        owner = self.owner_at(first.order)
        if owner.rep:
            return owner.rep, owner.team or UNASSIGNED
        return first.data.get("rep") or UNASSIGNED, first.data.get("team") or owner.team or UNASSIGNED

    def answered_at(self, event: Happening, episode: Episode) -> Millis:
        """The time at which an event answers: not before the engagement, and at once for the call that engaged."""
        assert episode.engaged is not None
        engaged, first = episode.engaged.at, episode.touches[:1] == [event]
        if first and is_answered_inbound(event) and event.at - engaged <= self.settings.clock_skew:
            return engaged
        return max(engaged, event.at)

    def doer_of(self, event: Happening) -> tuple[str, str]:
        """Rep and team for the activity rows: the event's own, else the owner's then."""
        owner = self.owner_at(event.order)
        return (
            event.data.get("rep") or owner.rep or UNASSIGNED,
            event.data.get("team") or owner.team or UNASSIGNED,
        )

    def _own(self, event: Happening) -> None:
        """A team or owner that is not stated stays what it was."""
        last = self.owners[-1]
        rep, team = event.data.get("owner") or last.rep, event.data.get("team") or last.team
        self.owners.append(Owner(event.order, rep, team))

    def _read_lead(self) -> None:
        """Engagements, closings and owners."""
        for event in self.events:
            now = self.episodes[-1]
            is_open = now.engaged is not None and now.closed is None
            if event.type == "lead.engaged" and not is_open:
                self._own(event)
                if event.data.get("qualified") is not False:
                    self.episodes.append(Episode(event))
            elif event.type == "lead.assigned":
                self._own(event)
            elif event.type == "lead.closed" and now.engaged is not None:
                now.closed = now.closed or event
                now.duplicate = now.duplicate or event.data.get("reason") == "duplicate"

    def _read_messages(self) -> None:
        """Messages sent, by id, and what was said about each of them."""
        for event in self.events:
            name = event.data.get("message_id")
            if event.type == "email.sent":
                self.messages.setdefault(str(name), event)
            elif name is not None:
                machine = event.data.get("machine") is True
                self.marks[name].add(f"{event.type} by machine" if machine else event.type)

    def _read_touches(self) -> None:
        for event in self.events:
            episode = self.episode_at(event.at)
            if self.is_outbound_touch(event) or (is_answered_inbound(event) and not episode.touches):
                episode.touches.append(event)
            if is_talk(event, self.settings.contact_seconds):
                episode.contacts.append(event)

    def is_outbound_touch(self, event: Happening) -> bool:
        """A human call placed, or a human message sent and not bounced (the first event of its id)."""
        if event.data.get("automatic") is True:
            return False
        if event.type == "email.sent":
            name = event.data["message_id"]
            return self.messages[name] is event and "email.bounced" not in self.marks[name]
        return event.type == "call.completed" and event.data["direction"] == "outbound"

    def _read_replies(self) -> None:
        """Human replies that come within the horizon of a touch before them (equal times count)."""
        touches = sorted(self.answerable(self.episodes), key=lambda touch: touch.order)
        for event in self.events:
            before = [touch for touch in touches if touch.at <= event.at]
            if event in touches and not is_connected_with_outcome(event):
                continue
            if not is_human_reply(event) or not before:
                continue
            if event.at - before[-1].at > self.settings.reply_horizon:
                continue
            reply = Reply(event, self._channel(event), before[-1])
            reply.answers = self._answered(event, touches)
            self.replies.append(reply)
            next(one for one in self.episodes if before[-1] in one.touches).replies.append(reply)
            if event.type == "email.replied" or is_answered_inbound(event) or is_connected_with_outcome(event):
                self.episode_at(event.at).contacts.append(event)

    def answerable(self, episodes: list[Episode]) -> Iterator[Happening]:
        """The touches, without the answered call that came after outreach: to that it is a reply."""
        outreach, *engaged = self.episodes
        for episode in episodes:
            for touch in episode.touches:
                if not (outreach.touches and episode in engaged[:1] and is_answered_inbound(touch)):
                    yield touch

    def _channel(self, event: Happening) -> str:
        """Its own, else that of the message it answers, else e-mail; a call's is ``call``."""
        if event.type == "call.completed":
            return "call"
        answered = self.messages.get(event.data.get("in_reply_to") or "")
        return event.data.get("channel") or (channel_of(answered) if answered else "email")

    def _answered(self, event: Happening, touches: list[Happening]) -> Happening | None:
        """The message that it names, if that was sent by then, else the last touch strictly earlier."""
        message = self.messages.get(event.data.get("in_reply_to") or "")
        if message is not None and message.at <= event.at:
            return message
        earlier = [touch for touch in touches if touch.at < event.at]
        return earlier[-1] if earlier else None


def channel_of(touch: Happening) -> str:
    """``call`` for calls of every kind, else the message's channel."""
    return "call" if touch.type == "call.completed" else touch.data.get("channel") or "email"


def is_answered_inbound(event: Happening) -> bool:
    """A person called and a person took the call."""
    data = event.data
    is_inbound = event.type == "call.completed" and data["direction"] == "inbound" and data.get("automatic") is not True
    return is_inbound and data.get("answered") is True


def is_connected_with_outcome(event: Happening) -> bool:
    """An outbound call that was answered and led to something: touch and reply in one."""
    data = event.data
    is_outbound = event.type == "call.completed" and data["direction"] == "outbound"
    is_connected = data.get("answered") is True and data.get("automatic") is not True
    return is_outbound and is_connected and bool(data.get("outcome"))


def is_human_reply(event: Happening) -> bool:
    """An inbound message by a person, an inbound call after a touch, a connected call with an outcome."""
    if event.type == "call.completed":
        is_inbound = event.data["direction"] == "inbound" and event.data.get("automatic") is not True
        return is_inbound or is_connected_with_outcome(event)
    if event.type != "email.replied" or event.data.get("class") in ("auto", "bounce"):
        return False
    return bool(event.data.get("class")) or not (
        _looks_automatic(event.data.get("headers") or {}) or meant(event) == "auto"
    )


def meant(event: Happening) -> str | None:
    """The class of a reply that has a text of the simulator's, who knows what it means; of others nothing is known."""
    return MEANT.get(event.data.get("text") or "")


def is_talk(event: Happening, seconds: int) -> bool:
    """A call of a person that lasted: talk, else duration, else that it was answered."""
    if event.type != "call.completed" or event.data.get("automatic") is True:
        return False
    talk, duration = event.data.get("talk_seconds"), event.data.get("duration_seconds")
    lasted = duration if talk is None else talk
    return event.data.get("answered") is True if lasted is None else lasted >= seconds


def _looks_automatic(headers: dict[str, str]) -> bool:
    plain = {name.lower(): value.strip().lower() for name, value in headers.items()}
    submitted = plain.get("auto-submitted", "no") != "no"
    report = plain.get("content-type", "").startswith("multipart/report") or plain.get("return-path") == "<>"
    return submitted or report or any(name in plain for name in _MACHINES) or plain.get("precedence") in _BULK
