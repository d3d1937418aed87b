"""Stage 2, driven by hand: rows equal the truth, however the work is cut up and divided."""

from __future__ import annotations

import random
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest

from agents import windows as module
from agents.sending import parse_key
from deploy.simulator.comparison import compare
from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import simulate
from deploy.simulator.script import spell
from deploy.simulator.truth import truth
from schemas.events import Millis
from schemas.settings import Settings
from tests.agents.driving import Pipeline, Row, bare, is_empty

SETTINGS = Settings(_env_file=None, row_interval=0, windows="1d,all", dead_letter_share=1)
HOURS = SETTINGS.model_copy(update={"windows": "1h,1d,all"})
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
START: Millis = 1_772_409_600_000
"""Monday, 2026-03-02, 00:00 UTC."""
END = START + 30 * DAY
_idents = count(1)


def line(kind: str, at: Millis, lead: str = "lead-1", **data: Any) -> bytes:
    event = {"specversion": "1.0", "id": f"e-{next(_idents)}", "source": "crm", "type": kind, "subject": lead}
    return orjson.dumps(event | {"time": spell(at, "crm"), "data": data})


def called(at: Millis, lead: str = "lead-1", **data: Any) -> bytes:
    return line("call.completed", at, lead, direction="outbound", **data)


@cache
def floor(seed: int) -> list[bytes]:
    """Events of every type, with everything wrong with them."""
    spoilt = disturb(simulate(seed, 150), seed, duplicates=0.1, late=0.1, malformed=0.02, conflicts=0.05)
    return list(spoilt)


@cache
def true_rows(seed: int) -> list[Row]:
    """A row of nothing out of nothing cannot be told from one that was taken back: neither is compared."""
    return [row for row in truth(floor(seed), SETTINGS, END)["kpis"] if not is_empty(row)]


def run_in_pieces(pipeline: Pipeline, lines: list[bytes], rng: random.Random, restarts: float = 0.0) -> None:
    """Both stages by turns, each as often as it happens to be, up to the end of the month."""
    while lines:
        size = rng.choice([20, 100, 300])
        pipeline.feed(lines[:size])
        lines = lines[size:]
        clock = END - len(lines) * HOUR
        number = rng.randrange(pipeline.partitions)
        pipeline.commit_leads(clock, None if rng.random() < 0.5 else [number])
        if rng.random() < 0.7:
            pipeline.commit_windows(clock)
        if rng.random() < restarts:
            pipeline.commit(clock)
            pipeline.restart()
    pipeline.commit(END)
    pipeline.commit(END)


@pytest.mark.parametrize("seed", [31, 33])
def test_rows_equal_the_truth(tmp_path: Path, seed: int) -> None:
    pipeline = Pipeline(SETTINGS, tmp_path)
    pipeline.feed(floor(seed))
    pipeline.commit(END)
    assert len(true_rows(seed)) > 3_000
    assert compare(pipeline.told(), true_rows(seed)) == []


@pytest.mark.parametrize(("seed", "partitions"), [(31, 1), (31, 3), (33, 4)])
def test_any_order_cut_up_and_divided_between_partitions_gives_the_same_rows(
    tmp_path: Path, seed: int, partitions: int
) -> None:
    """Events shuffled, cycles of any size, restarts, one to four partitions; every key has one home."""
    rng = random.Random(seed)
    lines = rng.sample(floor(seed), len(floor(seed)))
    divided = Pipeline(SETTINGS, tmp_path / "divided", partitions)
    run_in_pieces(divided, lines, rng, restarts=0.3)
    assert compare(divided.told(), true_rows(seed)) == []
    whole = Pipeline(SETTINGS, tmp_path / "whole")
    whole.feed(floor(seed))
    whole.commit(END)
    assert bare(divided.rows()) == bare(whole.rows())


def test_a_row_is_published_by_one_partition_only(tmp_path: Path) -> None:
    """A compacted topic keeps the last of each key, and a gauge must not be shown by two workers."""
    divided = Pipeline(SETTINGS, tmp_path, 4)
    divided.feed(floor(31))
    divided.commit_leads(END)
    owners: dict[bytes, set[int]] = {}
    for number in range(4):
        for sent in divided.windows.cycle(number, END):
            assert sent.partition == number
            for key, _ in sent.records:
                owners.setdefault(key, set()).add(number)
    assert len(owners) > 3_000
    assert {len(found) for found in owners.values()} == {1}
    assert set.union(*owners.values()) == {0, 1, 2, 3}


