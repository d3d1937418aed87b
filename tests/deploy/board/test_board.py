"""The board: what it answers, and what a person sees of it in a browser."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson
import pytest
from axe_core_python.base import AXE_FILE_PATH
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from agents.engine.clock import now
from deploy.explaining.asking import of_lead
from schemas.instants import parse
from sinks.floor import RUNNING
from tests.agents.test_leads import line
from tests.agents.workers import until
from tests.deploy.board.browser import chromium, console, prefer, resize
from tests.deploy.board.floor import LEVELS, MARKUP, MINUTE, events, noon
from tests.deploy.board.serving import Served

BY: Final = ("team", "team,temperature", "rep", "source")
PHONE, LAPTOP, WALL = (390, 844), (1366, 860), (2560, 1440)
_numbers = count(1)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture(scope="module")
def served(clickhouse: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests of the module: they may add leads, and take none away."""
    at = now()
    made = Served(tmp_path_factory.mktemp("board"), f"{clickhouse}/board", LEVELS, timezone=noon(at))
    made.feed(events(at))
    yield made
    made.end()


def floor(served: Served, by: str = "team", window: str = "1d") -> dict[str, Any]:
    """The figures, everything being counted."""
    status, found = served.get(f"floor?by={quote(by)}&window={window}")
    assert status == 200
    return dict(found["floor"])


def group(served: Served, *of: str, by: str = "team") -> dict[str, Any]:
    [found] = [each for each in floor(served, by)["groups"] if each["of"] == list(of)]
    return dict(found)


def test_the_floor_tells_who_waits_and_how_it_goes(served: Served) -> None:
    emea, amer = group(served, "emea"), group(served, "amer")
    assert (emea["hot"], emea["at_risk"], emea["breached"], emea["response"]["answered"]) == (2, 1, 1, 0)
    assert (amer["hot"], amer["open"], amer["oldest"], amer["followed_up"]["share"]) == (0, 0, None, 1.0)
    assert amer["response"]["p50"] == pytest.approx(240, rel=0.01)
    assert (amer["kept"], emea["kept"]) == ({"share": 1.0, "hits": 1, "of": 1}, {"share": 0.0, "hits": 0, "of": 1})
    everybody = floor(served)
    assert (everybody["hot"]["open"], everybody["total"]["breached"]) == (2, 1)
    assert everybody["hot"]["oldest"] == everybody["total"]["oldest"] == emea["oldest"]
    assert now() - emea["oldest"] == pytest.approx(40 * MINUTE, abs=5 * MINUTE)


def test_a_clock_that_was_stopped_in_time_counts_in_the_window_of_its_deadline_once_that_comes(served: Served) -> None:
    """Its row is there before its window: it must not hide the row of the window that runs."""
    rows = [row for row in served.pipeline.floor.rows("all") if row.kpi == "response_within_sla"]
    clock = served.pipeline.floor.clock or 0
    windows = {row.window for row in rows}
    assert "1d" in windows and len(rows) == len(windows)
    assert all(parse(row.start)[0] <= clock < parse(row.end or "")[0] for row in rows)


@pytest.mark.parametrize("by", BY)
def test_behind_each_number_are_as_many_leads(served: Served, by: str) -> None:
    names = by.split(",")
    for found in floor(served, by)["groups"]:
        of = dict(zip(names, found["of"], strict=True))
        for which, number in (("waiting", "open"), ("at_risk", "at_risk"), ("breached", "breached")):
            listed = served.post("leads", {"which": which, "of": of})[1]
            assert (listed["total"], len(listed["leads"])) == (found[number], found[number]), (which, of)
        for window in RUNNING:
            engaged = served.post("leads", {"which": "engaged", "of": of, "window": window})[1]["total"]
            [same] = [each for each in floor(served, by, window)["groups"] if each["of"] == found["of"]]
            assert engaged == same["created"]


def test_the_leads_that_wait_longest_come_first_and_say_since_when(served: Served) -> None:
    found = served.post("leads", {"which": "waiting", "of": {"team": "emea", "temperature": "hot"}})[1]["leads"]
    assert [(lead["lead"], lead["rep"], lead["source"]) for lead in found] == [
        ("late", "r-1", "form"),
        ("risky", "r-2", "fair"),
    ]
    [clock] = served.post("leads", {"which": "breached"})[1]["leads"]
    assert (clock["lead"], clock["policy"], clock["clock"]) == ("late", "hot@1", "first_response")
    assert clock["steps"] == ["started", "at_risk:0.5", "sla.breached"]
    [clock] = served.post("leads", {"which": "at_risk"})[1]["leads"]
    assert (clock["lead"], clock["steps"]) == ("risky", ["started", "sla.at_risk:0.5"])


