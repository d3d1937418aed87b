"""``docs/scaling.md``: its reasoning is ``scaling.md`` beside this, its tables are what ``salespulse size`` reckons."""

from __future__ import annotations

from importlib.resources import files as resources
from typing import Final

from deploy.sizing import BUSY, Kpis, Load, Measured, measured, size, volume
from deploy.wording import duration

_RATES: Final = (100, 1_000, 10_000, 100_000, 1_000_000)
_LEADS_OF_A_RATE: Final = 1_000
"""A tenth of a year's leads by five events each, were every second as busy: enough to be remembered at once."""
_KINDS: Final[dict[Kpis, str]] = {
    "light": "three KPIs by team",
    "leads": "KPIs of leads and replies",
    "full": "everything",
}


def files() -> dict[str, str]:
    """The page's path → its text."""
    found, text = measured(), resources("deploy.render").joinpath("scaling.md").read_text(encoding="utf-8")
    places = {"machine": found.machine, "one_worker": _one_worker(found), "by_rate": _by_rate(found)}
    for name, filling in places.items():
        text = text.replace(f"{{{name}}}", filling)
    return {"docs/scaling.md": text}


def _one_worker(found: Measured) -> str:
    rows = ["| | events/s, live | events/s, in a backlog | memory | a lead on disk | a lead in the changelog |"]
    rows.append("|---|---:|---:|---:|---:|---:|")
    for kind, name in _KINDS.items():
        one, lead = size(Load(1, 0, 0, kind), found), getattr(found.sizes, kind)
        backlog = found.live.over_backlog / one.cores
        rows.append(
            f"| {name} | {_round(BUSY / one.cores)} | {_round(backlog)} | {one.worker_mib:,} MiB |"
            f" {lead.directory:,.0f} B | {lead.changelog:,.0f} B |"
        )
    return "\n".join(rows)


def _by_rate(found: Measured) -> str:
    rows = ["| events a second | KPIs | workers | partitions | sinks | into Kafka | changelog | an hour caught up in |"]
    rows.append("|---:|---|---:|---:|---:|---:|---:|---:|")
    for rate in _RATES:
        for kind, name in _KINDS.items():
            one = size(Load(rate, rate * _LEADS_OF_A_RATE, 0, kind), found)
            rows.append(
                f"| {rate:,} | {name} | {one.workers:,} | {one.partitions:,} | {one.sinks:,} |"
                f" {volume(one.input_a_second)}/s | {volume(one.changelog)} | {duration(one.catch_up)} |"
            )
    return "\n".join(rows)


def _round(rate: float) -> str:
    """Two digits: more would be believed."""
    return f"{float(f'{rate:.2g}'):,.0f}"
