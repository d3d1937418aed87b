"""Deals as they stand now, in both stages: the same as counted from scratch, whenever and in whatever order."""

from __future__ import annotations

import random
from pathlib import Path

from deploy.simulator.truth import compare, truth
from schemas.settings import Settings
from tests.agents.driving import Pipeline, bare
from tests.streams.selling import sold

DAY = 86_400_000
END = 1_774_137_600_000
KPIS = ("open_pipeline", "weighted_pipeline", "stage_age", "stagnant_deals", "pipeline_velocity")
SETTINGS = Settings(_env_file=None, kpis=",".join(KPIS))


def true(lines: list[bytes], clock: int) -> list[dict[str, object]]:
    return [row for row in truth(lines, SETTINGS, clock)["kpis"] if row["kpi"] in KPIS]


def test_deals_come_and_go_with_events_and_with_time(tmp_path: Path) -> None:
    """Half of the events at once, the rest in another order and after a restart; then only time passes."""
    lines = sold(7, 60, END)
    driven = Pipeline(SETTINGS, tmp_path / "driven", partitions=2)
    driven.feed(lines[::2])
    driven.commit(END - 2 * DAY)
    driven.restart()
    driven.feed([*lines[1::2], *lines[::7]])
    driven.commit(END)
    assert compare(driven.told(), true(lines, END)) == []
    driven.restart()
    driven.commit(END + 40 * DAY)
    driven.commit(END + 40 * DAY)
    assert compare(driven.told(), true(lines, END + 40 * DAY)) == []


def test_what_is_selected_anew_is_counted_from_the_timelines(tmp_path: Path) -> None:
    lines = sold(8, 30, END)
    driven = Pipeline(SETTINGS.model_copy(update={"kpis": "deals_won"}), tmp_path / "driven")
    driven.feed(lines)
    driven.commit(END)
    driven.restart(SETTINGS)
    driven.commit(END)
    fresh = Pipeline(SETTINGS, tmp_path / "fresh")
    random.Random(1).shuffle(lines)
    fresh.feed(lines)
    fresh.commit(END)
    found = {key: row for key, row in bare(driven.rows()).items() if row["kpi"] in KPIS}
    assert found == bare(fresh.rows()) != {}


def test_a_forgotten_lead_has_no_open_deals(tmp_path: Path) -> None:
    lines = [line for line in sold(9, 3, END) if b"account-0" in line]
    driven = Pipeline(SETTINGS, tmp_path / "driven")
    driven.feed(lines)
    driven.commit(END)
    assert driven.told()
    driven.forget("account-0", END)
    driven.commit(END + DAY)
    driven.commit(END + 2 * DAY)
    assert driven.told() == []
