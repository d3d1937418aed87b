"""What each KPI sees in one subject's history: one function per family, sentence by sentence from the page."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.simulator.history import (
    UNKNOWN,
    Episode,
    Happening,
    History,
    Owner,
    channel_of,
    is_answered_inbound,
    is_human_reply,
    is_talk,
)
from deploy.simulator.seen import BY_CHANNEL, EVERY, PROPOSAL, Seen
from deploy.simulator.selling import sold
from deploy.simulator.standing import stands
from deploy.simulator.working import worked
from schemas.events import Millis


def observe(history: History, reporting: set[str], clock: Millis) -> Iterator[Seen]:
    """Everything that one subject adds to any KPI; ``reporting`` are the sources that report delivery."""
    for episode in history.episodes:
        if episode.counts:
            yield from _response(history, episode)
            yield from _ownerships(history, episode)
            yield from _follow_up(history, episode)
            yield from _waiting(history, episode)
            yield from _open(history, episode, clock)
    yield from _answers(history)
    for done in (_latency, _message_replies, _messages, _personalization, _activities):
        yield from (seen for seen in done(history, reporting) if not history.instance_at(seen.at).duplicate)
    yield from sold(history)
    yield from stands(history, clock)
    yield from worked(history, clock)


def _response(history: History, episode: Episode) -> Iterator[Seen]:
    """Engaged → first touch, first owner, contact made."""
    assert episode.engaged is not None
    engaged, who = episode.engaged, _cohort(history, episode)
    owned = [owner.since[0] for owner in _owners(history, episode) if owner.rep]
    touched = [history.answered_at(touch, episode) for touch in episode.before_closing(episode.touches)]
    met = [history.answered_at(meeting, episode) for meeting in episode.before_closing(episode.contacts)]
    for kpi, times in {"lead_response_time": touched, "system_delay": owned, "time_to_contact": met}.items():
        yield Seen(kpi, engaged.at, who, min(times) - engaged.at if times else None)
    yield Seen("leads_created", engaged.at, who, 1)


def _owners(history: History, episode: Episode) -> list[Owner]:
    """Who had this instance, one after the other: the owner at its engagement, then every change of person."""
    assert episode.engaged is not None
    start = episode.engaged.order
    first = history.owner_at(start)
    found = [Owner(start, first.rep, first.team)]
    for owner in history.owners:
        if start < owner.since < history.end_of(episode) and owner.rep != found[-1].rep:
            found.append(owner)
    return found


def _ownerships(history: History, episode: Episode) -> Iterator[Seen]:
    """Assigned → that owner's touch; who lost the lead before touching it is counted as cancelled."""
    assert episode.engaged is not None
    owners, running = _owners(history, episode), episode.before_closing(episode.touches)
    for n, owner in enumerate(owners):
        if owner.rep is None:
            continue
        until = owners[n + 1].since if n + 1 < len(owners) else history.end_of(episode)
        touches = [touch for touch in running if touch.order < until and _toucher(history, touch) == owner.rep]
        mine = [at for at in (max(t.at, episode.engaged.at) for t in touches) if at >= owner.since[0]]
        who = _lead_dimensions(episode) | {"rep": owner.rep, "team": owner.team or "unassigned"}
        cancelled = not mine and n + 1 < len(owners)
        value = min(mine) - owner.since[0] if mine else None
        yield Seen("rep_response_time", owner.since[0], who, value, note="cancelled" if cancelled else None)


def _toucher(history: History, touch: Happening) -> str:
    return history.doer_of(touch)[0]


def _follow_up(history: History, episode: Episode) -> Iterator[Seen]:
    """Touched within the horizon, how often; and touches after the first."""
    assert episode.engaged is not None
    at, who = episode.engaged.at, _cohort(history, episode)
    horizon = history.settings.follow_up_horizon
    touches = episode.before_closing(episode.touches)
    in_time = sum(touch.at - at <= horizon for touch in touches)
    yield Seen("follow_up_rate", at, who, int(in_time > 0), note=in_time)
    if touches:
        yield Seen("follow_ups_per_lead", at, who, len(touches) - 1)


def _waiting(history: History, episode: Episode) -> Iterator[Seen]:
    """First unanswered message or missed call → next touch, or call of theirs that is taken; nothing once closed.

    Nobody here asks in words to be left alone.
    """
    assert episode.engaged is not None
    asked: Happening | None = None
    since = episode.engaged.at + history.settings.clock_skew
    here = [event for event in history.events if history.episode_at(event.at) is episode]
    for event in episode.before_closing(here):
        if event in episode.touches or _is_taken(event, history):
            if asked is not None:
                yield Seen("next_response_time", asked.at, _doing(history, asked), event.at - asked.at)
            asked = None
        elif asked is None and event.at > since and _asks(event):
            asked = event
    if asked is not None:
        yield Seen("next_response_time", asked.at, _doing(history, asked), None)


def _is_taken(event: Happening, history: History) -> bool:
    """A call of theirs in which both sides spoke."""
    return is_answered_inbound(event) or (_calls_in(event) and is_talk(event, history.settings.contact_seconds))


def _asks(event: Happening) -> bool:
    return _calls_in(event) or (event.type == "email.replied" and is_human_reply(event))


def _calls_in(event: Happening) -> bool:
    data = event.data
    return event.type == "call.completed" and data["direction"] == "inbound" and data.get("automatic") is not True


def _open(history: History, episode: Episode, clock: Millis) -> Iterator[Seen]:
    """Engaged, not answered, not closed: its age now, under its present temperature."""
    assert episode.engaged is not None
    if episode.closed or episode.touches:
        return
    stated = [e for e in history.events if e.type == "lead.stage_changed" and e.order > episode.engaged.order]
    temperatures = [e.data["temperature"] for e in stated if e.data.get("temperature")]
    who = _cohort(history, episode) | ({"temperature": temperatures[-1]} if temperatures else {})
    for kpi in ("open_leads", "oldest_open_lead"):
        yield Seen(kpi, 0, who, clock - episode.engaged.at)


