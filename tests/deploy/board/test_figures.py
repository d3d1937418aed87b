"""Rows of KPIs put together for the floor."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.board import figures
from deploy.board.live import Live
from deploy.board.recorded import Recorded
from deploy.policy_check import EXAMPLE, check
from schemas.policy import NOTHING
from schemas.results import KpiRow
from schemas.settings import Settings
from sinks.floor import Floor

Row = dict[str, Any]


def row(kpi: str, count: int = 1, value: float | None = 1.0, revision: int = 1, window: str = "1d", **of: Any) -> Row:
    statistics = of.pop("statistics", {})
    return {
        "kpi": kpi, "grouping": ",".join(of) or "all", "dimensions": of, "window": window,
        "start": "2026-11-30T00:00:00Z",
        "value": value, "count": count, "numerator": 1, "denominator": count, "statistics": statistics,
        "revision": revision,
    }  # fmt: skip


def owned(**told: Any) -> KpiRow:
    return KpiRow(**row(**told), end=None, basis="engaged")


def test_of_two_rows_of_a_place_the_one_with_the_greater_revision_stands() -> None:
    """Ours is newer than what ClickHouse has of it, unless another worker has taken the partition over."""
    mine, other, place = owned(kpi="reply_rate", count=5, revision=7), "reply_rate", ("reply_rate", ())
    for revision, count in ((6, 5), (8, 9)):
        standing = figures.standing([mine], [row(other, count=9, revision=revision)], "1d")
        assert standing[place]["count"] == count


def test_only_the_window_asked_for_and_what_is_of_now_is_shown() -> None:
    rows = [row("reply_rate", window=window) for window in ("1h", "1d")] + [row("open_leads", window="all")]
    assert {kpi: each["window"] for (kpi, _), each in figures.standing([], rows, "1h").items()} == {
        "reply_rate": "1h",
        "open_leads": "all",
    }


def test_those_in_whose_group_most_leads_wait_come_first() -> None:
    waiting = {"a": 1, "b": 3, "c": 3, "d": 0}
    rows = [row("open_leads", window="all", count=n, team=team) for team, n in waiting.items()]
    made = figures.groups(figures.standing([], rows, "1d"))
    assert [(group["of"], group["open"]) for group in made] == [(["b"], 3), (["c"], 3), (["a"], 1), (["d"], 0)]


def test_a_share_of_nothing_and_a_time_that_nobody_took_are_nothing() -> None:
    found = figures.figures({"reply_rate": row("reply_rate", count=0, value=None)})
    assert (found["replied"], found["response"], found["open"], found["oldest"]) == (None, None, 0, None)
    bounded = row("lead_response_time", statistics={"p50": 4.0, "p90": 9.0, "lower_bounds": ["p90"], "censored": 2})
    assert figures.figures({"lead_response_time": bounded})["response"] == {
        "p50": 4.0, "p90": 9.0, "at_least": ["p90"], "answered": 1, "open": 2,
    }  # fmt: skip


def test_the_target_is_that_of_the_policy_for_hot_leads() -> None:
    assert figures.target(NOTHING) is None
    found = figures.target(check(EXAMPLE)[0])
    assert found is not None
    assert (found.policy, found.seconds, found.warning < found.seconds) == ("hot-first-response", 300, True)


@pytest.mark.parametrize(("rep_level", "shown"), [("on", [True, True]), ("5", [True, False]), ("10", [False, False])])
def test_of_a_rep_with_fewer_cases_than_are_asked_for_only_what_waits_is_shown(
    rep_level: str, shown: list[bool]
) -> None:
    settings = Settings(_env_file=None, rep_level=rep_level)
    floor = Floor()
    floor.open(0, 1)
    for rep, n in (("r-1", 9), ("r-2", 4)):
        for kpi in ("reply_rate", "follow_up_rate", "response_within_sla", "lead_response_time"):
            floor.update(0, owned(kpi=kpi, count=n, rep=rep))
        floor.update(0, owned(kpi="open_leads", count=n, window="all", rep=rep))
    live = Live(settings, NOTHING, floor, [], Recorded(settings, NOTHING))
    groups = live.look("rep", "1d")["groups"]
    assert [group["open"] for group in groups] == [9, 4]
    for name in ("replied", "followed_up", "kept", "response"):
        assert [group[name] is not None for group in groups] == shown
