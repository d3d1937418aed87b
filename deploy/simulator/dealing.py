"""The life of a deal: opened, moved through stages, won or lost, later renewed, expanded or churned."""

from __future__ import annotations

from typing import Any, Final

from deploy.simulator.cast import DAY, Rep
from deploy.simulator.outreach import Outreach
from schemas.events import Millis

STAGES: Final = ("qualification", "introduction", "proposal", "contract")
PRODUCTS: Final = ("atlas", "beacon", "compass")
KINDS: Final = ("new", "new", "new", "upsell", "cross_sell", "renewal")
LOSSES: Final = ("price", "timing", "competitor", "no budget", None)
AFTER: Final = ("deal.renewed", "deal.expanded", "deal.churned")


def deal(out: Outreach, subject: str, rep: Rep, at: Millis) -> bool:
    """Tell one deal of a subject to its end, won (True) or lost, or leave it hanging (False)."""
    add, random = out.script.add, out.random
    what = {"deal_id": out.script.name("d")}
    mine: dict[str, Any] = {"rep": rep.name, "team": rep.team.name} if out.chance(0.9) else {}
    price: dict[str, Any] = {"amount": f"{random.randint(5, 900) * 100}.00", "currency": rep.team.currency}
    goods = {"product": random.choice(PRODUCTS), "region": rep.team.region}
    opened = {"kind": random.choice(KINDS), "stage": STAGES[0], "units": random.randint(1, 40)}
    if out.chance(0.2):
        opened |= {"partner": "north & co", "channel": "partner"}
    add(at, rep.team.crm, "deal.opened", subject, **what, **price, **goods, **mine, **opened)
    for stage in STAGES[1:]:
        at += out.wait(DAY // 3)
        if out.chance(0.12):
            add(at, rep.team.crm, "deal.lost", subject, **what, **mine, reason=random.choice(LOSSES))
            return False
        add(at, rep.team.crm, "deal.stage_changed", subject, **what, **mine, stage=stage)
        if out.chance(0.3):
            out.touch(subject, rep, at + out.wait(DAY // 12), "existing")
    if out.chance(0.1):
        return False
    at += out.wait(DAY // 3)
    paid: dict[str, Any] = price | {"cost": "120.50", "monthly_recurring": "49.90"} if out.chance(0.8) else {}
    add(at, rep.team.crm, "deal.won", subject, **what, **goods, **paid, **mine, units=opened["units"])
    if out.chance(0.6):
        after = {"kind": "renewal", "monthly_recurring": "59.90", "product": goods["product"], "reason": "contract end"}
        add(at + out.wait(2 * DAY), rep.team.crm, random.choice(AFTER), subject, **what, **price, **after)
    return True