def _answers(history: History) -> Iterator[Seen]:
    """Of what was contacted, what replied, and with which class; subjects that never engaged included.

    What was done before a subject first engaged belongs to its first instance.
    """
    before, *instances = history.episodes
    if not instances:
        yield from _answer(history, before, [before])
    for n, one in enumerate(instances):
        if one.counts:
            yield from _answer(history, one, [before, one] if n == 0 else [one])


def _answer(history: History, episode: Episode, of: list[Episode]) -> Iterator[Seen]:
    touches, replies = list(history.answerable(of)), [reply for one in of for reply in one.replies]
    if not touches:
        return
    rep, team = history.owner_at_touch(touches[0])
    at, who = touches[0].at, _lead_dimensions(episode) | {"rep": rep, "team": team}
    classes = [reply.kind for reply in replies if reply.kind]
    yield Seen("reply_rate", at, who, int(bool(replies)))
    yield Seen("positive_reply_rate", at, who, int(classes[:1] == ["positive"]))
    yield Seen("negative_reply_rate", at, who, int(classes[:1] == ["negative"]))
    for channel in sorted({channel_of(touch) for touch in touches}):
        replied = any(reply.channel == channel for reply in replies)
        yield Seen("reply_rate", at, who | {"channel": channel}, int(replied), BY_CHANNEL)


def _latency(history: History, _: set[str]) -> Iterator[Seen]:
    """What was answered → the reply."""
    for reply in history.replies:
        if reply.answers is not None:
            waited = reply.said.at - reply.answers.at
            yield Seen("reply_latency", reply.said.at, _doing(history, reply.said), waited)


def _message_replies(history: History, _: set[str]) -> Iterator[Seen]:
    """Outbound touches that drew a positive reply; a call that was connected drew its own."""
    drew = {
        (reply.said if reply.said.data.get("direction") == "outbound" else reply.answers or reply.last_touch).order
        for reply in history.replies
        if reply.kind == "positive"
    }
    for touch in (event for event in history.events if history.is_outbound_touch(event)):
        who = _doing(history, touch) | {"channel": channel_of(touch)}
        yield Seen("message_reply_rate", touch.at, who, int(touch.order in drew), EVERY)


def _messages(history: History, reporting: set[str]) -> Iterator[Seen]:
    """What became of the messages sent by people; an open implies delivery, whatever was reported."""
    for name, sent in history.messages.items():
        if sent.data.get("automatic") is True:
            continue
        marks, who = history.marks[name], _doing(history, sent)
        bounced = "email.bounced" in marks
        seen = any(mark.startswith(("email.opened", "email.clicked")) for mark in marks)
        delivered = seen or (not bounced and ("email.delivered" in marks or sent.source not in reporting))
        yield Seen("delivery_rate", sent.at, who, int(delivered))
        yield Seen("bounce_rate", sent.at, who, int(bounced))
        for kpi, mark in (("open_rate", "email.opened"), ("click_rate", "email.clicked")):
            by_machine = delivered and f"{mark} by machine" in marks
            yield Seen(kpi, sent.at, who, int(mark in marks) if delivered else None, note=int(by_machine))


def _personalization(history: History, _: set[str]) -> Iterator[Seen]:
    """Elements of the messages after the first touch that state them."""
    for touch in (touch for episode in history.episodes for touch in episode.touches[1:]):
        elements = touch.data.get("personalized_elements")
        if touch.type == "email.sent" and elements is not None:
            yield Seen("personalization", touch.at, _doing(history, touch), elements)


def _activities(history: History, _: set[str]) -> Iterator[Seen]:
    """Outbound and human, by kind; a call after the first touch is a follow-up call besides."""
    follow_ups = {touch.order for episode in history.episodes for touch in episode.touches[1:]}
    stages: dict[str, str | None] = {}
    for event in history.events:
        for kind in _kinds(event, follow_ups, stages, history):
            who = _doing(history, event)
            yield Seen("activities", event.at, who, 1, note=event.data.get("customer"), kind=kind)


def _kinds(
    event: Happening, follow_ups: set[tuple[int, str, str]], stages: dict[str, str | None], history: History
) -> list[str]:
    data = event.data
    if event.type in ("deal.opened", "deal.stage_changed"):
        before, stages[data["deal_id"]] = stages.get(data["deal_id"]), data.get("stage")
        return ["quote"] if data.get("stage") == PROPOSAL != before else []
    if data.get("automatic") is True:
        return []
    if event.type == "email.sent" and history.messages[data["message_id"]] is event:
        return [channel_of(event)]
    if event.type != "call.completed" or data["direction"] != "outbound":
        return []
    kind = data.get("kind") or "call"
    return ["call", "follow_up_call"] if kind == "call" and event.order in follow_ups else [kind]


def _lead_dimensions(episode: Episode) -> dict[str, str]:
    """Temperature, source, region as they were stated at engagement."""
    stated = episode.engaged.data if episode.engaged is not None else {}
    return {name: stated.get(name) or UNKNOWN for name in ("temperature", "source", "region")}


def _cohort(history: History, episode: Episode) -> dict[str, str]:
    rep, team = history.owner_of(episode)
    return _lead_dimensions(episode) | {"rep": rep, "team": team}


def _doing(history: History, event: Happening) -> dict[str, str]:
    rep, team = history.doer_of(event)
    return _lead_dimensions(history.instance_at(event.at)) | {"rep": rep, "team": team}
