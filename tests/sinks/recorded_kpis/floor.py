"""Four months of a small firm: leads, deals and their customers in three currencies, surveys, spend and targets."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from deploy.simulator.disturbance import disturb
from deploy.simulator.reading import millis
from schemas.results import timestamp

START: Final = millis("2025-01-06T00:00:00Z")
DAY: Final = 86_400_000
HOUR: Final = 3_600_000
REPS: Final = {"r-1": "t-1", "r-2": "t-1", "r-3": "t-1", "r-4": "t-2", "r-5": "t-2"}
CURRENCIES: Final = ("EUR", "USD", "GBP", None)
STAGES: Final = ("mql", "sql")
DEAL_STAGES: Final = ("qualification", "proposal", "contract")

EventDict = dict[str, Any]


def event(subject: str, kind: str, at: int, ident: str, origin: str = "crm", /, **data: Any) -> EventDict:
    """One event, leaving out what is None."""
    stated = {name: value for name, value in data.items() if value is not None}
    return {
        "specversion": "1.0", "id": ident, "source": origin, "type": kind, "time": timestamp(at), "subject": subject,
        "data": stated,
    }  # fmt: skip


class Firm:
    """Tells what happens to one lead after another; every chance follows from the seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.events: list[EventDict] = []

    def add(self, subject: str, kind: str, at: int, /, **data: Any) -> None:
        """One more event."""
        # One source of messages never reports what was delivered.
        origin = "gate" if data.get("message_id", "").endswith(("3", "5", "7")) and kind != "email.delivered" else "crm"
        self.events.append(event(subject, kind, at, f"e-{len(self.events)}", origin, **data))

    def lead(self, number: int) -> None:
        """From engagement to whatever it comes to."""
        random, subject = self.random, f"lead-{number}"
        at = START + random.randrange(110 * DAY)
        if random.random() < 0.1:
            self.add(subject, "lead.engaged", at, qualified=False, source="newsletter")
            at += random.randrange(5 * DAY)
        rep = random.choice(list(REPS))
        self._engage(subject, at, rep)
        if random.random() < 0.1:
            self.add(subject, "lead.merged", at + HOUR, into=f"lead-{random.randrange(max(1, number - 5), number + 3)}")
        at = self._touches(subject, at, rep)
        for stage in STAGES:
            if random.random() < 0.6:
                at += random.randrange(3 * DAY)
                self.add(subject, "lead.stage_changed", at, stage=stage)
        for _ in range(random.choice((0, 1, 1, 2))):
            self._deal(subject, at + random.randrange(10 * DAY), rep)
        if random.random() < 0.2:
            self._close(subject, at + random.randrange(20 * DAY), rep)

    def _engage(self, subject: str, at: int, rep: str) -> None:
        random = self.random
        self.add(
            subject, "lead.engaged", at,
            source=random.choice(("web", "fair", None)), region=random.choice(("emea", "apac", None)),
            segment=random.choice(("smb", "enterprise", None)), campaign=random.choice(("spring", None)),
            account=f"acme-{random.randrange(25)}" if random.random() < 0.6 else None,
            owner=rep if random.random() < 0.7 else None, team=REPS[rep] if random.random() < 0.7 else None,
            stage=random.choice(("lead", "mql", None, None)),
            first_seen_at=timestamp(at - random.randrange(30 * DAY)) if random.random() < 0.3 else None,
        )  # fmt: skip

    def _touches(self, subject: str, at: int, rep: str) -> int:
        random = self.random
        for _ in range(random.randrange(5)):
            at += random.choice((-30_000, HOUR, DAY))
            kind = random.choice(("call", "inbound", "email", "automatic", "demo"))
            who = {"rep": rep, "team": REPS[rep]} if random.random() < 0.7 else {}
            if kind in ("email", "automatic"):
                self._message(subject, at, who, kind == "automatic")
            else:
                self.add(
                    subject, "call.completed", at, direction="inbound" if kind == "inbound" else "outbound",
                    kind="demo" if kind == "demo" else None, answered=random.random() < 0.5,
                    outcome=random.choice(("positive", "negative", None)), **who,
                )  # fmt: skip
        return max(at, START)

    def _message(self, subject: str, at: int, who: dict[str, str], automatic: bool) -> None:
        random, name = self.random, f"m-{len(self.events)}"
        channel = random.choice(("email", "sms", None))
        self.add(subject, "email.sent", at, message_id=name, channel=channel, automatic=automatic or None, **who)
        for kind, share in (("delivered", 0.6), ("bounced", 0.2), ("opened", 0.4), ("clicked", 0.1)):
            if random.random() < share and not (kind == "delivered" and name.endswith(("3", "5", "7"))):
                machine = random.random() < 0.3 if kind in ("opened", "clicked") else None
                self.add(subject, f"email.{kind}", at + HOUR, message_id=name, machine=machine)
        if random.random() < 0.4:
            class_ = random.choice(("positive", "negative", "auto"))
            self.add(subject, "email.replied", at + 2 * HOUR, in_reply_to=name, **{"class": class_})

    def _close(self, subject: str, at: int, rep: str) -> None:
        self.add(subject, "lead.closed", at, reason=self.random.choice(("duplicate", "recycled", None)))
        if self.random.random() < 0.7:
            self._engage(subject, at + self.random.randrange(10 * DAY), rep)

    def _deal(self, subject: str, at: int, rep: str) -> None:
        random, name = self.random, f"d-{len(self.events)}"
        mine = {"rep": rep, "team": REPS[rep]} if random.random() < 0.8 else {}
        price = {"amount": f"{random.randrange(1000, 90_000) / 100}", "currency": random.choice(CURRENCIES)}
        goods = {"product": random.choice(("atlas", "beacon", None)), "region": random.choice(("emea", None))}
        if random.random() < 0.93:
            self.add(
                subject, "deal.opened", at, deal_id=name, **price, **goods, **mine, units=random.randrange(1, 9),
                kind=random.choice(("new", "new", "upsell", "cross_sell", None)),
                stage=random.choice((None, "introduction")),
                partner=random.choice(("north", None)), channel=random.choice(("direct", None)),
            )  # fmt: skip
        for stage in DEAL_STAGES[: random.randrange(4)]:
            at += random.randrange(6 * DAY)
            self.add(subject, "deal.stage_changed", at, deal_id=name, stage=stage)
        self._outcome(subject, at + random.randrange(9 * DAY), {"deal_id": name} | mine, price, goods)

    def _outcome(self, subject: str, at: int, deal: EventDict, price: EventDict, goods: EventDict) -> None:
        random = self.random
        outcome = random.choice(("won", "won", "won", "lost", "reopened", None))
        if outcome in ("lost", "reopened"):
            self.add(subject, "deal.lost", at, **deal, reason=random.choice(("price", "timing", None)))
            at += DAY
        if outcome in ("won", "reopened"):
            if random.random() < 0.1:
                self.add(subject, "deal.expanded", at - HOUR, deal_id=deal["deal_id"], monthly_recurring="7")
            stated = price if random.random() < 0.8 else {}
            self.add(
                subject, "deal.won", at, **deal, **stated, **goods,
                cost=f"{random.randrange(100, 900)}.10" if random.random() < 0.6 else None,
                monthly_recurring=random.choice(("49.90", 120, "0.333333333333", None)),
            )  # fmt: skip
            self._afterwards(subject, at, deal["deal_id"], price)

    def _afterwards(self, subject: str, at: int, deal: str, price: EventDict) -> None:
        random = self.random
        for _ in range(random.randrange(4)):
            at += random.randrange(25 * DAY)
            what = random.choice(("renewed", "expanded", "expanded", "churned", "churned"))
            self.add(
                subject, f"deal.{what}", at, deal_id=deal, amount=random.choice((None, "10.5", price["amount"])),
                currency=random.choice((None, None, "USD", price["currency"])),
                monthly_recurring=random.choice((None, "59.90", "149.95")),
                kind=random.choice((None, "upsell", "cross_sell")), product=random.choice((None, "compass")),
            )  # fmt: skip

    def measure(self) -> None:
        """Surveys, spend and other observations."""
        random = self.random
        names = ("nps", "csat", "employee_satisfaction", "spend", "revenue", "active_users")
        for number in range(250):
            name = names[number % len(names)]
            value: Any = random.randrange(11) if name != "csat" else random.randrange(1, 6)
            if name in ("spend", "revenue"):
                value = f"{random.randrange(100_000)}.{random.randrange(100):02}"
            money = name in ("spend", "revenue")
            self.add(
                name, "observation.recorded", START + random.randrange(130 * DAY), name=name, value=value,
                currency=random.choice(CURRENCIES) if money else None,
                dimensions={
                    "team": random.choice(("t-1", "t-2")), "region": random.choice(("emea", "apac")),
                    "campaign": random.choice(("spring", "unknown")),
                },
            )  # fmt: skip

    def aim(self) -> None:
        """Targets of every kind for two months; some set anew, some revoked."""
        months = [(millis(f"2025-0{n}-01T00:00:00Z"), millis(f"2025-0{n + 1}-01T00:00:00Z")) for n in (2, 3)]
        places: list[dict[str, str]] = [
            {},
            {"team": "t-1"},
            {"rep": "r-1"},
            {"rep": "r-4"},
            {"rep": "r-5", "team": "t-2"},
        ]
        for start, end in months:
            for place in places:
                for kpi, value in (("won_amount", "900.5"), ("deals_won", 3), ("reply_rate", "0.3"), ("nobody", 1)):
                    self._aim(kpi, value, place, start, end)

    def _aim(self, kpi: str, value: Any, place: dict[str, str], start: int, end: int) -> None:
        random = self.random
        subject = f"{kpi} {place} {start}"
        what = {"kpi": kpi, "start": timestamp(start), "end": timestamp(end)} | place
        self.add(subject, "target.set", START, **what, value=value)
        if random.random() < 0.3:
            self.add(subject, "target.set", START + DAY, **what, value=2)
        if random.random() < 0.1:
            self.add(subject, "target.revoked", START + 2 * DAY, **what)


def told(seed: int, leads: int) -> list[bytes]:
    """JSON lines as they might arrive: repeats, late corrections, two contents of one event."""
    firm = Firm(seed)
    for number in range(leads):
        firm.lead(number)
    firm.measure()
    firm.aim()
    in_order = sorted(firm.events, key=lambda one: str(one["time"]))
    return list(disturb(in_order, seed, duplicates=0.2, late=0.2, conflicts=0.05))


def days_of_replies(seed: int) -> Iterator[EventDict]:
    """Rows of a streamed KPI by day, for all, the teams and the reps."""
    random = Random(seed)
    places = [("all", {}), ("team", {"team": "t-1"}), *(("rep", {"rep": rep}) for rep in REPS)]
    for day in range(110):
        for grouping, dimensions in places:
            replied, contacted = random.randrange(4), random.randrange(3, 9)
            yield {
                "kpi": "reply_rate", "grouping": grouping, "dimensions": dimensions, "window": "1d",
                "start": timestamp(START + day * DAY), "end": timestamp(START + (day + 1) * DAY),
                "basis": "first_touch",
                "value": replied / contacted, "count": contacted, "numerator": replied, "denominator": contacted,
                "statistics": {}, "revision": 1,
            }  # fmt: skip
