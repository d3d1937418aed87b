"""Windows that are kept no longer: forgotten by both stages, and ended in every compacted topic."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from agents import expiry
from agents.engine.store import Store
from agents.sending import parse_key
from deploy.simulator.comparison import compare
from schemas.events import Millis
from schemas.instants import parse
from schemas.partitioning import partition_of
from schemas.settings import Settings
from streams.windows import decode_cell, encode_cell
from tests.agents.driving import Pipeline, Row, bare
from tests.agents.test_windows import DAY, END, HOUR, MINUTE, START, called, floor, line, run_in_pieces, true_rows

SETTINGS = Settings(
    _env_file=None, row_interval=0, windows="1h,1d,all", dead_letter_share=1, keep_1h=20 * DAY, keep_1d=24 * DAY
)
SMALL = SETTINGS.model_copy(update={"groupings": "all;team"})


def settle(pipeline: Pipeline, clock: Millis) -> None:
    """Cycles until nothing more expires."""
    while True:
        before = sum(map(len, pipeline.published.values())), len(pipeline.partials)
        pipeline.commit(clock)
        if (sum(map(len, pipeline.published.values())), len(pipeline.partials)) == before:
            return


def cells_of(stores: list[Store], prefix: bytes) -> set[bytes]:
    keys = [key for store in stores for key, _ in store.scan(prefix)]
    return {cell for key in keys if (cell := key[1:] if prefix == b"c" else parse_key(key)[0]) is not None}


def is_kept(row: Row) -> bool:
    """By its day's end, in a calendar without summer time."""
    return row["window"] == "all" or parse(row["start"])[0] + DAY + SETTINGS.keep_1d > END


