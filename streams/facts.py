"""Lead facts: what is known of one lead, for everyone who wants it without reading the events."""

from __future__ import annotations

from schemas.events import LeadEngaged, Millis
from schemas.results import LeadFacts, timestamp
from streams.lead import UNASSIGNED, UNKNOWN, Instance, Lead
from streams.rules import Rules


def facts(lead: Lead, rules: Rules) -> LeadFacts | None:
    """The facts of a lead, those of its latest instance where it engaged several times; None without any event."""
    if lead.last_event is None:
        return None
    last = lead.instances[-1]
    touch = last.answers[0] if last.answers else None
    engaged_at = last.engaged.time if last.engaged is not None else None
    response = last.response(touch, rules.clock_skew) if touch is not None and last.engaged is not None else None
    engaged = _engaged(last)
    replies = [reply for subject in lead.contacted[-1:] for reply in subject.replies] if last.touches else []
    return LeadFacts(
        lead=lead.id,
        qualified=last.engaged is not None,
        instances=len(lead.instances) - 1,
        open=last.is_open and lead.merged_into is None,
        imported=bool(engaged.imported),
        engaged_at=_at(engaged_at),
        first_touch_at=_at(touch.at if touch is not None else None),
        contact_made_at=_at(
            engaged_at + last.contact_after if engaged_at is not None and last.contact_after is not None else None
        ),
        response_seconds=None if response is None else response / 1000,
        owner=last.owner or UNASSIGNED,
        team=last.team or UNASSIGNED,
        temperature=last.temperature,
        stage=lead.stage,
        source=last.profile.source,
        region=last.profile.region,
        channel=last.profile.channel,
        segment=engaged.segment or UNKNOWN,
        account=engaged.account,
        campaign=engaged.campaign,
        closed_at=_at(last.closed_at),
        close_reason=last.close_reason,
        merged_into=lead.merged_into,
        touches=len(last.answers),
        follow_ups=max(0, len(last.answers) - 1),
        replies=len(replies),
        reply_class=next((reply.class_ for reply in replies if reply.class_ is not None), None),
        last_event_at=timestamp(lead.last_event.time),
    )


def _engaged(instance: Instance) -> LeadEngaged:
    if instance.engaged is None:
        return LeadEngaged()
    assert isinstance(instance.engaged.data, LeadEngaged)
    return instance.engaged.data


def _at(millis: Millis | None) -> str | None:
    return None if millis is None else timestamp(millis)
