"""What befalls ClickHouse, the way to it and the sinks."""

from __future__ import annotations

import signal

from deploy.local.clickhouse import LocalClickHouse
from tests.agents.workers import until
from tests.faults.floor import Floor
from tests.faults.proxy import Proxy


def miss_clickhouse(floor: Floor) -> None:
    """Between sink and ClickHouse; the KPIs do not notice."""
    assert floor.dsn is not None
    scheme, _, rest = floor.dsn.partition("://")
    port, _, database = rest.rpartition(":")[2].partition("/")
    with Proxy(int(port)) as wire:
        floor.sink(dsn=f"{scheme}://127.0.0.1:{wire.port}/{database}")
        floor.worker()
        with floor.feeding(80):
            floor.disturb(wire, delay=0.5, rate=200_000)
        # The wire goes with this block, so what is on its way must be there before.
        toll, _ = floor.settle()
        assert not toll.is_any, toll.lines[:3]
        floor.sinks.pop().end()
        floor.sink("after")


def exhaust_clickhouse(floor: Floor) -> None:
    """It has no memory for the insert; then it is read-only; then it takes what waited."""
    floor.worker()
    with floor.feeding():
        for settings in ("max_memory_usage=100000,max_untracked_memory=1", "readonly=1"):
            starved = floor.sink(f"starved-{floor.injected}", fault={"settings": settings})
            until(lambda: "does not take" in starved.stderr, "it was refused", 60)  # noqa: B023
            assert starved.process.poll() is None
            starved.end()
            floor.injected += 1
        floor.sink()


def kill_clickhouse(floor: Floor) -> None:
    with LocalClickHouse(floor.settings.data_dir / "clickhouse") as server:
        floor.dsn = server.start()
        port = int(floor.dsn.rpartition(":")[2].partition("/")[0])
        floor.sink()
        floor.worker()
        with floor.feeding():
            for _ in range(2):
                floor.moment(3)
                server.kill()
                floor.moment()
                assert server.start(port) == floor.dsn
                floor.injected += 1
        toll, _ = floor.settle()
        assert not toll.is_any, toll.lines[:3]
    floor.dsn = None


def kill_the_sink(floor: Floor) -> None:
    floor.worker()
    with floor.feeding():
        for n in range(4):
            fault = {"at": "insert and commit", "count": floor.rng.randint(1, 3)} if n % 2 == 0 else None
            sink = floor.sink(fault=fault)
            if fault:
                assert sink.process.wait(90) == -signal.SIGKILL, sink.stderr
            else:
                floor.moment(4)
                sink.end()
            floor.injected += 1
        floor.sink()


def run_two_sinks(floor: Floor) -> None:
    floor.worker()
    with floor.feeding():
        first = floor.sink("first")
        floor.sink("second")
        floor.moment(4)
        first.end()
        floor.injected += 1
        floor.sink("first")
        floor.injected += 1
