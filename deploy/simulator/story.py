"""One subject's story, from the first sign of life to the last: told whole, as events."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any, Final

from deploy.simulator.cast import DAY, HOUR, MINUTE, SECOND, TEAMS_OF, Rep, reps
from deploy.simulator.dealing import deal
from deploy.simulator.outreach import Outreach
from deploy.simulator.script import DIALER, Line, Script
from schemas.events import Millis
from schemas.results import timestamp

SOURCES: Final = ("web form", "webinar", "referral", "trade show", "partner", None)
CHANNELS: Final = ("web", "web", "event", "e-mail", None)
SEGMENTS: Final = ("smb", "mid-market", "enterprise", None)
TEMPERATURES: Final = ("hot", "warm", "warm", "warm", "cold", "cold", None)
EAGERNESS: Final = {"hot": 0.4, "warm": 1.0, "cold": 2.5, None: 1.5}
REASONS: Final = ("disqualified", "disqualified", "recycled", "recycled", "unsubscribed", "duplicate", None)
RECENT: Final = 500


class Storyteller:
    """Tells stories one after another; who works where and every chance follow from ``random``."""

    def __init__(self, random: Random, pace: float = 1.0, office: bool = True) -> None:
        self.script = Script()
        self.out = Outreach(self.script, random, pace, office)
        self.random = random
        self.reps = reps(random)
        self.recent: deque[str] = deque(maxlen=RECENT)

    def tell(self, subject: str, region: str, at: Millis, campaign: str | None) -> list[Line]:
        """All events of one subject whose first sign is at ``at``, in no order."""
        team = self.random.choice(TEAMS_OF[region])
        rep = self.random.choice(self.reps[team.name])
        draw = self.random.random()
        if draw < 0.05:
            self._cold_outreach(subject, rep, at)
        elif draw < 0.12:
            self._contact(subject, rep, at)
        else:
            self._lead(subject, rep, at, campaign)
        return self.script.take()

    def _cold_outreach(self, subject: str, rep: Rep, at: Millis) -> None:
        """Touched without having asked; few answer, and a few of those engage."""
        warm = self._touches(subject, rep, self.out.ready(rep, at))
        if warm is not None and self.out.chance(0.5):
            self._lead(subject, rep, warm + self.out.wait(DAY), None)

    def _contact(self, subject: str, rep: Rep, at: Millis) -> None:
        """A newsletter reader, kept but not counted until something qualifies him."""
        add, crm = self.script.add, rep.team.crm
        add(at, crm, "lead.engaged", subject, qualified=False, source="newsletter", stage="contact")
        if self.out.chance(0.3):
            self.out.automatic_mail(subject, at + 2 * SECOND)
        if self.out.chance(0.4):
            self._lead(subject, rep, at + self.out.wait(DAY), None)

    def _lead(self, subject: str, rep: Rep, at: Millis, campaign: str | None) -> None:
        """Engaged, routed, answered or not, worked on, closed or won."""
        temperature = self.random.choice(TEMPERATURES)
        routed = self._engage(subject, rep, at, campaign, temperature)
        if self.out.chance(0.01) and len(self.recent) > 20:
            self._merge(subject, rep, at + self.out.wait(3 * HOUR))
        rep, start = self._route(subject, rep, at, routed)
        self.recent.append(subject)
        last = None
        if not self.out.chance(rep.habit.silence):
            wait = self.out.wait(int(rep.habit.answer_minutes * EAGERNESS[temperature] * MINUTE))
            last = self._work(subject, rep, self.out.ready(rep, start + wait))
        if self.out.chance(0.25):
            self._close(subject, rep, (last or at) + self.out.wait(3 * DAY), campaign)

    def _engage(self, subject: str, rep: Rep, at: Millis, campaign: str | None, temperature: str | None) -> bool:
        """The engagement and what comes with it; True where it was routed to a person at once."""
        out, random, phoned, routed = self.out, self.random, self.out.chance(0.08), self.out.chance(0.3)
        facts: dict[str, Any] = {
            "qualified": True if out.chance(0.3) else None,
            "source": "phone" if phoned else random.choice(SOURCES),
            "channel": "phone" if phoned else random.choice(CHANNELS),
            "campaign": campaign,
            "temperature": temperature,
            "region": rep.team.region if out.chance(0.96) else None,
            "segment": random.choice(SEGMENTS),
            "account": f"acme-{random.randrange(10_000)}" if out.chance(0.6) else None,
            "owner": rep.name if routed else None,
            "team": rep.team.name if routed or out.chance(0.6) else None,
            "timezone": rep.team.zone,
            "stage": "lead" if out.chance(0.5) else None,
            "first_seen_at": timestamp(at - out.wait(2 * DAY)) if out.chance(0.3) else None,
            "imported": True if out.chance(0.01) else None,
        }
        self.script.add(at, rep.team.crm, "lead.engaged", subject, **facts)
        if phoned:
            self._phoned_in(subject, rep, at)
        elif out.chance(0.3):
            out.automatic_mail(subject, at + 2 * SECOND)
        if out.chance(0.02):
            self.script.add(at + out.wait(HOUR), rep.team.crm, "lead.engaged", subject, **facts)
        return routed

    def _phoned_in(self, subject: str, rep: Rep, at: Millis) -> None:
        """The call that engages: written by the dialer's clock, up to a minute or so off, or missed."""
        answered = self.out.chance(0.8)
        self.script.add(
            at + self.random.randint(-70, 20) * SECOND if self.out.chance(0.5) else at,
            DIALER,
            "call.completed",
            subject,
            direction="inbound",
            rep=rep.name if answered else None,
            team=rep.team.name if answered else None,
            answered=answered,
            duration_seconds=int(self.random.lognormvariate(5, 1)) if answered else 0,
        )

    def _route(self, subject: str, rep: Rep, at: Millis, routed: bool) -> tuple[Rep, Millis]:
        """Assigned, and perhaps to somebody else soon after; some are forgotten by the router."""
        if not routed and self.out.chance(0.95):
            at += 0 if self.out.chance(0.05) else self.out.wait(40 * SECOND, 1.5)
            team = rep.team.name if self.out.chance(0.9) else None
            self.script.add(at, rep.team.crm, "lead.assigned", subject, owner=rep.name, team=team)
        while self.out.chance(0.08):
            at += self.out.wait(40 * MINUTE)
            rep = self.random.choice(self.reps[rep.team.name])
            self.script.add(at, rep.team.crm, "lead.assigned", subject, owner=rep.name, team=rep.team.name)
        return rep, at

    def _touches(self, subject: str, rep: Rep, at: Millis) -> Millis | None:
        """Touch after touch while the rep persists; the time of the one that met a yes, else None."""
        customer = self.random.choice(("new", "new", "existing", None))
        if self.out.chance(0.01):
            self.out.call(subject, rep, at - 30 * SECOND, customer)
        while not self.out.touch(subject, rep, at, customer):
            if not self.out.chance(rep.habit.persistence):
                return None
            at = self.out.ready(rep, at + self.out.wait(9 * HOUR, 1.3))
        return at

    def _work(self, subject: str, rep: Rep, at: Millis) -> Millis:
        """Touches, then what a yes leads to; the time of the last step."""
        warm = self._touches(subject, rep, at)
        if warm is None:
            return at
        warmer = "hot" if self.out.chance(0.5) else None
        self.script.add(warm + MINUTE, rep.team.crm, "lead.stage_changed", subject, stage="mql", temperature=warmer)
        later = warm + self.out.wait(2 * HOUR)
        if not self.out.appointment(subject, rep, later, self.random.choice(("demo", "meeting", "call"))):
            return later
        later += self.out.wait(DAY // 2)
        self.script.add(later, rep.team.crm, "lead.stage_changed", subject, stage="sql")
        if deal(self.out, subject, rep, later + HOUR):
            self.script.add(later + 4 * DAY, rep.team.crm, "lead.stage_changed", subject, stage="customer")
        return later

    def _close(self, subject: str, rep: Rep, at: Millis, campaign: str | None) -> None:
        """Closed for some reason; some come back as a new instance."""
        reason = self.random.choice(REASONS)
        self.script.add(at, rep.team.crm, "lead.closed", subject, reason=reason)
        if self.out.chance(0.2):
            self._lead(subject, rep, at + self.out.wait(2 * DAY), campaign)

    def _merge(self, subject: str, rep: Rep, at: Millis) -> None:
        """Found to be the same as an earlier lead; never in a circle, since only earlier ones are named."""
        into = self.recent[self.random.randrange(len(self.recent) - 10)]
        if into != subject:
            self.script.add(at, rep.team.crm, "lead.merged", subject, into=into)
