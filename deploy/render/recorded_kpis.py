"""``docs/recorded-kpis.md``, written from the catalogue of recorded KPIs."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import orjson

from deploy.recorded_kpis import worded
from schemas.recorded_kpis import BENCHMARKS, RECORDED, RecordedKpi

ROWS: Final = Path(__file__).parents[2] / "docs" / "examples" / "recorded-rows.jsonl"
"""A row of each KPI as ClickHouse made it: ``tests.sinks.recorded_kpis.examples`` writes it, tests look after it."""
_SETTING: Final = re.compile(r"\{(\w+)\}")
Row = dict[str, Any]
_HEAD: Final = """\
# Recorded KPIs

Written by `salespulse render` from `schemas/recorded_kpis.py`. These KPIs are computed by ClickHouse whenever somebody
asks, over everything that was recorded: for days, ISO weeks, months, quarters, years or any span of time, each beside
the period before. The KPIs that are current to the second are another set: [kpis.md](kpis.md).

## Asking for one

```
salespulse recorded churn_rate mrr --period quarter --scope team --from 2026-01-01
```

or, from any ClickHouse client,

```sql
SELECT * FROM churn_rate(from = '2026-01-01', to = '2026-07-01', period = 'month', scope = 'team')
```

Each KPI is a view of its name with the same four parameters. `from` and `to` are dates or times in the time zone of
the settings (`SALESPULSE_TIMEZONE`), `to` not included; shown are the whole periods that they touch. `period` is `day`,
`week`, `month`, `quarter`, `year`, or `custom` for the span itself; `scope` is one of those named below. A row says

| column | |
|---|---|
| `kpi`, `scope`, `who` | which KPI, of whom: a team, a rep, a product, …, or `all` |
| `of`, `currency` | what else rows are told apart by; amounts in two currencies are never added |
| `start`, `end` | the period, `end` not included |
| `value`, `n` | the number, empty where nothing can be said, and of how many cases it is |
| `numerator`, `denominator` | what was divided, or added up, as exact decimals |
| `statistics` | parts of it, as named below |
| `before`, `before_n` | the same of the period before |
| `small` | whether it is of fewer cases than `SALESPULSE_MINIMUM_SAMPLE`, so that it may be chance |
| `definition` | which of several definitions was used: those are settings |

They are right with every event that arrived twice, late or corrected, and with leads that were merged, and they reach
back as far as events are kept (`SALESPULSE_KEEP_EVENTS`). A **customer** is the lead's account, else the lead, from its
first won deal until its last deal is cancelled; `number` of `recorded_customers` counts those who came back. What a
deal pays a month is what its last event states; a cancelled one pays nothing. Rows by rep can be switched off, or be
shown from a number of cases on (`SALESPULSE_REP_LEVEL`), where law or works councils ask for it. The views have the
settings of the sink that made them, at its last start.

The rows below are what ClickHouse made of the firm that the tests look at: 160 leads, four months of 2025, days of
Berlin.
"""
_TAIL: Final = """
## What they are built from

Plain views, for questions of your own: `recorded_history` (every event under the lead it belongs to in the end, with
its owner then), `recorded_acts`, `recorded_messages`, `recorded_leads` (once for each engagement), `recorded_deals`
(with their standing outcome), `recorded_movements` (won, renewed, expanded, cancelled), `recorded_customers`,
`recorded_expansions` (what was sold to customers, when in their tenure, to whom, by whom), `recorded_revenue`,
`recorded_observations`, `recorded_targets` (those that stand: [targets.md](targets.md)), `recorded_attainment`,
`recorded_weeks`, `recorded_tries` (opportunities, proposals, demos and calls, each with the deal it came to),
`recorded_wins`.

## What they suggest

`salespulse signals` prints three more views, which take `from` and `to`:

- `leading_lagging` (also `scope`): each activity of a week beside each result up to eight weeks later, with the
  correlation and the number of weeks it is of. Below twelve it is marked as small, and of many that are tried some are
  strong by chance.
