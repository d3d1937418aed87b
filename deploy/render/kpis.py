"""``docs/kpis.md``: the reference of every streamed KPI, written from the catalogue, with rows that were made."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final, get_args

import orjson
from msgspec.structs import asdict, replace

from deploy.explaining.row import adds
from deploy.listings import field_rows
from deploy.policy_check import EXAMPLE, check
from deploy.produce import read_lines
from deploy.recorded import Log
from deploy.render.recorded_kpis import settings_in, settings_named
from deploy.tables import measured
from schemas.catalogue import CATALOGUE, Family, Kpi, by_name
from schemas.instants import parse
from schemas.publishing import published
from schemas.recorded_kpis import RECORDED
from schemas.results import KpiRow, timestamp
from schemas.settings import Settings
from sinks.kpi_gauges import KpiGauges
from streams.accumulators import Vector
from streams.attainment import Terms
from streams.clocks import clocks
from streams.lead import Lead
from streams.now import open_leads
from streams.policies import Policies
from streams.reading import read
from streams.rows import rows
from streams.rules import Rules
from streams.selection import Selection
from streams.spreading import spread
from streams.windows import Cells

LOG: Final = Path(__file__).parents[2] / "docs" / "examples" / "a-day.jsonl"
NOW: Final = parse("2026-03-02T16:00:00Z")[0]
"""The instant as of which the rows of the log are made."""
_OF_OPEN_LEADS: Final = {"open_leads": "sales_open_leads", "oldest_open_lead": "sales_oldest_open_lead_seconds"}
_SQL: Final = "SELECT * FROM kpis_latest WHERE kpi = '{kpi}' AND window = '{window}' AND grouping = 'all'"

_HEAD: Final = """\
# KPIs

Written by `salespulse render` from `schemas/catalogue.py`. Each KPI has its definition, its formula and a row that the
pipeline made of the events in [examples/a-day.jsonl](examples/a-day.jsonl), as of {now}. These are
*streamed*: current to the second, corrected whenever an event comes late. Those of any month, quarter or year are asked
of ClickHouse when somebody wants to know: [recorded-kpis.md](recorded-kpis.md).

## How to read an entry

- **Window**: `1h` and `1d` (a calendar day of `SALESPULSE_TIMEZONE`), `all` for all time; `1m` and `5m` for all and by
  team. What is counted belongs to the window of the time that the entry names: a lead that engaged on Monday and was
  answered on Tuesday is in Monday's response time. KPIs of *now* have no window but `all`.
- **By**: the groupings that have rows. `team,temperature` has a row for each pair; a team or rep that nobody named is
  `unassigned`, anything else `unknown`.
- **Value** of a row: the median of a duration (seconds), a ratio from 0 to 1, a mean, a count, or a sum as a decimal
  string, never of two currencies. Null where nothing can be said. `numerator` and `denominator` are what was divided,
  `count` how many it is of, `statistics` what else there is to say.
- **Business time**: where there are service level policies, `statistics.business` repeats a duration in the time that
  the office was open. The rows here are made with the [example policies](policies.md).
- **Open** leads are no zeros: in a duration they rank after all that were answered (`censored`), and a quantile that
  falls among them is at least what it says (`lower_bounds`).
- **Definition used**: where vendors count differently the row says in `statistics.definition` how it was counted; the
  settings are in [configuration.md](configuration.md).
- **Final**: not yet, while events may still change it without being late. A later correction is published all the same,
  as a greater `revision`.

In ClickHouse every row is in the view `kpis_latest`, history in `kpi_revisions`; `salespulse kpis` shows them, and
`salespulse explain` the leads behind one. In Prometheus gauges have the labels `kpi`, `window` and `team`.
"""
_DIFFERING: Final = """\
Vendors count some KPIs differently. Here each has one definition, stated in its entry; what is a matter of taste is a
setting with a default, and every row says what was used: streamed ones in `statistics.definition`, recorded ones in
`definition`. Of a share over closed and over opened deals both are there: `win_rate` and `closing_ratio`.
"""
_TIMES: Final = {
    "engaged": "the lead engaged",
    "assigned": "the lead was assigned",
    "first_touch": "the first touch came",
    "replied": "the reply came",
    "sent": "it was sent or done",
    "happened": "it happened",
    "inbound": "the message came",
    "deadline": "the deadline is",
    "opened": "the deal was opened",
    "proposed": "the deal was first proposed",
    "closed": "the deal ended",
    "left": "the stage was left",
    "due": "it is due",
}
_FINAL: Final = {
    "none": "",
    "response": "`SALESPULSE_RESPONSE_HORIZON` and ",
    "follow_up": "`SALESPULSE_FOLLOW_UP_HORIZON` and ",
    "reply": "`SALESPULSE_REPLY_HORIZON` and ",
}


def files() -> dict[str, str]:
    """The page's path → its text."""
    made = examples()
    families = [(family, [kpi for kpi in CATALOGUE if kpi.family == family]) for family in get_args(Family)]
    index = "".join(f"| {family} | {', '.join(_linked('', kpi.name) for kpi in kpis)} |\n" for family, kpis in families)
    recorded = ", ".join(_linked("recorded-kpis.md", kpi.name) for kpi in RECORDED)
    listed = f"\n## All of them\n\n| | |\n|---|---|\n{index}| recorded | {recorded} |\n"
    entries = [_differing()] + [
        f"\n## {family.capitalize()}\n\nTopic `sales.kpi.{family}`.\n"
        + "".join(_entry(kpi, made[kpi.name]) for kpi in kpis)
        for family, kpis in families
    ]
    return {"docs/kpis.md": _HEAD.format(now=timestamp(NOW)) + listed + "".join(entries)}


