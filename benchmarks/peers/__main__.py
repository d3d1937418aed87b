"""``python -m benchmarks.peers``: the pipeline and its peers on the same work, a table, and the same as JSON."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kafka import KafkaAdminClient

from benchmarks.peers.environment import NotHere
from benchmarks.peers.listed import ENGINES, Engine
from benchmarks.peers.running import BROKER_CORE, Cost, Input, RunFailed, on_core, run
from benchmarks.peers.telling import Told, read, rows, table, write
from benchmarks.peers.truth import truth
from benchmarks.workload import events
from deploy import topics
from deploy.local.kafka import LocalKafka
from deploy.produce import produce
from schemas.settings import Settings

EVENTS_PER_LEAD = 5


def main() -> int:
    """The exit status: 1 where an engine failed or answered wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="five to a lead")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="only engines whose name contains one of these, with commas between")
    parser.add_argument(
        "--json", type=Path, help="write the table there, too; rows of other engines that stand there stay"
    )
    args = parser.parse_args()
    settings = Settings(_env_file=None)
    wanted = [name for name in args.only.split(",") if name] or [""]
    engines = [engine for engine in ENGINES if any(name in engine.name for name in wanted)]
    if not engines:
        parser.error(f"no engine's name contains {args.only}; there are {', '.join(e.name for e in ENGINES)}")
    told = Told(args.events, args.runs)
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(1, args.runs + 1):
            with on_core(BROKER_CORE):
                _one_run(number, engines, settings, Path(scratch) / str(number), told)
    found = rows(told, read(args.json))
    if args.json is not None:
        write(found, args.json)
    table(told, found)
    return 1 if told.failed else 0


def _one_run(number: int, engines: list[Engine], settings: Settings, directory: Path, told: Told) -> None:
    with LocalKafka(directory / "kafka", settings.cache_dir) as broker:
        address = broker.start()
        inputs: dict[int, Input] = {}
        for engine in engines:
            size = min(told.events, engine.most or told.events)
            if size not in inputs:
                inputs[size] = _input(settings, address, broker.directory / "data", f"work{size}", size)
            for name, outcome in _outcomes(engine, inputs[size], directory, settings):
                told.note(engine.name, name, outcome)
                print(f"run {number}, {name}: {outcome}", file=sys.stderr, flush=True)


def _outcomes(
    engine: Engine, given: Input, directory: Path, settings: Settings
) -> Iterator[tuple[str, Cost | RunFailed | NotHere]]:
    """What each of the engine's jobs cost, or why it did not come to it."""
    try:
        jobs = engine.jobs(given, directory / engine.name, settings)
    except NotHere as error:
        yield engine.name, error
        return
    for name, job in jobs.items():
        _create(given.kafka, [topic for topic in job.results if topic.startswith("peers")], 4 if job.keyed else 1)
        try:
            yield name, run(job, given)
        except RunFailed as error:
            yield name, error
            return


def _input(settings: Settings, kafka: str, logs: Path, prefix: str, size: int) -> Input:
    """The topics with so many events in them, and the truth about them."""
    print(f"making {size:,} events", file=sys.stderr, flush=True)
    lines = list(events(size // EVENTS_PER_LEAD))
    there = settings.model_copy(update={"kafka": kafka, "topic_prefix": prefix})
    topics.create(there)
    produce(there, lines)
    return Input(kafka, logs, prefix, len(lines), truth(lines))


def _create(kafka: str, names: list[str], partitions: int) -> None:
    if names:
        admin = KafkaAdminClient(bootstrap_servers=kafka)
        admin.create_topics({name: {"num_partitions": partitions, "replication_factor": 1} for name in names})
        admin.wait_for_topics(names, timeout_ms=60_000)
        admin.close()


if __name__ == "__main__":
    sys.exit(main())