@pytest.mark.parametrize(("seed", "partitions"), [(31, 1), (33, 3)])
def test_what_stands_follows_from_the_events_and_the_clock_in_whatever_order_they_come(
    tmp_path: Path, seed: int, partitions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old windows may be made and dropped, or never made at all."""
    monkeypatch.setattr(expiry, "_A_CYCLE", 40)
    rng = random.Random(seed)
    lines = rng.sample(floor(seed), len(floor(seed)))
    divided = Pipeline(SETTINGS, tmp_path / "divided", partitions)
    run_in_pieces(divided, lines, rng, restarts=0.3)
    settle(divided, END)
    at_once = Pipeline(SETTINGS, tmp_path / "whole", partitions)
    at_once.commit(END)
    at_once.feed(floor(seed))
    settle(at_once, END)
    assert divided.standing_partials() == at_once.standing_partials()
    assert bare(divided.rows()) == bare(at_once.rows())
    true = [row for row in true_rows(seed) if is_kept(row)]
    told = [row for row in divided.told() if row["window"] != "1h"]
    assert 1_000 < len(true) < len(true_rows(seed)) - 1_000
    assert compare(told, true) == []


def test_what_expires_is_forgotten_everywhere_and_ended_in_every_topic(tmp_path: Path) -> None:
    """State, partials and rows: the last record of each key is a tombstone, so that compaction removes it."""
    pipeline = Pipeline(SETTINGS, tmp_path, 2)
    pipeline.feed(floor(31))
    pipeline.commit(START + DAY)
    ever_told, ever_sent = set(pipeline.rows()), {(key, p) for p, key, _ in pipeline.partials}
    settle(pipeline, START + 500 * DAY)
    left = {row["window"] for row in pipeline.rows().values()}
    kept, ended = set(pipeline.rows()), ever_told - pipeline.rows().keys()
    assert left == {"all"} and len(ended) > 3_000
    last = {(key, partition): value for partition, key, value in pipeline.partials}
    cells = {place: parse_key(place[0])[0] for place in ever_sent}
    expired = [place for place, cell in cells.items() if cell is not None and decode_cell(cell).window != "all"]
    assert len(expired) > 500 and not any(last[place] for place in expired)
    for stage, prefix in ((pipeline.leads, b"c"), (pipeline.windows, b"p")):
        assert {decode_cell(cell).window for cell in cells_of(stage._stores, prefix)} == {"all"}
    assert not any(made._finals for made in pipeline.windows.made)
    pipeline.restart()
    settle(pipeline, START + 500 * DAY)
    assert pipeline.rows().keys() == kept


def test_a_late_event_adds_nothing_to_an_expired_window_and_counts_in_those_that_are_kept(tmp_path: Path) -> None:
    pipeline = Pipeline(SMALL, tmp_path)
    pipeline.feed([line("lead.engaged", START)])
    settle(pipeline, START + 22 * DAY)
    pipeline.feed([line("lead.engaged", START, "lead-2"), called(START + MINUTE)])
    settle(pipeline, START + 22 * DAY)
    assert {row["window"] for row in pipeline.told()} == {"1d", "all"}
    assert pipeline.row("leads_created")["value"] == pipeline.row("leads_created", "1d")["value"] == 2
    assert pipeline.row("lead_response_time", "1d")["count"] == 1


def test_an_expired_window_stays_so_for_whoever_takes_over_with_a_clock_behind(tmp_path: Path) -> None:
    """The step of the clock is kept with what it let go, though nothing else was to be told."""
    quiet = SMALL.model_copy(update={"lead_facts": False, "windows": "1h", "kpis": "leads_created"})
    pipeline = Pipeline(quiet, tmp_path)
    last_kept = START + HOUR + quiet.keep_1h - 1_000
    pipeline.commit_leads(last_kept)
    pipeline.commit_leads(last_kept + 1_000)
    pipeline.feed([line("lead.engaged", START)])
    pipeline.commit_leads(last_kept + 1_000)
    pipeline.restart()
    pipeline.feed([line("lead.engaged", START, "lead-2")])
    settle(pipeline, last_kept)
    assert pipeline.told() == []


def test_a_row_stands_whole_until_every_source_is_past_its_window(tmp_path: Path) -> None:
    """A source whose clock is ahead ends its partial: the row must not shrink to the share of the others."""
    pipeline = Pipeline(SMALL, tmp_path, 2)
    names = [next(name for name in map(str, range(9)) if partition_of(name.encode(), 2) == n) for n in (0, 1)]
    pipeline.feed([line("lead.engaged", START, name) for name in names])
    pipeline.commit(START + HOUR)
    pipeline.commit_leads(START + 22 * DAY, [0])
    pipeline.commit_windows(START + 22 * DAY)
    pipeline.restart()
    pipeline.feed([called(START + MINUTE, names[1])])
    pipeline.commit_leads(START + 2 * HOUR, [1])
    pipeline.commit_windows(START + 22 * DAY)
    response = pipeline.row("lead_response_time", "1h")
    assert (response["count"], response["statistics"]["censored"]) == (1, 1)
    settle(pipeline, START + 22 * DAY)
    assert {row["window"] for row in pipeline.rows().values()} == {"1d", "all"}


def test_a_new_definition_makes_no_expired_window_anew_and_ends_those_that_it_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "_A_CYCLE", 1)
    pipeline = Pipeline(SMALL, tmp_path)
    pipeline.feed([line("lead.engaged", START + n * HOUR, f"lead-{n}") for n in (0, 1, 2, 21 * 24)])
    pipeline.commit(START + 20 * DAY)
    pipeline.restart(SMALL.model_copy(update={"clock_skew": 5 * MINUTE}))
    settle(pipeline, START + 22 * DAY)
    hours = {row["start"] for row in pipeline.rows().values() if row["window"] == "1h"}
    assert hours == {"2026-03-23T00:00:00Z"}
    last = {parse_key(key)[0]: value for _, key, value in pipeline.partials}
    assert [last[encode_cell("events", "all", (), "1h", START + n * HOUR)] for n in (0, 1, 2)] == [b""] * 3


def test_nothing_is_remembered_of_a_window_that_changed_as_it_expired(tmp_path: Path) -> None:
    """Its rows were not final yet, and were to be published again."""
    pipeline = Pipeline(SMALL, tmp_path)
    pipeline.feed([line("lead.engaged", START)])
    pipeline.commit(START + 20 * DAY)
    pipeline.feed([called(START + MINUTE)])
    pipeline.commit_leads(START + 20 * DAY)
    pipeline.commit_leads(START + 22 * DAY)
    pipeline.commit_windows(START + 22 * DAY)
    assert {row["window"] for row in pipeline.rows().values()} == {"1d", "all"}
    [leads], [windows] = pipeline.leads.made, pipeline.windows.made
    remembered = {
        *leads._held,
        *windows._held,
        *windows._dirty,
        *(c for cells in windows._finals.values() for c in cells),
    }
    assert {decode_cell(cell).window for cell in remembered} == {"1d", "all"}


def test_only_so_many_windows_expire_in_one_cycle_and_none_is_looked_for_between_two_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "_A_CYCLE", 5)
    pipeline = Pipeline(SMALL, tmp_path)
    pipeline.feed([line("lead.engaged", START + n * HOUR, f"lead-{n}") for n in range(20)])
    pipeline.commit(START + DAY)
    clock, ended = START + 22 * DAY, list[int]()
    while not ended or ended[-1]:
        before = len(pipeline.partials)
        pipeline.commit_leads(clock)
        ended.append(sum(not value for _, _, value in pipeline.partials[before:]))
    assert ended == [5] * 8 + [0]
    looks: list[bytes] = []

    def look(_: Store, first: bytes, end: bytes, limit: int) -> list[bytes]:
        looks.append(first)
        return []

    monkeypatch.setattr(Store, "keys", look)
    settle(pipeline, clock)
    looks.clear()
    pipeline.feed([called(START + 21 * DAY)])
    pipeline.commit(clock + 9 * MINUTE)
    assert looks == []
    pipeline.commit(clock + 10 * MINUTE)
    assert looks
