"""The engines that are measured, in the order of the table."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.cost import LIGHT
from benchmarks.peers import environment
from benchmarks.peers.answers import of_ours, of_peer
from benchmarks.peers.running import Input, Job
from benchmarks.workload import KEPT
from schemas.settings import Settings

Jobs = dict[str, Job]
"""What an engine does, one after the other, by what it is called in the table."""


class Engine(Struct, frozen=True):
    """``most``: the most events that it is given, where the whole would take too long."""

    name: str
    jobs: Callable[[Input, Path, Settings], Jobs]
    most: int | None = None


def _module(name: str, *arguments: str, python: str = sys.executable) -> list[str]:
    return [python, "-m", f"benchmarks.peers.engines.{name}", *arguments]


def _env(given: Input, directory: Path, group: str) -> dict[str, str]:
    return {
        "PEERS_KAFKA": given.kafka,
        "PEERS_INPUT": given.prefix,
        "PEERS_RESULTS": f"{group}-results",
        "PEERS_GROUP": group,
        "PEERS_DIRECTORY": str(directory),
        "PEERS_EVENTS": str(given.events),
    }


def _raw(given: Input, directory: Path, settings: Settings) -> Jobs:
    return {
        f"raw: {client}, {how}": Job(
            _module("raw", client, parser),
            _env(given, directory / client / parser, "raw"),
            directory / client / parser,
            ends=True,
        )
        for client in ("aiokafka", "librdkafka")
        for parser, how in (("fetch", "fetching only"), ("orjson", "orjson"), ("msgspec", "msgspec"))
    }


def _core(given: Input, directory: Path, settings: Settings) -> Jobs:
    env = _settings(given, directory)
    return {
        f"ours, without Kafka: {what}": Job(
            _module("core", what), env | _env(given, directory / what, "core"), directory / what, ends=True
        )
        for what in ("decoding", "all")
    }


def _settings(given: Input, directory: Path) -> dict[str, str]:
    """The settings of the pipeline for the work."""
    return LIGHT | {
        "SALESPULSE_KAFKA": given.kafka,
        "SALESPULSE_TOPIC_PREFIX": given.prefix,
        "SALESPULSE_DATA_DIR": str(directory / "data"),
        "SALESPULSE_PORT": "0",
        "SALESPULSE_COMMIT_INTERVAL": "1s",
        **{f"SALESPULSE_{name.upper()}": length for name, length in KEPT.items()},
    }


def _ours(given: Input, directory: Path, settings: Settings) -> Jobs:
    env = _settings(given, directory)
    first, second = directory / "1", directory / "2"
    rows = tuple(f"{given.prefix}.kpi.{family}" for family in ("response", "follow-up", "reply"))
    return {
        "ours, stage 1": Job(
            _module("ours", "1"), env | _env(given, first, "ours"), first, group=f"{given.prefix}.leads"
        ),
        "ours, stage 2": Job(
            _module("ours", "2"), env | _env(given, second, "ours"), second, results=rows, reader=of_ours
        ),
    }


def _kafka_streams(guarantee: str) -> Callable[[Input, Path, Settings], Jobs]:
    def jobs(given: Input, directory: Path, settings: Settings) -> Jobs:
        group = f"peers-streams-{guarantee.replace('_', '-')}"
        command = [*environment.java(settings.cache_dir, _report), guarantee]
        return {f"Kafka Streams, {guarantee}": _peer(command, given, directory, group)}

    return jobs


def _faust(given: Input, directory: Path, settings: Settings) -> Jobs:
    command = _module("plain_faust", "worker", "--without-web", "--loglevel", "warning")
    return {"Faust as its guide writes it": _peer(command, given, directory, "peers-faust")}


def _quix(given: Input, directory: Path, settings: Settings) -> Jobs:
    python = environment.python("quix-bytewax.lock", settings.cache_dir, _report)
    return {"Quix Streams": _peer(_module("quix", python=python), given, directory, "peers-quix")}


def _bytewax(given: Input, directory: Path, settings: Settings) -> Jobs:
    python = environment.python("quix-bytewax.lock", settings.cache_dir, _report)
    job = _peer(_module("bytewax_flow", python=python), given, directory, "peers-bytewax", ends=True)
    return {"Bytewax": job}


def _flink(given: Input, directory: Path, settings: Settings) -> Jobs:
    python = environment.python("flink.lock", settings.cache_dir, _report)
    connector = environment.flink_connector(settings.cache_dir, _report)
    job = _peer(_module("flink", connector, python=python), given, directory, "peers-flink")
    return {"PyFlink": replace(job, env=job.env | {"JAVA_HOME": environment.java_home()}, keyed=False)}


def _peer(command: list[str], given: Input, directory: Path, group: str, ends: bool = False) -> Job:
    env = _env(given, directory, group)
    return Job(
        command,
        env,
        directory,
        ends=ends,
        group=None if ends else group,
        results=(env["PEERS_RESULTS"],),
        reader=of_peer,
    )


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


ENGINES: Final = (
    Engine("raw", _raw),
    Engine("ours", _ours),
    Engine("core", _core),
    Engine("kafka-streams", _kafka_streams("at_least_once")),
    Engine("kafka-streams-exactly-once", _kafka_streams("exactly_once_v2")),
    Engine("bytewax", _bytewax),
    Engine("quix", _quix),
    Engine("flink", _flink, most=5_000),
    Engine("faust", _faust, most=20_000),
)
