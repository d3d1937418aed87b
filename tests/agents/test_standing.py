"""Deals as they stand now, in both stages: the same as counted from scratch, whenever and in whatever order."""

from __future__ import annotations

import random
from pathlib import Path

from deploy.simulator.truth import compare, truth
from schemas.policy import NOTHING
from schemas.results import timestamp
from schemas.settings import Settings
from tests.agents.driving import Pipeline, bare
from tests.agents.test_leads import line
from tests.policy_files import HEAD, parsed, policy
from tests.streams.selling import sold

DAY = 86_400_000
END = 1_774_137_600_000
KPIS = ("open_pipeline", "weighted_pipeline", "stage_age", "stagnant_deals", "pipeline_velocity")
SETTINGS = Settings(_env_file=None, kpis=",".join(KPIS))
TEN_DAYS = parsed(
    HEAD + policy("stay", 1, clock='"stage"', when__stage='"proposal"', target='"10 calendar days"', calendar="")
)


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


def moved(deal: str, at: int, stage: str) -> bytes:
    return line("deal.stage_changed", at, f"lead of {deal}", deal_id=deal, stage=stage)


def stagnant(driven: Pipeline, **dimensions: str) -> tuple[object, object, object]:
    """Deals that are, those with a policy, and all that are open in the stage."""
    [row] = [
        row
        for row in driven.told()
        if row["kpi"] == "stagnant_deals" and row["dimensions"] == {"stage": "proposal", **dimensions}
    ]
    return row["value"], row["statistics"]["by_policy"], row["statistics"]["open"]


def test_a_deal_is_stagnant_when_it_stays_longer_than_the_policy_of_its_stage_allows(tmp_path: Path) -> None:
    driven = Pipeline(SETTINGS, tmp_path, policies=TEN_DAYS)
    opened = line("deal.opened", END, "lead of a", deal_id="a", stage="proposal", team="t-1")
    driven.feed([opened, moved("b", END + DAY, "proposal"), moved("c", END, "contract")])
    driven.commit(END + 10 * DAY)
    assert stagnant(driven) == (0, 2, 2)
    driven.commit(END + 10 * DAY + 1)
    assert (stagnant(driven), stagnant(driven, team="t-1")) == ((1, 2, 2), (1, 1, 1))
    driven.restart()
    driven.commit(END + 12 * DAY)
    assert stagnant(driven) == (2, 2, 2)
    driven.feed([line("deal.won", END + 12 * DAY, "lead of a", deal_id="a")])
    driven.commit(END + 13 * DAY)
    assert stagnant(driven) == (1, 1, 1)
    driven.forget("lead of b", END + 13 * DAY)
    driven.commit(END + 14 * DAY)
    assert [row for row in driven.told() if row["dimensions"].get("stage") == "proposal"] == []


def test_deals_that_no_policy_is_for_are_held_to_what_is_usual(tmp_path: Path) -> None:
    """Twenty visits of three days are usual; the lead of one deal was closed, so that no clock runs for it."""
    usual = [
        moved(f"past-{n}", END + day * DAY, stage)
        for n in range(20)
        for day, stage in ((0, "proposal"), (3, "contract"))
    ]
    closed = [
        line("lead.engaged", END, "lead of c"),
        moved("c", END + DAY, "proposal"),
        line("lead.closed", END + 2 * DAY, "lead of c"),
    ]
    driven = Pipeline(SETTINGS, tmp_path, policies=TEN_DAYS)
    driven.feed([*usual, *closed, moved("a", END + DAY, "proposal")])
    driven.commit(END + 8 * DAY)
    assert stagnant(driven) == (1, 1, 2), "one of usual length, one by its policy is not there for too long yet"
    driven.restart(policies=NOTHING)
    driven.commit(END + 8 * DAY)
    assert stagnant(driven) == (2, 0, 2)
    driven.restart(policies=TEN_DAYS)
    driven.commit(END + 12 * DAY)
    assert stagnant(driven) == (2, 1, 2)


def test_what_is_planned_is_missed_or_not_once_it_has_come_due(tmp_path: Path) -> None:
    """Until then it is no part of the share, neither of its day nor of all; one that is put off waits again."""
    settings = Settings(_env_file=None, kpis="planned_activities,no_show_rate", windows="1d,all")

    def planned(name: str, due: int, at: int = END) -> bytes:
        return line("call.scheduled", at, f"lead of {name}", call_id=name, due_at=timestamp(due))

    def shares() -> list[tuple[int, int]]:
        rows = [row for row in driven.told() if (row["kpi"], row["grouping"]) == ("no_show_rate", "all")]
        return sorted((row["numerator"], row["denominator"]) for row in rows)

    driven = Pipeline(settings, tmp_path)
    driven.feed([planned("a", END + 2 * DAY), planned("b", END + 2 * DAY), planned("c", END + 5 * DAY)])
    driven.commit(END + 2 * DAY - 1)
    assert (shares(), driven.row("planned_activities")["count"]) == ([], 3)
    driven.restart()
    driven.commit(END + 2 * DAY)
    driven.commit(END + 2 * DAY)
    assert shares() == [(0, 2), (0, 2)]
    driven.feed([line("call.missed", END + 2 * DAY, "lead of a", call_id="a"), planned("b", END + 4 * DAY, END + DAY)])
    driven.commit(END + 3 * DAY)
    assert shares() == [(1, 1), (1, 1)]
    driven.commit(END + 5 * DAY)
    driven.commit(END + 5 * DAY)
    assert shares() == [(0, 1), (0, 1), (1, 1), (1, 3)]
