"""The table of what everything cost, with ratios to the pipeline and to the raw limit of the same run; and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import orjson
from msgspec import Struct, field
from rich.console import Console
from rich.table import Table

from benchmarks.peers.environment import NotHere
from benchmarks.peers.running import Cost, RunFailed

RAW: Final = "raw: aiokafka, orjson"
OURS: Final = "ours, stage 1"
_BOTH: Final = "ours, both stages"
_COLUMNS: Final = (
    *("engine", "events", "CPU s per\nmillion", "least…\nmost", "second\nhalf", "with its\nstart", "to\nraw"),
    *("to\nours", "events/s", "peak\nMiB", "MiB to\nKafka", "answers"),
)
Row = dict[str, Any]


class Told(Struct):
    """What came of each job in each run."""

    events: int
    runs: int
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    failed: bool = False

    def note(self, engine: str, name: str, outcome: Cost | RunFailed | NotHere) -> None:
        """A job's outcome. A peer that cannot be installed here is said, and no failure."""
        if isinstance(outcome, Cost):
            self.costs.setdefault(name, []).append(outcome)
            if name == "ours, stage 2":
                self.costs.setdefault(_BOTH, []).append(_together(self.costs[OURS][-1], outcome))
        else:
            self.faults[name] = str(outcome)
            self.failed |= isinstance(outcome, RunFailed)


def _together(first: Cost, second: Cost) -> Cost:
    """Two processes, one after the other, as one."""
    return Cost(
        events=first.events,
        whole=first.whole + second.whole,
        consuming=first.consuming + second.consuming,
        second_half=None,
        seconds=first.seconds + second.seconds,
        peak_mib=max(first.peak_mib, second.peak_mib),
        kafka_mib=first.kafka_mib + second.kafka_mib,
        results=second.results,
    )


def rows(told: Told, before: Sequence[Row] = ()) -> list[Row]:
    """One row for each job, medians over the runs; CPU seconds per million events. Rows of ``before`` stay, if not made
    anew, and the ratios are those of all together."""
    made: list[Row] = [{"engine": name, **_row(costs)} for name, costs in told.costs.items()]
    names = {row["engine"] for row in made}
    found = [row for row in before if row["engine"] not in names] + made
    base = {row["engine"]: row["cpu"] for row in found}
    for row in found:
        row["to_raw"] = round(row["cpu"] / base[RAW], 3) if RAW in base else None
        row["to_ours"] = round(row["cpu"] / base[OURS], 3) if OURS in base else None
    return found


def _row(costs: list[Cost]) -> Row:
    def middle(values: list[float]) -> float:
        return round(median(values), 2)

    millions = costs[0].events / 1e6
    cpu = [cost.consuming / millions for cost in costs]
    halves = [2 * cost.second_half / millions for cost in costs if cost.second_half is not None]
    return {
        "events": costs[0].events,
        "runs": len(costs),
        "cpu": middle(cpu),
        "least": round(min(cpu), 2),
        "most": round(max(cpu), 2),
        "second_half": middle(halves) if halves else None,
        "with_start": middle([cost.whole / millions for cost in costs]),
        "events_per_second": round(median([cost.events / cost.seconds for cost in costs])),
        "peak_mib": round(median([cost.peak_mib for cost in costs])),
        "kafka_mib": middle([cost.kafka_mib for cost in costs]),
        "results": costs[0].results,
    }


def read(path: Path | None) -> list[Row]:
    """The rows that were written there, none where there is no file."""
    found: list[Row] = orjson.loads(path.read_bytes()) if path is not None and path.exists() else []
    return found


def write(found: list[Row], path: Path) -> None:
    """The rows as JSON."""
    path.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def table(told: Told, found: list[Row]) -> None:
    """Print it, and what could not be measured."""
    shown = Table(title=f"{told.events:,} events, {told.events // 5:,} leads, 4 partitions, one core")
    for column in _COLUMNS:
        shown.add_column(column, justify="left" if column == "engine" else "right", no_wrap=column != "engine")
    for row in found:
        shown.add_row(
            row["engine"],
            f"{row['events']:,}",
            f"{row['cpu']:.1f}",
            f"{row['least']:.1f}…{row['most']:.1f}" if row["runs"] > 1 else "",
            *(f"{row[name]:.1f}" if row[name] is not None else "" for name in ("second_half", "with_start")),
            *(f"{row[name]:.2f}" if row[name] is not None else "" for name in ("to_raw", "to_ours")),
            f"{row['events_per_second']:,}",
            f"{row['peak_mib']:,}",
            f"{row['kafka_mib']:,.0f}",
            "right" if row["results"] else "",
        )
    console = Console(width=140)
    console.print(shown)
    for name, fault in told.faults.items():
        console.print(f"{name}: {fault}", markup=False, highlight=False)