def test_later_revisions_of_a_row_are_greater(tmp_path: Path) -> None:
    pipeline = Pipeline(SETTINGS, tmp_path, 2)
    run_in_pieces(pipeline, list(floor(31)), random.Random(1), restarts=0.3)
    revisions: dict[bytes, int] = {}
    repeated = 0
    for topic, records in pipeline.published.items():
        if topic.startswith("kpi."):
            for key, value in records:
                revision = orjson.loads(value)["revision"]
                assert revision > revisions.get(key, 0)
                repeated += key in revisions
                revisions[key] = revision
    assert repeated > 1_000


def test_a_correction_takes_a_published_row_back(tmp_path: Path) -> None:
    pipeline = Pipeline(HOURS, tmp_path)
    pipeline.feed([line("lead.engaged", START + 10 * HOUR, team="a")])
    pipeline.commit(END)
    [before] = [
        row
        for row in pipeline.told()
        if row["kpi"] == "leads_created" and row["window"] == "1h" and row["grouping"] == "all"
    ]
    pipeline.feed([line("lead.engaged", START + 8 * HOUR, team="b")])
    pipeline.commit(END)
    found = {
        (row["grouping"], row["start"][11:13], *row["dimensions"].values()): row["value"]
        for row in pipeline.rows().values()
        if row["kpi"] == "leads_created" and row["window"] == "1h" and row["grouping"] in ("all", "team")
    }
    assert before["value"] == 1
    assert found == {("all", "08"): 1, ("all", "10"): 0, ("team", "08", "b"): 1, ("team", "10", "a"): 0}


def test_only_rows_that_changed_are_published(tmp_path: Path) -> None:
    pipeline = Pipeline(SETTINGS, tmp_path)
    pipeline.feed(floor(31))
    pipeline.commit(END)
    pipeline.published.clear()
    pipeline.feed([line("deal.renewed", START, "lead-of-no-kpi", deal_id="d-1")])
    pipeline.commit(END + SECOND)
    assert pipeline.rows() == {}


# Time


def test_a_row_turns_final_when_every_source_has_passed_its_horizon(tmp_path: Path) -> None:
    """Follow-up of Monday: the day's end, 24 hours, one hour of lateness. One source that lags holds it back."""
    pipeline = Pipeline(SETTINGS, tmp_path, 2)
    pipeline.feed([line("lead.engaged", START + 9 * HOUR), called(START + 10 * HOUR)])
    due = START + DAY + 24 * HOUR + HOUR

    def is_final() -> bool:
        pipeline.commit_windows(END)
        return bool(pipeline.row("follow_up_rate", "1d")["final"])

    pipeline.commit_leads(due - 10 * SECOND)
    assert not is_final()
    pipeline.commit_leads(due, only=[0])
    assert not is_final()
    pipeline.commit_leads(due, only=[1])
    assert is_final()
    assert not pipeline.row("lead_response_time", "1d")["final"]
    assert not pipeline.row("follow_up_rate", "all")["final"]


def test_a_correction_of_a_final_row_is_final_too(tmp_path: Path) -> None:
    pipeline = Pipeline(SETTINGS, tmp_path)
    pipeline.feed([line("lead.engaged", START)])
    pipeline.commit(END)
    assert (pipeline.row("follow_up_rate", "1d")["value"], pipeline.row("follow_up_rate", "1d")["final"]) == (0.0, True)
    pipeline.feed([called(START + MINUTE)])
    pipeline.commit(END)
    assert (pipeline.row("follow_up_rate", "1d")["value"], pipeline.row("follow_up_rate", "1d")["final"]) == (1.0, True)


def test_a_row_turns_final_after_a_restart_too(tmp_path: Path) -> None:
    pipeline = Pipeline(SETTINGS, tmp_path)
    pipeline.feed([line("lead.engaged", START)])
    pipeline.commit(START + DAY)
    pipeline.restart()
    pipeline.commit(END)
    assert pipeline.row("follow_up_rate", "1d")["final"]


