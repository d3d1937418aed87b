"""The events that are read: one frozen struct per CloudEvents ``type`` (contract, "Input events").

Absent fields are ``None``: what absence means (false, ``unknown``…) is for the reader of the
field to say, so that an event can always be written back as it was received.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, cast

import msgspec
from msgspec import Meta, Struct

Millis = int
"""Milliseconds: since 1970-01-01T00:00:00Z for an instant, a length for a duration."""

Name = Annotated[str, Meta(min_length=1)]
Word = Annotated[str, Meta(max_length=256)]
"""What rows are grouped by or labelled with: each distinct one is a row, so a text in its place is refused."""
NonEmptyWord = Annotated[str, Meta(min_length=1, max_length=256)]
Seconds = Annotated[int, Meta(ge=0, le=10**10)] | Annotated[float, Meta(ge=0, le=1e10)]
Count = Annotated[int, Meta(ge=0, le=10**9)]
Number = Annotated[int, Meta(ge=-(10**15), le=10**15)] | Annotated[float, Meta(ge=-1e15, le=1e15)]
Money = Annotated[str, Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,12})?(?!\s)$")] | Number
Temperature = Literal["hot", "warm", "cold"]
LeadStage = Literal["contact", "lead", "mql", "sql", "opportunity", "customer"]
Direction = Literal["outbound", "inbound"]
CallKind = Literal["call", "demo", "meeting"]
MessageChannel = Literal["email", "sms", "social"]
Outcome = Literal["positive", "negative", "neutral"]
ReplyClass = Literal["positive", "negative", "neutral", "auto", "bounce"]
ReplyKind = Literal["positive", "negative", "neutral", "auto", "bounce", "out_of_office", "left_company", "unsubscribe"]
Customer = Literal["new", "existing"]
DealKind = Literal["new", "upsell", "cross_sell", "renewal"]


# Unknown fields are forbidden so that one pass tells a plain event from one whose original text must be
# kept beside its fields. No event can hold a cycle, so the collector need not walk the many that are cached.
class Data(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """What stands under ``data``: the fields of the contract's table; others live in ``Event.raw``."""


class LeadEngaged(Data, frozen=True):
    qualified: bool | None = None
    source: Word | None = None
    channel: Word | None = None
    campaign: Word | None = None
    temperature: Temperature | None = None
    region: Word | None = None
    segment: Word | None = None
    account: Word | None = None
    owner: Word | None = None
    team: Word | None = None
    timezone: str | None = None
    first_seen_at: str | None = None
    stage: LeadStage | None = None
    imported: bool | None = None


class LeadAssigned(Data, frozen=True):
    owner: NonEmptyWord
    team: Word | None = None


class LeadStageChanged(Data, frozen=True):
    stage: LeadStage
    temperature: Temperature | None = None


class LeadMerged(Data, frozen=True):
    into: Name


class LeadClosed(Data, frozen=True):
    reason: str | None = None


class CallCompleted(Data, frozen=True):
    direction: Direction
    rep: Word | None = None
    team: Word | None = None
    kind: CallKind | None = None
    answered: bool | None = None
    duration_seconds: Seconds | None = None
    talk_seconds: Seconds | None = None
    rep_talk_seconds: Seconds | None = None
    automatic: bool | None = None
    outcome: Outcome | None = None
    customer: Customer | None = None


class CallPlanned(Data, frozen=True):
    """``call.scheduled`` and ``call.missed``."""

    call_id: Name
    kind: CallKind | None = None
    due_at: str | None = None
    rep: Word | None = None
    team: Word | None = None


class EmailSent(Data, frozen=True):
    message_id: Name
    rep: Word | None = None
    team: Word | None = None
    channel: MessageChannel | None = None
    automatic: bool | None = None
    personalized_elements: Count | None = None
    customer: Customer | None = None


class EmailDelivery(Data, frozen=True):
    """``email.delivered`` and ``email.bounced``."""

    message_id: Name


class EmailSeen(Data, frozen=True):
    """``email.opened`` and ``email.clicked``."""

    message_id: Name
    machine: bool | None = None


