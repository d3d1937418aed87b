"""How large what is kept is: state and changelog by lead, events and rows in ClickHouse; ``--write`` notes it.

Sizes are the same on a busy machine. Both stages are driven by hand on real stores, and the real engine of ClickHouse
holds the events: 100,000 of 20,000 leads, as in ``benchmarks.cost``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agents.engine.processor import Context
from agents.engine.store import Reached, Store
from agents.leads import FULL, LeadStage
from benchmarks import measured
from benchmarks.cost import LEADS, LIGHT
from benchmarks.workload import KEPT, events
from deploy.local.clickhouse import LocalClickHouse
from deploy.produce import address
from schemas.settings import Settings
from sinks.clickhouse.rows import parsers
from sinks.clickhouse.schema import connect, migrate
from sinks.clickhouse.writer import Batch, Writer
from sinks.prometheus import Metrics
from tests.agents.driving import Sent

KINDS: Mapping[str, Mapping[str, str]] = {"light": LIGHT, "leads": LEADS, "full": {}}
"""Of ``benchmarks.cost``: which settings each names."""


def by_lead(leads: int, chosen: Mapping[str, str]) -> dict[str, float]:
    """What one more lead adds to the state of stage 1: windows are there for all of them."""
    half, whole = state(leads // 2, chosen), state(leads, chosen)
    return {name: round((whole[name] - half[name]) / (leads - leads // 2), 2) for name in whole}


def state(leads: int, chosen: Mapping[str, str]) -> dict[str, int]:
    """Bytes of stage 1 in its directory, bytes and records in a changelog that is compacted."""
    named: dict[str, Any] = {name.removeprefix("SALESPULSE_").lower(): value for name, value in chosen.items()}
    settings = Settings(_env_file=None, **(named | KEPT))
    changelog: dict[bytes, int] = {}
    with TemporaryDirectory() as name:
        store = Store(Path(name))
        stage = LeadStage.of(settings, Metrics(settings)).processor(Context(0, 4, store))
        lines = list(events(leads))
        for cycle, first in enumerate(range(0, len(lines), FULL), start=1):
            for offset, line in enumerate(lines[first : first + FULL], start=first):
                topic, key = address(line)
                stage.process(settings.topic(topic), [Sent(key, line, offset)])
            stage.drain(cycle)
            writes = store.take()
            changelog |= {key: len(key) + len(value or b"") for key, value in writes.items()}
            store.apply(writes, Reached(cycle, b"", 1))
        store.close()
        directory = sum(path.stat().st_size for path in Path(name).rglob("*") if path.is_file())
    return {"directory": directory, "changelog": sum(changelog.values()), "records": len(changelog)}


def stored(leads: int) -> dict[str, float]:
    """Bytes on disk of one event in ClickHouse, once its parts are merged."""
    with TemporaryDirectory() as name, LocalClickHouse(Path(name)) as server:
        settings = Settings(clickhouse=server.start(), _env_file=None)
        with closing(connect(settings)) as client:
            migrate(client, settings)
            batch, made, count = Batch(), parsers(settings), 0
            for count, line in enumerate(events(leads), start=1):
                topic, key = address(line)
                batch.add(made[settings.topic(topic)](Sent(key, line, count)))
            Writer(client).write(batch)
            client.command("OPTIMIZE TABLE events FINAL")
            size: Any = client.command(
                "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()"
            )
    return {"event_in_clickhouse": round(int(size) / count)}


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=20_000, help="five events each")
    parser.add_argument("--write", action="store_true", help=f"note it in {measured.FILE}")
    args = parser.parse_args()
    found: dict[str, Any] = {kind: by_lead(args.leads, chosen) for kind, chosen in KINDS.items()}
    found |= stored(args.leads)
    print(found)
    if args.write:
        measured.note("sizes", found)


if __name__ == "__main__":
    main()
