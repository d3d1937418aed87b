"""A floor that does nothing but sell: many deals, over half a year, in every state that a deal can be in.

With each account a call is planned, now and then for later. Some have engaged, and of these some were closed as
duplicates.
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any, Final

import orjson

from schemas.results import timestamp

STAGES: Final = ("qualification", "introduction", "proposal", "contract")
_HOUR: Final = 3_600_000


def sold(seed: int, deals: int, end: int) -> list[bytes]:
    """JSON lines of deals of which the last events are shortly before ``end``, in no order."""
    random = Random(seed)
    lines: list[bytes] = []
    for number in range(deals):
        at = end - random.randint(1, 180 * 24) * _HOUR
        account = f"account-{number // 3}"
        add = partial(_add, lines, account, f"d-{number}")
        if number % 3 == 0:
            _engage(random, lines, account, at)
            due = {"call_id": f"c-{number}", "due_at": timestamp(end + random.randint(-60, 60) * _HOUR)}
            _line(lines, account, "call.scheduled", at, due)
        amount = random.choice((None, "1200.50", "0.333333333333", 75))
        price: dict[str, Any] = {
            "amount": amount,
            "currency": random.choice((None, "USD")),
            "units": number % 4 or None,
        }
        who: dict[str, Any] = {"rep": random.choice(("r-1", "r-2")), "team": random.choice(("t-1", "t-2"))}
        if random.random() < 0.95:
            region = random.choice((None, "emea"))
            add("deal.opened", at, stage=random.choice((None, STAGES[0])), region=region, **price, **who)
        for stage in random.choices(STAGES, k=random.randint(0, 5)):
            at += random.randint(1, 40 * 24) * _HOUR
            if at < end:
                add("deal.stage_changed", at, stage=stage)
        at += random.randint(1, 20 * 24) * _HOUR
        if at < end and random.random() < 0.7:
            if random.random() < 0.6:
                add("deal.won", at, **(price if random.random() < 0.5 else {}))
            else:
                add("deal.lost", at, reason=random.choice((None, "price")))
    random.shuffle(lines)
    return lines


def _engage(random: Random, lines: list[bytes], account: str, at: int) -> None:
    if random.random() < 0.5:
        stated = {"temperature": random.choice((None, "hot")), "source": random.choice((None, "web")), "region": "apac"}
        _line(lines, account, "lead.engaged", at - _HOUR, stated)
        if random.random() < 0.1:
            _line(lines, account, "lead.closed", at, {"reason": "duplicate"})


def _add(lines: list[bytes], subject: str, deal: str, kind: str, at: int, **data: Any) -> None:
    _line(lines, subject, kind, at, {"deal_id": deal, **data})


def _line(lines: list[bytes], subject: str, kind: str, at: int, data: dict[str, Any]) -> None:
    stated = {name: value for name, value in data.items() if value is not None}
    envelope = {"specversion": "1.0", "id": f"e-{len(lines)}", "source": "crm", "type": kind}
    lines.append(orjson.dumps(envelope | {"time": timestamp(at), "subject": subject, "data": stated}))