def test_the_stream_tells_what_is_so_and_then_what_changes(served: Served) -> None:
    with urllib.request.urlopen(f"{served.url}live?by=rep&window=1d", timeout=20) as stream:
        told = messages(stream)
        name, first = next(told)
        assert (name, first["by"], first["window"]) == ("floor", "rep", "1d")
        assert next(told)[0] == "pulse"
        served.feed([line("lead.engaged", now(), f"new-{next(_numbers)}", owner="r-9", team="apac", source="form")])
        later = next(
            body for name, body in told if name == "floor" and ["r-9"] in [each["of"] for each in body["groups"]]
        )
        assert later["total"]["open"] > first["total"]["open"]


def messages(stream: Any) -> Iterator[tuple[str, Any]]:
    """Server-sent events as a browser takes them apart."""
    name = ""
    for text in stream:
        field, _, value = text.decode().rstrip("\n").partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, orjson.loads(value)


def test_a_lead_is_told_as_the_command_explains_it(served: Served) -> None:
    status, told = served.post("lead", {"lead": "late"})
    explained = of_lead(served.settings, LEVELS, "late")
    assert (status, [event["counts_as"] for event in told["events"]]) == (200, [e.counts_as for e in explained.events])
    assert told["clocks"][0]["outcome"] == "breached"
    status, said = served.post("lead", {"lead": "nobody"})
    assert (status, said) == (404, "nothing is recorded of nobody: neither a lead nor a KPI is called that")


def test_dead_letters_are_shown_with_their_reason_and_record(served: Served) -> None:
    found = served.get("letters")[1]
    [letter] = found["letters"]
    assert found["reasons"] == {letter["reason"]: 1}
    assert (letter["key"], '"subject":"lead-9"' in letter["value"]) == ("lead-9", True)
    assert served.get("letters?reason=future")[1]["letters"] == []


def test_the_history_is_of_everybody_or_of_a_team(served: Served) -> None:
    everybody, amer = served.get("history?window=1d")[1], served.get("history?window=1d&team=amer")[1]
    assert (len(everybody["start"]), amer["created"], amer["followed_up"]) == (1, [1], [1.0])
    assert everybody["created"][0] > 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("floor?by=nothing", None, 400),
        ("live?window=1y", None, 400),
        ("leads", {"which": "rich"}, 400),
        ("leads", {"of": {"password": "x"}}, 400),
        ("lead", ["late"], 400),
        ("static/index.html", None, 404),
        ("../metrics/", None, 404),
    ],
)
def test_what_nobody_can_answer_is_refused(served: Served, path: str, body: Any, status: int) -> None:
    found = served.get(path) if body is None else served.post(path, body)
    assert found[0] == status


def test_a_form_of_another_page_cannot_ask(served: Served) -> None:
    assert served.post("lead", {"lead": "late"}, **{"Content-Type": "text/plain"})[0] == 415


def test_what_other_workers_own_comes_from_clickhouse_and_the_page_says_so(served: Served, tmp_path: Path) -> None:
    other = Served(tmp_path, served.settings.clickhouse, LEVELS, timezone=served.settings.timezone)
    try:
        other.lose(0)
        other.lose(1)
        until(lambda: other.get("floor")[1]["pulse"]["others"], "it has asked ClickHouse")
        pulse = other.get("floor")[1]["pulse"]
        assert (pulse["owned"], pulse["partitions"]) == (0, 2)
        assert floor(other, "rep") == floor(served, "rep")
    finally:
        other.end()


