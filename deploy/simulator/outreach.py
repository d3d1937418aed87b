"""What a rep does to reach somebody, and what comes back: calls, messages, meetings."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from deploy.simulator.cast import DAY, HOUR, MINUTE, SECOND, Rep, at_work
from deploy.simulator.script import AWAY, DIALER, MAIL, MEANT, NO, YES, Script
from schemas.events import Millis
from schemas.results import timestamp

REPLIES: Final[tuple[dict[str, Any], ...]] = (
    {"text": YES},
    {"class": "positive", "text": NO},
    {"class": "negative"},
    {"text": NO},
    {"class": "neutral", "headers": {"Auto-Submitted": "no"}},
    {},
    {"headers": {"X-Mailer": "pine"}},
    {"text": AWAY},
    {"headers": {"Auto-Submitted": "auto-replied"}, "text": YES},
    {"headers": {"auto-submitted": "auto-generated", "Precedence": "bulk"}},
    {"headers": {"Content-Type": 'multipart/report; report-type="delivery-status"'}},
)
OUTCOMES: Final = ("positive", "positive", "negative", "neutral", None, None)
ELEMENTS: Final = (None, None, 0, 1, 2, 3, 5)


class Outreach:
    """The ways to reach a subject; ``pace`` shrinks every wait, ``office`` says whether hours are kept."""

    def __init__(self, script: Script, random: Random, pace: float = 1.0, office: bool = True) -> None:
        self.script, self.random, self.pace, self.office = script, random, pace, office

    def wait(self, median: Millis, spread: float = 1.0) -> Millis:
        """A waiting time around ``median``, with a long tail."""
        return int(median * self.pace * self.random.lognormvariate(0, spread)) + 1

    def chance(self, share: float) -> bool:
        """True in ``share`` of the cases."""
        return self.random.random() < share

    def ready(self, rep: Rep, at: Millis) -> Millis:
        """When the rep is next at work; some answer at night all the same."""
        if not self.office or self.chance(0.04):
            return at
        opened = at_work(rep.team, at)
        return at if opened == at else opened + self.wait(20 * MINUTE)

    def touch(self, subject: str, rep: Rep, at: Millis, customer: str | None) -> bool:
        """One attempt by whatever way; True where it was met with a yes."""
        draw = self.random.random()
        if draw < 0.45:
            return self.call(subject, rep, at, customer)
        if draw < 0.80:
            return self.mail(subject, rep, at, customer)
        return self.message(subject, rep, at, "sms" if draw < 0.9 else "social")

    def call(self, subject: str, rep: Rep, at: Millis, customer: str | None, kind: str | None = None) -> bool:
        """A call placed, answered or not."""
        answered = kind in ("demo", "meeting") or self.chance(0.42)
        outcome = self.random.choice(OUTCOMES) if answered else None
        talk = int(self.random.lognormvariate(4.2, 1.1)) if answered and self.chance(0.85) else None
        self.script.add(
            at,
            DIALER if self.chance(0.7) else rep.team.crm,
            "call.completed",
            subject,
            direction="outbound",
            rep=rep.name if self.chance(0.95) else None,
            team=rep.team.name if self.chance(0.9) else None,
            kind=kind,
            answered=answered or (False if self.chance(0.5) else None),
            duration_seconds=talk + 12 if talk and self.chance(0.8) else None,
            talk_seconds=talk,
            rep_talk_seconds=talk // 2 if talk and self.chance(0.3) else None,
            automatic=True if self.chance(0.01) else None,
            outcome=outcome,
            customer=customer,
        )
        if not answered and self.chance(0.12):
            self.call_back(subject, rep, at + self.wait(50 * MINUTE))
        return outcome == "positive"

    def call_back(self, subject: str, rep: Rep, at: Millis) -> None:
        """The other side calls: answered or missed."""
        answered = self.chance(0.6)
        self.script.add(
            at,
            DIALER,
            "call.completed",
            subject,
            direction="inbound",
            rep=rep.name if answered else None,
            answered=answered,
            talk_seconds=int(self.random.lognormvariate(4.5, 1)) if answered else None,
            outcome=self.random.choice(OUTCOMES) if answered else None,
        )

    def mail(self, subject: str, rep: Rep, at: Millis, customer: str | None) -> bool:
        """An e-mail with its delivery, its opens and clicks, and perhaps a reply."""
        message = self.script.name("m")
        self.script.add(
            at,
            MAIL,
            "email.sent",
            subject,
            message_id=message,
            rep=rep.name,
            team=rep.team.name if self.chance(0.8) else None,
            personalized_elements=self.random.choice(ELEMENTS),
            customer=customer,
        )
        if self.chance(0.05):
            self.script.add(at + self.wait(5 * SECOND), MAIL, "email.bounced", subject, message_id=message)
            return False
        if self.chance(0.96):
            self.script.add(at + self.wait(3 * SECOND), MAIL, "email.delivered", subject, message_id=message)
        self._looked_at(subject, message, at)
        return self.chance(0.3) and self.reply(subject, message, None, at + self.wait(5 * HOUR, 1.6))

    def message(self, subject: str, rep: Rep, at: Millis, channel: str) -> bool:
        """A text or social message: its source never reports delivery."""
        message, source = self.script.name("m"), rep.team.crm
        self.script.add(
            at, source, "email.sent", subject, message_id=message, channel=channel, rep=rep.name, team=rep.team.name
        )
        if self.chance(0.03):
            self.script.add(at + self.wait(9 * SECOND), source, "email.bounced", subject, message_id=message)
            return False
        stated = channel if self.chance(0.5) else None
        return self.chance(0.15) and self.reply(subject, message, stated, at + self.wait(20 * MINUTE, 1.6))

    def automatic_mail(self, subject: str, at: Millis) -> None:
        """The machine's thank-you: no touch, though it may be delivered, opened and answered."""
        message = self.script.name("m")
        self.script.add(at, MAIL, "email.sent", subject, message_id=message, automatic=True)
        self.script.add(at + 2 * SECOND, MAIL, "email.delivered", subject, message_id=message)
        self._looked_at(subject, message, at + 2 * SECOND)

    def reply(self, subject: str, message: str, channel: str | None, at: Millis) -> bool:
        """A reply of some class, in its thread or beside it."""
        what = self.random.choice(REPLIES)
        thread = message if self.chance(0.85) else None
        self.script.add(at, MAIL, "email.replied", subject, in_reply_to=thread, channel=channel, **what)
        return (what.get("class") or MEANT.get(what.get("text", ""))) == "positive" and "headers" not in what

    def appointment(self, subject: str, rep: Rep, at: Millis, kind: str) -> bool:
        """A planned call, demo or meeting that is then held or missed; True where it went well."""
        call, due = self.script.name("c"), self.ready(rep, at + self.wait(DAY))
        planned = {"call_id": call, "kind": kind, "due_at": timestamp(due), "rep": rep.name, "team": rep.team.name}
        self.script.add(at, rep.team.crm, "call.scheduled", subject, **planned)
        if self.chance(0.15):
            self.script.add(due + self.wait(10 * MINUTE, 0.2), rep.team.crm, "call.missed", subject, **planned)
            return False
        return self.call(subject, rep, due, "new", kind)

    def _looked_at(self, subject: str, message: str, at: Millis) -> None:
        if self.chance(0.15):
            seen = at + self.wait(8 * SECOND)
            self.script.add(seen, MAIL, "email.opened", subject, message_id=message, machine=True)
            if self.chance(0.3):
                self.script.add(seen + 40, MAIL, "email.clicked", subject, message_id=message, machine=True)
        while self.chance(0.4):
            at += self.wait(2 * HOUR, 1.5)
            self.script.add(at, MAIL, "email.opened", subject, message_id=message)
            if self.chance(0.25):
                self.script.add(at + self.wait(20 * SECOND), MAIL, "email.clicked", subject, message_id=message)
