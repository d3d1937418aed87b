"""What a message says: templates with fields, as text for people and as JSON for machines and for chats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from string import Formatter
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from msgspec import structs

from schemas.instants import parse
from schemas.policy import PolicyFile
from schemas.publishing import dumps
from schemas.results import SlaEvent
from streams.directory import Directory
from streams.notices import RETRACTED, Notice

FIELDS: Final = (
    "severity", "lead", "kind", "policy", "step", "owner", "responsible", "team", "temperature", "source", "started",
    "due", "minutes", "business_minutes", "lead_url", "crm_url",
)  # fmt: skip
"""What a template may name."""
OF_A_LINK: Final = ("lead",)
"""What the address of a lead's page may name."""

_SEVERITIES: Final = {
    "at_risk": "At risk", "breached": "Breached", "escalated": "Escalated", RETRACTED: "Taken back",
}  # fmt: skip
_URGING: Final = (
    "{severity}: {kind} of lead {lead} ({temperature}, {team}), due {due}, after {business_minutes} business minutes."
    " Responsible: {responsible}. {lead_url} {crm_url}"
)
_TAKEN_BACK: Final = (
    "{severity}: {kind} of lead {lead} ({temperature}, {team}) was in time after all, or is not due yet."
    " {lead_url} {crm_url}"
)


def unknown_fields(template: str, known: tuple[str, ...]) -> Iterator[str]:
    """What a template says in braces that is no plain field; ``ValueError`` where its braces do not match."""
    for _, name, form, conversion in Formatter().parse(template):
        if name is not None and (name not in known or form or conversion):
            yield name


class Wording:
    """The words of messages, by the templates of a policy file and the zones of its rep directory."""

    def __init__(self, file: PolicyFile) -> None:
        self._file = file
        self._directory = Directory(file.reps)

    def body(self, notice: Notice) -> bytes:
        """The message in the form of its audience: ``{"text": …}`` for a chat, or all that is known as JSON."""
        audience = self._file.audiences[notice.audience]
        fields = self._fields(notice)
        if audience.kind == "chat":
            return dumps({"text": self._text(notice, {name: _escaped(value) for name, value in fields.items()})})
        links: dict[str, Any] = {name: fields[name] or None for name in ("lead_url", "crm_url")}
        told = {"severity": notice.severity, "audience": notice.audience, "text": self._text(notice, fields)}
        return dumps(told | links | {"event": structs.asdict(notice.event)})

    def _text(self, notice: Notice, fields: dict[str, str]) -> str:
        own = self._file.audiences[notice.audience].template
        template = _TAKEN_BACK if notice.severity == RETRACTED else own or _URGING
        return template.format_map(fields).strip()

    def _fields(self, notice: Notice) -> dict[str, str]:
        event, notify = notice.event, self._file.notify
        zone = self._directory.timezone(event.responsible, parse(event.at)[0]) or "UTC"
        values = (
            _SEVERITIES[notice.severity],
            event.lead,
            event.kind.replace("_", " "),
            event.policy,
            event.step,
            event.owner,
            event.responsible,
            event.team,
            event.temperature,
            event.source,
            _wall(event.started_at, zone),
            "never: it stands still" if event.due_at is None else _wall(event.due_at, zone),
            f"{event.elapsed_seconds / 60:.0f}",
            f"{event.business_seconds / 60:.0f}",
            _link(notify.lead_url, event),
            _link(notify.crm_url, event),
        )
        return dict(zip(FIELDS, values, strict=True))


def _wall(text: str, zone: str) -> str:
    at = datetime.fromtimestamp(parse(text)[0] / 1000, UTC).astimezone(ZoneInfo(zone))
    return at.strftime("%a %Y-%m-%d %H:%M %Z")


def _link(template: str | None, event: SlaEvent) -> str:
    return "" if template is None else template.format_map({"lead": quote(event.lead, safe="")})


def _escaped(value: str) -> str:
    """Without what a chat takes for a link, a mention of everybody or the like."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