class EmailReplied(Data, frozen=True):
    in_reply_to: str | None = None
    channel: MessageChannel | None = None
    class_: ReplyClass | None = msgspec.field(name="class", default=None)
    headers: dict[str, str] | None = None
    text: str | None = None


class DealOpened(Data, frozen=True):
    deal_id: Name
    amount: Money | None = None
    currency: Word | None = None
    units: Number | None = None
    product: Word | None = None
    region: Word | None = None
    channel: Word | None = None
    partner: Word | None = None
    rep: Word | None = None
    team: Word | None = None
    kind: DealKind | None = None
    stage: Word | None = None


class DealStageChanged(Data, frozen=True):
    deal_id: Name
    stage: NonEmptyWord
    rep: Word | None = None
    team: Word | None = None


class DealWon(Data, frozen=True):
    deal_id: Name
    amount: Money | None = None
    currency: Word | None = None
    units: Number | None = None
    cost: Money | None = None
    monthly_recurring: Money | None = None
    rep: Word | None = None
    team: Word | None = None
    product: Word | None = None
    region: Word | None = None


class DealLost(Data, frozen=True):
    deal_id: Name
    reason: Word | None = None
    rep: Word | None = None
    team: Word | None = None


class DealContinued(Data, frozen=True):
    """``deal.renewed``, ``deal.expanded`` and ``deal.churned``."""

    deal_id: Name
    amount: Money | None = None
    currency: Word | None = None
    monthly_recurring: Money | None = None
    reason: str | None = None
    product: Word | None = None
    kind: DealKind | None = None


class ObservationRecorded(Data, frozen=True):
    name: Name
    value: Money
    unit: str | None = None
    currency: Word | None = None
    dimensions: dict[str, str] | None = None


class TargetSet(Data, frozen=True):
    kpi: Name
    value: Money
    start: Name
    end: Name
    currency: Word | None = None
    rep: Word | None = None
    team: Word | None = None
    by: Word | None = None


class TargetRevoked(Data, frozen=True):
    kpi: Name
    start: Name
    end: Name
    value: Money | None = None
    currency: Word | None = None
    rep: Word | None = None
    team: Word | None = None
    by: Word | None = None


TYPES: Final[dict[str, dict[str, type[Data]]]] = {
    "leads": {
        "lead.engaged": LeadEngaged,
        "lead.assigned": LeadAssigned,
        "lead.stage_changed": LeadStageChanged,
        "lead.merged": LeadMerged,
        "lead.closed": LeadClosed,
    },
    "calls": {"call.completed": CallCompleted, "call.scheduled": CallPlanned, "call.missed": CallPlanned},
    "emails": {
        "email.sent": EmailSent,
        "email.delivered": EmailDelivery,
        "email.bounced": EmailDelivery,
        "email.opened": EmailSeen,
        "email.clicked": EmailSeen,
        "email.replied": EmailReplied,
    },
    "deals": {
        "deal.opened": DealOpened,
        "deal.stage_changed": DealStageChanged,
        "deal.won": DealWon,
        "deal.lost": DealLost,
        "deal.renewed": DealContinued,
        "deal.expanded": DealContinued,
        "deal.churned": DealContinued,
    },
    "observations": {"observation.recorded": ObservationRecorded},
    "targets": {"target.set": TargetSet, "target.revoked": TargetRevoked},
}
"""Topic (without prefix) → ``type`` → struct of its ``data``."""

TOPIC_OF: Final[dict[str, str]] = {kind: topic for topic, kinds in TYPES.items() for kind in kinds}
"""``type`` → the topic (without prefix) that it belongs to."""


class Judgement(Struct, frozen=True, gc=False):
    """What a reply was found to be.

    ``why`` names what decided (headers, phrases of the lexicon), never words of the reply itself;
    ``version`` is that of the classifier.
    """

    kind: ReplyKind
    why: str
    version: int

    @property
    def class_(self) -> ReplyClass:
        """The kind as the contract's class: machines and people who are gone are ``auto``, to unsubscribe is a no."""
        return _CLASS_OF.get(self.kind) or cast(ReplyClass, self.kind)


_CLASS_OF: Final[dict[ReplyKind, ReplyClass]] = {
    "out_of_office": "auto",
    "left_company": "auto",
    "unsubscribe": "negative",
}