def test_without_clickhouse_the_floor_is_there_and_the_rest_says_what_to_set(
    tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    alone = Served(tmp_path, None, rep_level="off")
    try:
        alone.feed(events(now()))
        assert floor(alone)["hot"]["open"] == 2
        for status, said in (alone.post("leads", {}), alone.get("letters"), alone.get("history")):
            assert (status, "SALESPULSE_CLICKHOUSE" in said) == (503, True)
        # Nobody may look at single reps.
        assert alone.get("floor?by=rep")[0] == 400
        stream = urllib.request.urlopen(f"{alone.url}live", timeout=20)
        read = threads.submit(stream.read)
    finally:
        alone.end()
    # Whoever looked was told that it is over: a stream that is cut off raises.
    assert read.result(10).startswith(b"event: floor")


# In a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with chromium(*LAPTOP) as driver:
        yield driver


@pytest.fixture
def page(browser: Chrome, served: Served) -> Iterator[Chrome]:
    """The board, just opened; nothing may be in the console afterwards."""
    resize(browser, *LAPTOP)
    browser.get("about:blank")
    console(browser)
    browser.get(served.url)
    yield browser
    assert console(browser) == []


def see(page: Chrome, find: Callable[[], Any], what: str) -> Any:
    """What is found once it is there."""
    return WebDriverWait(page, 20, 0.05).until(lambda _: _found(find), what)


def _found(find: Callable[[], Any]) -> Any:
    try:
        return find()
    except (NoSuchElementException, StaleElementReferenceException):
        return None


def texts(page: Chrome, selector: str) -> list[str]:
    return [element.text for element in page.find_elements(By.CSS_SELECTOR, selector)]


def rows(page: Chrome) -> dict[str, list[str]]:
    """The cells of each row of the page's table by the first."""
    script = "return [...document.querySelectorAll('main tbody tr')].map(r => [...r.children].map(c => c.textContent))"
    return {first: rest for first, *rest in page.execute_script(script)}


def focused(page: Chrome) -> WebElement:
    return page.switch_to.active_element


def test_a_person_sees_the_floor_live_and_comes_from_a_number_to_its_leads_by_keyboard(
    page: Chrome, served: Served
) -> None:
    see(page, lambda: "emea" in rows(page), "the teams")
    tiles = dict(zip(texts(page, ".tile h2"), texts(page, ".tile .value"), strict=True))
    assert (tiles["Hot leads waiting"], tiles["Breached"], tiles["At risk"]) == ("2", "1", "1")
    assert "over the target" in page.find_element(By.CSS_SELECTOR, ".tile .below").text
    state = page.find_element(By.ID, "state")
    see(page, lambda: state.text.startswith("live"), "that it is live")
    before = int(tiles["Leads waiting"])
    served.feed([line("lead.engaged", now(), f"new-{next(_numbers)}", owner="r-8", team="apac", source="form")])
    see(page, lambda: texts(page, ".tile .value")[1] == str(before + 1), "that somebody came, without a reload")
    link = page.find_element(By.LINK_TEXT, "Breached")
    for _ in range(30):
        if focused(page) == link:
            break
        focused(page).send_keys(Keys.TAB)
    assert focused(page) == link
    link.send_keys(Keys.ENTER)
    see(page, lambda: list(rows(page)) == ["late"], "whose clock it is")
    assert (focused(page).tag_name, focused(page).text) == ("h1", "Clocks past their deadline")
    page.find_element(By.LINK_TEXT, "late").send_keys(Keys.ENTER)
    see(page, lambda: "first response by hot@1: breached" in page.find_element(By.TAG_NAME, "main").text, "its clock")
    assert focused(page).text == "Lead late"


def test_what_events_say_is_text_and_never_markup(page: Chrome) -> None:
    see(page, lambda: MARKUP in rows(page), "the team")
    page.find_element(By.CSS_SELECTOR, "input[value=rep]").click()
    see(page, lambda: "r-1" in rows(page) and MARKUP in rows(page), "the reps")
    page.get(page.current_url.split("#")[0] + f"#/lead/{quote(MARKUP, safe='')}")
    see(page, lambda: "engages the lead" in page.find_element(By.TAG_NAME, "main").text, "the lead")
    assert page.find_element(By.TAG_NAME, "h1").text == f"Lead {MARKUP}"
    assert page.find_elements(By.TAG_NAME, "img") == []


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (LAPTOP, "dark"), (WALL, "light")])
def test_every_page_is_readable_at_every_size_and_in_either_theme(
    page: Chrome, served: Served, size: tuple[int, int], scheme: str
) -> None:
    """axe-core judges contrast, names, landmarks, headings and tables; and nothing is wider than the screen."""
    resize(page, *size)
    prefer(page, scheme)
    for where, there in (
        ("#/", ".groups tbody tr"),
        ("#/leads?which=waiting&team=emea", "tbody tr"),
        ("#/lead/late", ".clock"),
        ("#/letters", ".letters li"),
    ):
        page.get(served.url + where)
        see(page, partial(page.find_elements, By.CSS_SELECTOR, there), f"{where} has something")
        assert page.execute_script("return document.documentElement.scrollWidth") <= size[0], where
        assert faults(page) == [], where


def faults(page: Chrome) -> list[str]:
    page.execute_script(Path(AXE_FILE_PATH).read_text())
    found = page.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]


def test_the_theme_is_chosen_and_stays_chosen(page: Chrome, served: Served) -> None:
    prefer(page, "light")
    ground = "return getComputedStyle(document.documentElement).backgroundColor"
    light = page.execute_script(ground)
    button = page.find_element(By.ID, "theme")
    button.click()
    button.click()
    assert (button.text, page.execute_script(ground) == light) == ("Theme: dark", False)
    page.refresh()
    assert page.find_element(By.ID, "theme").text == "Theme: dark"
    page.execute_script("localStorage.clear()")
