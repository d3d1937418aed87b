"""Service levels as they are written down: calendars, teams, audiences and versioned policies.

The types are checked by pydantic, as the settings are, because it tells every fault of a table at once.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from pydantic import Field, StrictBool

from schemas.directory import NOBODY, Reps
from schemas.policy_values import (
    Count,
    Dates,
    Instant,
    LengthOfTime,
    Name,
    OneOrMore,
    PublicHolidays,
    Share,
    Shares,
    Span,
    Temperatures,
    TimeZone,
    Week,
)
from schemas.toml_tables import Table

Clock = Literal["first_response", "rep_response", "next_response", "follow_up", "contact", "stage"]
Severity = Literal["at_risk", "breached", "escalated"]

ROUND_THE_CLOCK: Final = "24x7"
"""The calendar that needs no definition: always open, in UTC."""


class Hours(Table):
    """A calendar. A shift belongs to the day on which it begins.

    ``dates`` with their year go before ``holidays``, these before ``hours``. A date of every year (``12-24``)
    has its own shifts where the day would be open: it opens no Sunday and no holiday.
    """

    timezone: TimeZone = Field(description="an IANA time zone such as Europe/Berlin")
    hours: Week = Field(description='opening hours such as { mon-fri = ["09:00-17:30"] }')
    breaks: Week = Field(default={})
    holidays: PublicHolidays = ()
    dates: Dates = Field(default={})


class Team(Table):
    """What is known of a team."""

    calendar: str = Field(description="the name of a calendar")


class Receiver(Table):
    """Where messages go, the address being read from the environment or a file, and when they wait."""

    url_env: str | None = None
    url_file: str | None = None
    quiet_outside: str | None = None


class Audience(Receiver):
    """Who is told, in which form and of what; a team or a rep may have another address or other quiet hours.

    ``urgent`` severities do not wait for quiet hours to end. ``template`` is the text, with fields such as ``{lead}``.
    """

    kind: Literal["json", "chat"] = Field(description="json or chat")
    severities: tuple[Severity, ...] = ("at_risk", "breached", "escalated")
    urgent: tuple[Severity, ...] = ()
    template: str | None = None
    teams: dict[str, Receiver] = Field(default={})
    reps: dict[str, Receiver] = Field(default={})


class Notify(Table):
    """Of all messages: the addresses of a lead's pages, with ``{lead}``, and for how long a receiver is tried."""

    lead_url: str | None = None
    crm_url: str | None = None
    give_up_after: LengthOfTime = Span(24, "hour", business=False)


class When(Table):
    """The clocks that a policy is for: those with one of the values of each key. Only stage clocks have a stage."""

    temperature: Temperatures | None = None
    source: OneOrMore | None = None
    region: OneOrMore | None = None
    segment: OneOrMore | None = None
    team: OneOrMore | None = None
    channel: OneOrMore | None = None
    stage: OneOrMore | None = None


class Step(Table):
    """An escalation: this long after the breach these are told."""

    after: LengthOfTime = Field(description='a length such as "30 business minutes"')
    tell: str = Field(description="the name of an audience")


class Pause(Table):
    """When the clock stands still: in these stages, or while a question of ours is unanswered."""

    stages: tuple[str, ...] = ()
    awaiting_reply: StrictBool = False


class Policy(Table):
    """One version of a policy, in force from ``effective_from`` until the next version of its name is."""

    name: Name = Field(description="a name")
    version: Count = Field(description="a number, 1 for the first")
    effective_from: Instant = Field(description="a date and time with an offset, such as 2026-04-01T00:00:00+02:00")
    clock: Clock = Field(description="a clock such as first_response")
    when: When = When()
    target: LengthOfTime = Field(description='a length such as "4 business hours"')
    calendar: str | None = None
    whose: Literal["policy", "team", "lead", "rep"] = "policy"
    warn_at: Shares = (0.8,)
    objective: Share = Field(description="the share that is to be met, such as 0.95")
    tell: str | None = None
    escalate: tuple[Step, ...] = ()
    pause: Pause = Pause()
    touches: Count | None = None
    recompute: StrictBool = False
    retired: StrictBool = False

    @property
    def identity(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that it may announce: ``at_risk:0.8``, ``breached``, ``escalated:1``."""
        warned = (f"at_risk:{share:g}" for share in self.warn_at)
        return (*warned, "breached", *(f"escalated:{n}" for n in range(1, len(self.escalate) + 1)))

    @property
    def key(self) -> str:
        """The path of keys under which its faults are told."""
        return f"policies[{self.identity}]"


class PolicyFile(NamedTuple):
    """What a policy file says; ``policies`` in the order of the file, all versions of all names.

    ``reps`` are those of the rep directory, which is a file of its own.
    """

    calendars: dict[str, Hours]
    teams: dict[str, Team]
    audiences: dict[str, Audience]
    policies: tuple[Policy, ...]
    notify: Notify = Notify()
    reps: Reps = NOBODY


NOTHING: Final = PolicyFile({}, {}, {}, ())
"""No service levels."""
