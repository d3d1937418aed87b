"""The measured work: events of about 250 bytes on four topics, five to a lead, in disorder within a minute."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from schemas.publishing import dumps

TEAMS = 20
REPS = 200
START = int(datetime(2026, 3, 2, 6, tzinfo=UTC).timestamp() * 1000)
KEPT = dict.fromkeys(("keep_1m", "keep_5m", "keep_1h", "keep_1d"), "36500d")
"""Settings by which windows of a day that is long over are kept."""
_DAY = 86_400_000


def events(leads: int, seed: int = 7) -> Iterator[bytes]:
    """Five events for each lead, over one day, as JSON lines."""
    rng = random.Random(seed)
    found: list[tuple[float, bytes]] = []
    for number in range(leads):
        for at, line in _lead(rng, number, START + rng.randrange(_DAY)):
            found.append((at + rng.uniform(0, 60_000), line))
    found.sort()
    return (line for _, line in found)


def _lead(rng: random.Random, number: int, engaged: int) -> Iterator[tuple[int, bytes]]:
    rep = rng.randrange(REPS)
    owner = {"rep": f"rep-{rep:05d}", "team": f"team-{rep % TEAMS:03d}"}
    subject = f"lead-{number:08d}"
    called = engaged + int(rng.expovariate(1 / 1_200_000))
    mailed = called + int(rng.expovariate(1 / 3_600_000))
    temperature = rng.choice(("hot", "warm", "cold"))
    yield _event(
        "lead.engaged",
        subject,
        engaged,
        temperature=temperature,
        source=f"source-{rng.randrange(6)}",
        region=f"region-{rng.randrange(4)}",
        owner=owner["rep"],
        team=owner["team"],
        campaign="spring-2026",
    )
    yield _event("call.completed", subject, called, direction="outbound", answered=True, duration_seconds=184, **owner)
    yield _event("email.sent", subject, mailed, message_id=f"m-{number}", personalized_elements=3, **owner)
    if rng.random() < 0.5:
        yield _event(
            "email.replied",
            subject,
            mailed + rng.randrange(_DAY // 8),
            in_reply_to=f"m-{number}",
            **{"class": rng.choice(("positive", "negative", "neutral"))},
        )
    else:
        yield _event("email.delivered", subject, mailed + 2_000, message_id=f"m-{number}")
    yield _event("deal.opened", subject, mailed + _DAY // 24, deal_id=f"d-{number}", amount="1200.00", currency="EUR",
                 product="standard", region="region-1", **owner)  # fmt: skip


def _event(kind: str, subject: str, at: int, **data: object) -> tuple[int, bytes]:
    time = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {"specversion": "1.0", "id": f"{kind}-{subject}", "source": "crm/benchmark", "type": kind, "time": time,
             "subject": subject, "data": data}  # fmt: skip
    return at, dumps(event)