- `quality_quantity`: what each rep does and how much of it a won deal takes, beside the median.
- `training_signals`: reps far from the reps of their team (one and a half standard deviations): few follow-ups, deals
  lost without a touch in the last 14 days, without a demo, without a proposal.

## What they cost

Everything is worked out from the events whenever it is asked, so a question costs the more the more was recorded: one
to five CPU-seconds a KPI over 140,000 events of 20,000 leads (2-core machine, under load). Nothing is kept besides, so
nothing can be stale.

## In Prometheus

The sink tells Prometheus the KPIs of `SALESPULSE_RECORDED_EXPORT`, once every `SALESPULSE_RECORDED_INTERVAL`, where it
has a port (one core at most, behind its inserts): `sales_recorded_ratio`, `sales_recorded_seconds`,
`sales_recorded_amount`, `sales_recorded_points` and `sales_recorded_count`, by `kpi`, `period`, `scope`, `who`, `of`,
`currency`, and `when`: `current` is the running period, `last` the whole one before it.
`sales_recorded_age_seconds{kpi,period,scope}` is how old they are. The sink does not wait for them.
"""


def files() -> dict[str, str]:
    """The page's path → its text."""
    made = {row["kpi"]: row for row in map(orjson.loads, ROWS.read_bytes().splitlines())}
    subjects = (_subject(name, list(kpis), made) for name, kpis in groupby(RECORDED, key=lambda kpi: kpi.subject))
    return {"docs/recorded-kpis.md": _HEAD + "".join(subjects) + _marks() + _TAIL}


def settings_named(used: str) -> str:
    """A definition with the names of its settings in the place of what they say."""
    return _SETTING.sub(lambda place: f"`{_variable(place[1])}`", used)


def settings_in(used: str) -> list[str]:
    """The environment variables that a definition depends on."""
    return [_variable(name) for name in _SETTING.findall(used)]


def _variable(name: str) -> str:
    return f"SALESPULSE_{name.upper()}"


def _subject(name: str, kpis: list[RecordedKpi], made: dict[str, Row]) -> str:
    return f"\n## {name}\n" + "".join(_entry(kpi, made.get(kpi.name)) for kpi in kpis)


def _entry(kpi: RecordedKpi, row: Row | None) -> str:
    facts = {
        "formula": kpi.formula,
        "unit": kpi.unit + (", by currency" if kpi.by_currency else ""),
        "scopes": ", ".join(kpi.scopes),
        "of": kpi.of,
        "statistics": kpi.parts,
        "better": {"up": "higher", "down": "lower"}[kpi.good],
        "definition used": settings_named(kpi.used),
        "from": kpi.source,
    }
    listed = "".join(f"- {name}: {text}\n" for name, text in facts.items() if text)
    return f"\n### `{kpi.name}`\n\n{kpi.definition}\n\n{listed}" + ("" if row is None else _example(kpi, row))


def _example(kpi: RecordedKpi, row: Row) -> str:
    numbers = ("value", "n", "numerator", "denominator", "before", "before_n", "small")
    lines = [
        {name: row[name] for name in ("kpi", "scope", "who", "of", "currency", "start", "end")},
        {name: row[name] for name in numbers},
        {name: row[name] for name in ("statistics", "definition")},
    ]
    told = ",\n ".join(orjson.dumps(line).decode()[1:-1] for line in lines)
    value, before = (worded(kpi, row[name], row["currency"]) for name in ("value", "before"))
    words = f"**{value}**, n {row['n']:,}; before {before}, n {row['before_n']:,}"
    return f"\nFor example {words}.\n\n```json\n{{{told}}}\n```\n"


def _marks() -> str:
    rows = "".join(f"| `{mark.name}` | {mark.mark:g} | {mark.citation} |\n" for mark in BENCHMARKS)
    return (
        "\n## Marks\n\nThe view `benchmarks` holds what others measured or advise, for a line on a chart. Each can be"
        " set (`SALESPULSE_BENCHMARKS`).\n\n| mark | value | where it is from |\n|---|---|---|\n" + rows
    )
