"""The rendered dashboards: what is in them, and that all of it can be seen."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest

from deploy.policy_check import EXAMPLE, check
from deploy.promises import hot, seconds
from deploy.render.grafana import files_of
from deploy.render.grafana.words import meaning
from schemas import recorded_kpis
from schemas.catalogue import by_name
from schemas.policy import NOTHING
from tests.deploy.grafana.boards import BOARDS, named, panels, queries

Json = dict[str, Any]
boards = pytest.mark.parametrize("name", BOARDS)


def cells(panel: Json) -> set[tuple[int, int]]:
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


@boards
def test_nothing_overlaps_and_nothing_leaves_the_grid_of_24_columns(name: str) -> None:
    shown = BOARDS[name]["panels"]
    for panel in shown:
        at = panel["gridPos"]
        assert (at["x"] >= 0, at["x"] + at["w"] <= 24, at["h"] > 0) == (True, True, True), panel["title"]
    for one, other in combinations(shown, 2):
        assert not cells(one) & cells(other), (one["title"], other["title"])
    assert len({panel["id"] for panel in shown}) == len(shown)


@boards
def test_no_column_of_a_full_row_is_left_empty(name: str) -> None:
    widths: dict[int, int] = {}
    for panel in BOARDS[name]["panels"]:
        widths[panel["gridPos"]["y"]] = widths.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
    assert set(widths.values()) == {24}


@boards
def test_a_dashboard_has_the_variables_that_its_queries_links_and_titles_name_and_no_others(name: str) -> None:
    board = BOARDS[name]
    there = {variable["name"] for variable in board["templating"]["list"]}
    asked = {text for query in queries() if query.board == name for text in named(query.text)}
    titled = {text for panel in board["panels"] for text in named(panel["title"])}
    assert asked | titled == there
    linked = {text for panel in panels(board) for url in urls(panel) for text in named(url)}
    assert linked <= there


def urls(panel: Json) -> list[str]:
    config = panel["fieldConfig"]
    links = list(config["defaults"].get("links", []))
    for override in config["overrides"]:
        links += [link for each in override["properties"] if each["id"] == "links" for link in each["value"]]
    return [link["url"] for link in links]


def test_a_number_leads_to_its_leads_and_a_lead_to_what_happened_to_it() -> None:
    leads = {variable["name"]: variable for variable in BOARDS["leads.json"]["templating"]["list"]}
    shows = set(leads["show"]["query"].split(","))
    wanted = set()
    for board in BOARDS.values():
        for panel in panels(board):
            for url in urls(panel):
                if url.startswith("/d/"):
                    assert url.startswith(f"/d/{BOARDS['leads.json']['uid']}?")
                    assert set(re.findall(r"var-(\w+)=", url)) <= set(leads)
                    wanted |= set(re.findall(r"var-show=(\w+)", url))
    assert wanted == shows
    [listed, *_] = panels(BOARDS["leads.json"])
    assert [url.partition("$")[0] for url in urls(listed)][1:] == [
        "https://salespulse.example/leads/",
        "https://crm.example/leads/",
    ]


@boards
def test_every_panel_says_what_it_shows_and_in_which_unit(name: str) -> None:
    for panel in panels(BOARDS[name]):
        assert len(panel["description"]) > 10, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_every_kpi_that_is_asked_for_is_in_a_catalogue() -> None:
    for query in queries():
        for kpi in re.findall(r"""kpi(?:=~?"|\s=\s')(\w+)""", query.text):
            assert kpi in by_name or kpi.startswith("target_"), query.name


def test_descriptions_are_those_of_the_catalogues() -> None:
    [panel] = [panel for panel in panels(BOARDS["floor.json"]) if panel["title"] == "Followed up"]
    assert panel["description"] == meaning("follow_up_rate")
    assert by_name["follow_up_rate"].definition in panel["description"]
    assert "`SALESPULSE_FOLLOW_UP_HORIZON`" in panel["description"]
    assert recorded_kpis.by_name["forecast"].definition in meaning("forecast")


def test_the_colours_of_a_response_time_are_those_of_the_policy() -> None:
    policy = hot(check(EXAMPLE)[0])
    assert policy is not None
    assert (policy.name, seconds(policy)) == ("hot-first-response", 300)
    [panel] = [panel for panel in panels(BOARDS["floor.json"]) if panel["title"] == "Response time, median"]
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["value"], step["color"]) for step in steps] == [(None, "green"), (180, "yellow"), (300, "red")]


def test_there_are_dashboards_without_any_policy() -> None:
    assert set(files_of(NOTHING)) == set(files_of(check(EXAMPLE)[0]))


@boards
def test_a_dashboard_is_of_the_schema_that_it_says(name: str) -> None:
    board = BOARDS[name]
    assert (board["schemaVersion"], board["uid"].startswith("salespulse-"), board["editable"]) == (41, True, False)
    assert [note["name"] for note in board["annotations"]["list"]] == ["Policy changes", "Backfills", "Deploys"]