def test_the_watermark_of_a_row_is_that_of_the_source_that_lags_most(tmp_path: Path) -> None:
    pipeline = Pipeline(SETTINGS, tmp_path, 2)
    pipeline.feed([line("lead.engaged", START)])
    pipeline.commit_leads(START + 2 * HOUR, only=[0])
    pipeline.commit_leads(START + HOUR, only=[1])
    pipeline.commit_windows(END)
    assert pipeline.row("leads_created")["watermark"] == "2026-03-02T01:00:00Z"


def test_no_row_is_told_before_it_is_known_up_to_when_it_is_true(tmp_path: Path) -> None:
    """A broker that comes back answers for some topics first: stage 1 then knows of leads, and of no time yet."""
    pipeline = Pipeline(SETTINGS, tmp_path, 2)
    pipeline.feed([line("lead.engaged", START)])
    pipeline.commit(0)
    pipeline.commit_leads(END, only=[0])
    pipeline.commit_windows(END)
    assert pipeline.rows() == {}
    pipeline.restart()
    pipeline.commit_leads(END, only=[1])
    pipeline.commit_windows(END)
    assert {row["watermark"] for row in pipeline.rows().values()} == {spell(END, "crm")[:19] + "Z"}
    assert pipeline.row("oldest_open_lead")["value"] == (END - START) / 1000


def test_open_leads_grow_older_though_nothing_happens(tmp_path: Path) -> None:
    pipeline = Pipeline(SETTINGS, tmp_path)
    pipeline.feed([line("lead.engaged", START)])
    ages = []
    for clock in (START + MINUTE, START + 10 * MINUTE, START + 2 * DAY):
        pipeline.commit(clock)
        bands = pipeline.row("open_leads")["statistics"]["bands"]
        ages.append((pipeline.row("oldest_open_lead")["value"], [band for band, n in bands.items() if n]))
    assert ages == [(60.0, ["300"]), (600.0, ["900"]), (172_800.0, ["older"])]


def test_the_longest_wait_changes_with_the_leads_that_wait(tmp_path: Path) -> None:
    """In the same cycle, not when the rows of *now* are next due for another look at the clock."""
    pipeline = Pipeline(SETTINGS, tmp_path)
    first, second = line("lead.engaged", START - HOUR, "lead-2"), line("lead.engaged", START)
    waits = []
    for happened in (first, second, called(START, "lead-2")):
        pipeline.feed([happened])
        pipeline.commit(START + MINUTE)
        waits.append((pipeline.row("open_leads")["value"], pipeline.row("oldest_open_lead")["value"]))
    assert waits == [(1, 3660.0), (2, 3660.0), (1, 60.0)]


def test_one_open_lead_in_the_place_of_another_is_told_at_once(tmp_path: Path) -> None:
    """Their number is the same, the oldest is not."""
    pipeline = Pipeline(SETTINGS, tmp_path)
    pipeline.feed([line("lead.engaged", START, "lead-1")])
    pipeline.commit(START + 10 * SECOND)
    pipeline.feed([called(START + SECOND, "lead-1"), line("lead.engaged", START + 4 * SECOND, "lead-2")])
    pipeline.commit(START + 10 * SECOND)
    assert (pipeline.row("open_leads")["value"], pipeline.row("oldest_open_lead")["value"]) == (1, 6)


# Long cycles and restarts


def test_what_one_cycle_cannot_publish_the_next_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the worker is killed in between: the partials were committed with the first part."""
    monkeypatch.setattr(module, "_CELLS_A_CYCLE", 100)
    pipeline = Pipeline(SETTINGS, tmp_path)
    pipeline.feed(floor(33))
    pipeline.commit_leads(END)
    pipeline.windows.made[0].tick(END, frozenset())
    for _ in range(3):
        for sent in pipeline.windows.once(0):
            pipeline._publish(sent)
        pipeline.restart()
        assert pipeline.windows.made[0].has_more
    told = len(pipeline.told())
    pipeline.commit(END)
    assert 0 < told < len(pipeline.told())
    assert compare(pipeline.told(), true_rows(33)) == []


def test_a_row_that_has_to_be_taken_back_is_so_after_a_kill_between_two_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was published of a cell is kept until its correction is out."""
    pipeline = Pipeline(HOURS, tmp_path)
    pipeline.feed([line("lead.engaged", START + 10 * HOUR)])
    pipeline.commit(END)
    monkeypatch.setattr(module, "_CELLS_A_CYCLE", 0)
    pipeline.feed([line("lead.engaged", START + 8 * HOUR)])
    pipeline.commit_leads(END)
    pipeline.windows.once(0)
    monkeypatch.undo()
    pipeline.restart()
    pipeline.commit(END)
    values = {
        row["start"][11:13]: row["value"]
        for row in pipeline.rows().values()
        if row["kpi"] == "leads_created" and row["window"] == "1h" and row["grouping"] == "all"
    }
    assert values == {"08": 1, "10": 0}


