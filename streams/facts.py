"""Lead facts: what is known of one lead, for everyone who wants it without reading the events."""

from __future__ import annotations

from typing import Final

from schemas.events import LeadEngaged
from schemas.results import LeadFacts, timestamp
from streams.lead import UNASSIGNED, UNKNOWN, Lead
from streams.rules import Rules

_NOTHING_STATED: Final = LeadEngaged()


def facts(lead: Lead, rules: Rules, revision: int = 0) -> LeadFacts | None:
    """The facts of a lead, those of its latest instance where it engaged several times; None without any event."""
    if lead.last_event is None:
        return None
    response = lead.response(rules.clock_skew)
    last, answers = lead.instances[-1], lead.instances[-1].answers
    engaged = last.engaged.data if last.engaged is not None else _NOTHING_STATED
    assert isinstance(engaged, LeadEngaged)
    replies = lead.contacted[-1].replies if last.touches else []
    return LeadFacts(
        lead.id,
        qualified=last.engaged is not None,
        instances=len(lead.instances) - 1,
        open=last.is_open and lead.merged_into is None,
        imported=bool(engaged.imported),
        engaged_at=timestamp(last.engaged.time) if last.engaged is not None else None,
        first_touch_at=timestamp(answers[0].at) if answers else None,
        contact_made_at=timestamp(last.engaged_at + last.contact_after) if last.contact_after is not None else None,
        response_seconds=response / 1000 if response is not None else None,
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
        closed_at=timestamp(last.closing.time) if last.closing is not None else None,
        close_reason=getattr(last.closing.data, "reason", None) if last.closing is not None else None,
        merged_into=lead.merged_into,
        touches=len(answers),
        follow_ups=max(0, len(answers) - 1),
        replies=len(replies),
        reply_class=next((reply.class_ for reply in replies if reply.class_ is not None), None) if replies else None,
        last_event_at=timestamp(lead.last_event.time),
        truncated=lead.truncated,
        revision=revision,
    )