def _differing() -> str:
    """Where vendors count differently: every setting that decides it, its default, and the KPIs that it is about."""
    used: dict[str, list[str]] = {}
    for page, name, definition in (
        *(("", kpi.name, kpi.used) for kpi in CATALOGUE),
        *(("recorded-kpis.md", kpi.name, kpi.used) for kpi in RECORDED),
    ):
        for setting in settings_in(definition):
            used.setdefault(setting, []).append(_linked(page, name))
    lines = [
        f"| `{variable}` | {f'`{default}`' if default else 'none'} | {meaning} | {', '.join(used[variable])} |\n"
        for variable, default, meaning in field_rows(Settings)
        if variable in used
    ]
    head = "| setting | default | is | of |\n|---|---|---|---|\n"
    return f"\n## Definitions that are settings\n\n{_DIFFERING}\n{head}{''.join(lines)}"


def examples() -> dict[str, KpiRow]:
    """KPI → its row of everything, in the window in which it is of most: made of the log, as the worker makes it."""
    selection, rules, (policies, _) = Selection(tuple(by_name), ("all",), ("1d", "all")), Rules(), check(EXAMPLE)
    terms, cells = Terms(Policies(policies), rules, selection), Cells(selection, rules)
    table: dict[bytes, Vector] = {}
    leads = _leads(rules)
    for lead in leads:
        spread(adds(lead, clocks(lead, terms.policies, rules, NOW), terms, NOW), cells, table)
    oldest = min(waits.engaged_at for lead in leads for waits in open_leads(lead))
    found: dict[str, KpiRow] = {}
    for cell, vector in sorted(table.items()):
        for row in rows(cell, vector, selection, rules, oldest=oldest, clock=NOW):
            best = found.get(row.kpi)
            if (row.window == "1d" or row.basis == "now") and (best is None or row.count > best.count):
                found[row.kpi] = replace(row, revision=1, watermark=timestamp(NOW))
    return found


def _leads(rules: Rules) -> list[Lead]:
    with tempfile.TemporaryDirectory(prefix="salespulse-render-") as directory:
        log = Log(read_lines([LOG]), Path(directory) / "log")
        found = [read(timeline, rules) for timeline in log.leads(rules)]
        log.close()
    return found


def metrics(row: KpiRow) -> list[str]:
    """The series that Prometheus has of a row, without their window and team."""
    gauges = KpiGauges("UTC", 1)
    gauges.update(0, replace(row, watermark=row.end or row.watermark))
    samples = [sample for family in gauges.collect() for sample in family.samples]
    own = _OF_OPEN_LEADS.get(row.kpi)
    found = {one.name: "" for one in samples if one.name == own}
    found |= {one.name: one.labels["kpi"] for one in samples if one.labels.get("kpi", "").split(":")[0] == row.kpi}
    return [f'`{name}{{kpi="{kpi}"}}`' if kpi else f"`{name}`" for name, kpi in sorted(found.items())]


def _entry(kpi: Kpi, row: KpiRow) -> str:
    facts = {
        "formula": kpi.formula,
        "unit": kpi.unit,
        "window": f"by when {_TIMES[kpi.basis]} (`{kpi.basis}`)" if kpi.kind != "now" else "as it is now",
        "by": "; ".join(dict.fromkeys(kpi.groupings)) + _besides(kpi),
        "final": ""
        if kpi.kind == "now"
        else f"after the window's end, {_FINAL[kpi.horizon]}`SALESPULSE_ALLOWED_LATENESS`",
        "definition used": settings_named(kpi.used),
        "better": {"up": "higher", "down": "lower"}[kpi.good],
        "from": kpi.source,
        "SQL": f"`{_SQL.format(kpi=kpi.name, window='all' if kpi.kind == 'now' else '1d')}`",
        "Prometheus": ", ".join(metrics(row)) or "none",
    }
    listed = "".join(f"- {name}: {text}\n" for name, text in facts.items() if text)
    return (
        f"\n### `{kpi.name}`\n\n{kpi.definition}\n\n{listed}\nHere: {_in_words(row)}.\n\n```json\n{_told(row)}\n```\n"
    )


def _besides(kpi: Kpi) -> str:
    """The dimension that its rows have beside those of the grouping."""
    names = {name for grouping in kpi.groupings for name in kpi.cells(grouping).values()}
    extra = ", ".join(sorted(name for name in names if name is not None))
    return f" (each {'also ' if None in names else ''}by {extra})" if extra else ""


def _in_words(row: KpiRow) -> str:
    value, n, rest = measured(asdict(row))
    of = n if "/" in n else n and f"of {n}"
    return ", ".join(text for text in (f"**{value}**", of, rest) if text)


def _told(row: KpiRow) -> str:
    """The row as it is published: where it belongs, its numbers and how far it goes on lines of their own."""
    fields = [f"{orjson.dumps(name).decode()}:{orjson.dumps(value).decode()}" for name, value in _fields(row)]
    first, numbers, rest = 7, 11, 12
    lines = fields[:first], fields[first:numbers], fields[numbers:rest], fields[rest:]
    return "{" + ",\n ".join(",".join(line) for line in lines) + "}"


def _fields(row: KpiRow) -> list[tuple[str, Any]]:
    return list(orjson.loads(published(row)).items())


def _linked(page: str, name: str) -> str:
    return f"[{name}]({page}#{name})"
