from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from typer.testing import CliRunner

from deploy.cli import app
from deploy.sizing import BUSY, Cost, Load, Measured, Size, measured, size, volume

FOUND = measured()
loads = st.builds(
    Load,
    rate=st.floats(0, 2e6),
    leads=st.integers(0, 10**9),
    clocks=st.integers(0, 10**7),
    kpis=st.sampled_from(["light", "leads", "full"]),
)


@given(loads)
def test_no_worker_is_given_more_than_its_share_of_a_core_nor_is_one_too_many(load: Load) -> None:
    found = size(load, FOUND)
    assert found.cores <= found.workers * BUSY + 1e-6
    assert found.workers == 1 or found.cores > (found.workers - 1) * BUSY - 1e-6


@given(loads)
def test_there_may_be_twice_as_many_workers_before_partitions_run_out(load: Load) -> None:
    found = size(load, FOUND)
    assert found.partitions >= max(4, 2 * found.workers) > found.partitions / 2 or found.partitions == 4
    assert found.partitions.bit_count() == 1


@given(loads)
def test_what_is_asked_more_of_takes_no_less(load: Load) -> None:
    once, more = size(load, FOUND), size(replace(load, rate=2 * load.rate, leads=2 * load.leads), FOUND)
    for name in ("cores", "workers", "partitions", "sinks", "changelog", "input_a_second", "clickhouse_a_day"):
        assert getattr(more, name) >= getattr(once, name)


def test_an_outage_of_an_hour_is_caught_up_by_what_is_not_needed_for_the_present() -> None:
    found, load = simple(), Load(1_000, 0, 0, "light")
    # 100 CPU-s per million in a backlog, twice that live: 0.2 cores, one worker, which reads 10,000 events a second.
    reckoned = size(load, found)
    assert reckoned.workers == 1
    assert reckoned.cores == pytest.approx(0.2)
    assert reckoned.catch_up == pytest.approx(3_600 * 1_000 / 9_000)


def test_a_second_stage_that_was_not_measured_is_taken_to_grow_as_the_first_does() -> None:
    found = simple()
    doubled = Cost(replace(found.cost["leads"].stage1, cpu_seconds=160.0))
    unmeasured = replace(found, cost=found.cost | {"full": doubled})
    assert size(Load(1, 0, 0, "full"), unmeasured).cores == 2 * size(Load(1, 0, 0, "leads"), unmeasured).cores


def simple() -> Measured:
    cost = FOUND.cost["leads"]
    assert cost.stage2 is not None
    even = Cost(replace(cost.stage1, cpu_seconds=80.0), replace(cost.stage2, cpu_seconds=20.0))
    return replace(FOUND, cost={"light": even, "leads": even, "full": even}, live=replace(FOUND.live, over_backlog=2.0))


def test_the_command_says_what_a_load_takes() -> None:
    said = CliRunner().invoke(app, ["size", "--rate", "2000", "--leads", "1000000"])
    assert said.exit_code == 0, said.output
    found: Size = size(Load(2_000, 1_000_000), FOUND)
    assert str(found.workers) in said.stdout.split("workers, one core each")[1].splitlines()[0]
    assert volume(found.changelog) in said.stdout
    assert "SALESPULSE_PARTITIONS" in said.stdout
    assert "not 'some'" in CliRunner().invoke(app, ["size", "--rate", "1", "--kpis", "some"]).output


@pytest.mark.parametrize(
    ("size_", "words"), [(265, "265 B"), (1536, "1.5 KiB"), (2**40, "1 TiB"), (0, "0 B"), (1023 * 2**20, "1,023 MiB")]
)
def test_bytes_are_read_as_people_read_them(size_: float, words: str) -> None:
    assert volume(size_) == words
