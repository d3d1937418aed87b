"""What the KPIs of calls, plans and qualification see in one subject's history, sentence by sentence from the page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from deploy.simulator.history import UNKNOWN, Happening, History
from deploy.simulator.seen import Seen
from schemas.events import Millis

SENSIBLE = (946_684_800_000, 4_102_444_800_000)


def worked(history: History, clock: Millis) -> Iterator[Seen]:
    """Everything that one subject adds to these KPIs."""
    yield from _qualified(history)
    yield from _planned(history, clock)
    for event in history.events:
        is_placed = event.type == "call.completed" and event.data["direction"] == "outbound"
        if is_placed and event.data.get("automatic") is not True and not history.instance_at(event.at).duplicate:
            yield from _called(event, _who(history, event))


def _who(history: History, event: Happening) -> dict[str, str]:
    rep, team = history.doer_of(event)
    engaged = history.instance_at(event.at).engaged
    stated = engaged.data if engaged is not None else {}
    lead = {name: stated.get(name) or UNKNOWN for name in ("temperature", "source", "region")}
    return lead | {"rep": rep, "team": team}


def _called(event: Happening, who: dict[str, str]) -> Iterator[Seen]:
    """Answered of placed; how long was talked, who talked, and how many calls that makes an hour."""
    data: dict[str, Any] = event.data
    answered = data.get("answered") is True
    both, rep = data.get("talk_seconds"), data.get("rep_talk_seconds")
    lasted = both if both is not None else data.get("duration_seconds") if answered else None
    talked = round((lasted or 0) * 1000)
    yield Seen("connect_rate", event.at, who, int(answered))
    yield Seen("calls_per_hour_talked", event.at, who, talked)
    if talked:
        yield Seen("talk_time", event.at, who, talked)
    if rep is not None and both:
        yield Seen("talk_listen_ratio", event.at, who, round(both * 1000), note=min(round(rep * 1000), talked))


def _planned(history: History, clock: Millis) -> Iterator[Seen]:
    """What was scheduled, as it was scheduled last, at the time when it is due; missed or not once that has come."""
    last = {event.data["call_id"]: event for event in history.events if event.type == "call.scheduled"}
    missed = {event.data["call_id"] for event in history.events if event.type == "call.missed"}
    for name, event in last.items():
        if not history.instance_at(event.at).duplicate:
            due, who = _due(event), _who(history, event)
            yield Seen("planned_activities", due, who, 1)
            if due <= clock:
                yield Seen("no_show_rate", due, who, int(name in missed))


def _due(event: Happening) -> Millis:
    try:
        due = round(datetime.fromisoformat(event.data.get("due_at") or "").timestamp() * 1000)
    except ValueError:
        return event.at
    return due if SENSIBLE[0] <= due < SENSIBLE[1] else event.at


def _qualified(history: History) -> Iterator[Seen]:
    """Engaged leads that come to MQL or SQL from another stage."""
    stage: str | None = None
    taking_over = {episode.engaged.order for episode in history.episodes if episode.engaged}
    instance = history.episodes[0]
    for event in history.events:
        if event.order in taking_over and event.type == "lead.engaged":
            instance = next(one for one in history.episodes if one.engaged and one.engaged.order == event.order)
        elif event.type != "lead.stage_changed":
            continue
        before, stage = stage, event.data.get("stage") or stage
        if instance.counts and stage in ("mql", "sql") and stage != before:
            stated = instance.engaged.data if instance.engaged else {}
            rep, team = history.doer_of(event)
            lead = {name: stated.get(name) or UNKNOWN for name in ("temperature", "source", "region")}
            yield Seen("leads_qualified", event.at, lead | {"rep": rep, "team": team}, 1, kind=stage, told_by="stage")