def test_cells_that_were_long_out_of_memory_have_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CELLS_KEPT", 50)
    pipeline = Pipeline(SETTINGS, tmp_path, 2)
    run_in_pieces(pipeline, list(floor(33)), random.Random(2))
    assert len(pipeline.windows.made[0]._held) <= 50
    assert compare(pipeline.told(), true_rows(33)) == []


# Partials by what was added


def test_a_partial_counts_whole_where_the_one_before_it_was_not_seen(tmp_path: Path) -> None:
    """A compacted topic may be without it: what was added since then is not what was added since the one held."""
    pipeline = Pipeline(SETTINGS, tmp_path)
    for number in range(6):
        pipeline.feed([called(START + number * HOUR, f"lead-{number}"), line("lead.engaged", START, f"lead-{number}")])
        sent = pipeline.leads.cycle(0, END)
        if number % 3 != 1:
            for part in sent:
                if part.topic == SETTINGS.topic("internal.partials"):
                    pipeline._hand_on(pipeline.windows, part)
            pipeline.commit_windows(END)
    assert pipeline.row("leads_created")["value"] == 6
    assert pipeline.row("lead_response_time")["count"] == 6


def test_of_most_partials_only_what_was_added_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole: list[Any] = []
    read = module.Windows._counted

    def counted(self: module.Windows, part: Any) -> Any:
        whole.append(part)
        return read(self, part)

    monkeypatch.setattr(module.Windows, "_counted", counted)
    pipeline = Pipeline(SETTINGS, tmp_path)
    lines = floor(33)
    pipeline.feed(lines[: len(lines) // 2])
    pipeline.commit(END)
    whole.clear()
    for one in lines[len(lines) // 2 :]:
        pipeline.feed([one])
        pipeline.commit_leads(END)
    pipeline.commit_windows(END)
    assert whole, "the first of each cell, and what was out of memory"
    partials = sum(parse_key(key)[0] is not None for _, key, _ in pipeline.partials)
    assert sum(part is not None and part.since is not None for part in whole) < partials / 10
    assert compare(pipeline.told(), true_rows(33)) == []


# Delivery is judged over all sources


def test_what_a_lost_state_said_last_counts_for_nothing_once_another_has_begun(tmp_path: Path) -> None:
    """Read in another order, its successor may never come by a cell that held something at the end."""
    engaged, call = line("lead.engaged", START, team="emea-1", owner="ann"), called(START + MINUTE)
    pipeline, fresh = Pipeline(SETTINGS, tmp_path / "lost"), Pipeline(SETTINGS, tmp_path / "fresh")
    pipeline.feed([call])
    pipeline.commit(END)
    assert {row["dimensions"]["team"] for row in pipeline.told() if row["grouping"] == "team"} == {"unassigned"}
    pipeline.lose_leads()
    for each in (pipeline, fresh):
        each.feed([engaged, call])
        each.commit(END)
        each.commit(END)
    assert bare(pipeline.rows()) == bare(fresh.rows()) != {}


def test_the_first_delivery_that_a_source_reports_changes_every_row_of_its_messages(tmp_path: Path) -> None:
    """Until then its messages count as delivered; the report may come from another partition, days later."""
    leads = [f"lead-{n}" for n in range(6)]
    pipeline = Pipeline(SETTINGS, tmp_path, 3)
    pipeline.feed(
        line("email.sent", START + n * DAY, lead, message_id=lead, team=f"team-{n}") for n, lead in enumerate(leads)
    )
    pipeline.commit(END)
    assert pipeline.row("delivery_rate")["value"] == 1.0
    pipeline.feed([line("email.delivered", START + HOUR, leads[0], message_id=leads[0])])
    pipeline.commit(END)
    pipeline.commit(END)
    assert pipeline.row("delivery_rate")["numerator"] == 1
    assert [pipeline.row("delivery_rate", team=f"team-{n}")["value"] for n in range(6)] == [1.0, 0, 0, 0, 0, 0]


# A new definition

NARROW = SETTINGS.model_copy(update={"groupings": "all;source", "follow_up_horizon": HOUR})


def test_rows_follow_a_new_definition_and_those_it_does_not_have_turn_to_nothing(tmp_path: Path) -> None:
    pipeline = Pipeline(SETTINGS, tmp_path / "changed", 3)
    pipeline.feed(floor(31))
    pipeline.commit(END)
    pipeline.restart(NARROW)
    pipeline.commit(END)
    anew = Pipeline(NARROW, tmp_path / "anew", 3)
    anew.feed(floor(31))
    anew.commit(END)
    shown = {key: row for key, row in pipeline.rows().items() if row["grouping"] in ("all", "source")}
    assert bare(shown) == bare(anew.rows())


def test_rows_stay_as_they_are_until_every_source_has_told_all_by_the_new_definition(tmp_path: Path) -> None:
    """Also where stage 2 is restarted in between. The last source makes them switch, all at once."""
    pipeline = Pipeline(SETTINGS, tmp_path / "changed", 3)
    pipeline.feed(floor(31))
    pipeline.commit(END)
    before = bare(pipeline.rows())
    pipeline.restart(NARROW)
    for number in (0, 1):
        pipeline.commit_leads(END, only=[number])
        pipeline.commit_windows(END)
        pipeline.restart()
        pipeline.commit_windows(END)
        assert bare(pipeline.rows()) == before
    pipeline.commit(END)
    anew = Pipeline(NARROW, tmp_path / "anew", 3)
    anew.feed(floor(31))
    anew.commit(END)
    shown = {key: row for key, row in pipeline.rows().items() if row["grouping"] in ("all", "source")}
    assert bare(shown) == bare(anew.rows())


def test_a_new_definition_that_is_taken_back_lets_rows_go_on(tmp_path: Path) -> None:
    """One source told all by the new one, then all by the old one again."""
    pipeline = Pipeline(SETTINGS, tmp_path, 3)
    pipeline.feed(floor(31))
    pipeline.commit(END)
    before, leads = bare(pipeline.rows()), pipeline.row("leads_created")["value"]
    pipeline.restart(NARROW)
    pipeline.commit_leads(END, only=[0])
    pipeline.commit_windows(END)
    pipeline.restart(SETTINGS)
    pipeline.commit(END)
    assert bare(pipeline.rows()) == before
    pipeline.feed([line("lead.engaged", START, "lead-new")])
    pipeline.commit(END)
    assert pipeline.row("leads_created")["value"] == leads + 1


def test_partials_of_a_new_definition_hold_rows_back_before_their_watermark_is_there(tmp_path: Path) -> None:
    """A fetch may end between them, and the worker may be killed then."""
    pipeline = Pipeline(SETTINGS, tmp_path, 2)
    pipeline.feed(floor(31))
    pipeline.commit(END)
    before = bare(pipeline.rows())
    pipeline.restart(NARROW)
    for sent in pipeline.leads.cycle(0, END):
        if sent.topic == SETTINGS.topic("internal.partials"):
            pipeline._hand_on(pipeline.windows, sent._replace(records=sent.records[:-1]))
    pipeline.commit_windows(END)
    pipeline.restart(NARROW)
    pipeline.commit_windows(END)
    assert bare(pipeline.rows()) == before


# Metrics


def test_a_partition_that_is_given_back_shows_no_row_and_shows_them_again_when_taken_over(tmp_path: Path) -> None:
    pipeline = Pipeline(SETTINGS, tmp_path)
    pipeline.feed([line("lead.engaged", END - HOUR, team="emea-1")])
    pipeline.commit(END)
    shown = b'sales_kpi_count{kpi="leads_created"'
    assert b"sales_open_leads{" in pipeline.metrics.exposition()[0]
    pipeline.windows.made[0].close()
    assert b"sales_open_leads{" not in pipeline.metrics.exposition()[0]
    assert shown not in pipeline.metrics.exposition()[0]
    pipeline.restart()
    assert b'sales_open_leads{team="emea-1",temperature="unknown"} 1.0' in pipeline.metrics.exposition()[0]
