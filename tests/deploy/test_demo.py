"""The demo on its real parts, and its screen on made-up numbers."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deploy.live import named
from deploy.readings import HotLead, Samples, is_ready, scrape
from deploy.screen import Picture, board, line
from deploy.simulator.floor import live

ROOT = Path(__file__).parents[2]
NOW = 1_772_442_000_000


def response(value: float, within: int, censored: int) -> list[dict[str, Any]]:
    statistics = {"p50": value, "p90": value * 4, "within": {"300": within}, "censored": censored, "lower_bounds": []}
    return [{"kpi": "lead_response_time", "count": 8, "value": value, "statistics": statistics, "dimensions": {}}]


def activities(**kinds: int) -> list[dict[str, Any]]:
    return [{"kpi": "activities", "count": n, "dimensions": {"kind": kind}} for kind, n in kinds.items()]


def open_leads(temperature: str, team: str) -> tuple[tuple[str, str], ...]:
    return (("team", team), ("temperature", temperature))


PICTURE = Picture(
    now=NOW,
    elapsed=42.4,
    left=None,
    ready=True,
    rate=33.6,
    kpis={
        ("1h", "emea-1", "lead_response_time"): response(412.5, 4, 2),
        ("1h", "all", "lead_response_time"): response(95, 4, 2),
        ("1d", "emea-1", "lead_response_time"): response(300, 4, 2),
        ("1d", "all", "follow_up_rate"): [{"value": 0.625}],
        ("1d", "emea-1", "activities"): activities(call=7, email=5, follow_up_call=3),
    },
    longest=[HotLead("lead-7", "r-3", "emea-1", NOW - 65_000)],
    newest=[HotLead("lead-9", "r-4", "apac-1", NOW - 2_000)],
    worker=Samples(
        {
            "sales_open_leads": {
                open_leads("hot", "emea-1"): 3,
                open_leads("cold", "emea-1"): 2,
                open_leads("hot", "apac-1"): 1,
                open_leads("hot", "all"): 0,
                open_leads("all", "all"): 6,
            },
            "sales_oldest_open_lead_seconds": {open_leads("hot", "emea-1"): 65, open_leads("cold", "emea-1"): 3700},
            "sales_events_total": {(("topic", "leads"),): 1000, (("topic", "calls"),): 234},
            "sales_consumer_lag_records": {(("topic", "leads"),): 17},
        }
    ),
    sink=Samples({"sales_sink_lag_records": {(("topic", "leads"),): 5}}),
    places=(("Kafka", "127.0.0.1:9092"),),
)


def shown(picture: Picture, width: int = 120) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(board(picture, width))
    return console.export_text()


def test_the_screen_says_how_a_team_does() -> None:
    [emea] = [text for text in shown(PICTURE).splitlines() if text.startswith("emea-1")]
    cells = [cell.strip() for cell in emea.split("  ") if cell.strip()]
    assert cells == ["emea-1", "6 m 52 s", "27 m 30 s", "5 m", "40.0 %", "–", "–", "–", "12", "5", "1 h 1 m"]


def test_the_screen_says_what_an_operator_asks() -> None:
    text = shown(PICTURE)
    assert "hot leads nobody has answered: 4" in text
    assert "lead-7" in text
    assert "1 m 5 s" in text
    assert "lead-9" in text
    assert "34 events/s · 1,234 events read · lag of the worker 17 · lag of ClickHouse 5 · dead letters 0" in text
    assert "127.0.0.1:9092" in text


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_nothing_is_cut_off_in_a_terminal_of_any_usual_width(width: int) -> None:
    assert "…" not in shown(PICTURE, width).replace("mails, …", "")


def test_the_screen_stands_before_there_is_anything_to_show() -> None:
    empty = Picture(NOW, 0.2, 60.0, False, None, {}, [], [], Samples(), Samples(), ())
    assert "the worker is starting" in shown(empty)
    assert line(empty).startswith("0 s · worker starting")


def test_the_line_without_a_terminal_has_the_main_numbers() -> None:
    assert line(PICTURE) == (
        "42 s · running · 34 events/s · answered in 1 m 35 s, 9 of 10 in 6 m 20 s · followed up 62.5 % · replied – · "
        "hot leads waiting 4 · lag 17 · dead letters –"
    )


def test_samples_are_added_up_by_their_labels() -> None:
    assert PICTURE.worker.total("sales_events_total") == 1234
    assert PICTURE.worker.total("sales_open_leads", team="emea-1", temperature="hot") == 3
    assert PICTURE.worker.total("sales_open_leads", team="nowhere") is None
    assert PICTURE.worker.total("sales_nothing") is None


def test_where_nothing_answers_there_is_nothing_to_read() -> None:
    assert scrape("http://127.0.0.1:9/metrics") == Samples()
    assert not is_ready("http://127.0.0.1:9/readyz")


def test_two_runs_of_the_floor_never_speak_of_the_same_lead_or_deal() -> None:
    events = [event for (_, event), _ in zip(live(1, NOW), range(3000), strict=False)]
    first, second = ([named(event, run) for event in events] for run in ("a", "b"))
    assert not {event["subject"] for event in first} & {event["subject"] for event in second}
    assert not deals(first) & deals(second)
    subjects = {event["subject"] for event in first}
    merged = {event["data"]["into"] for event in first if event["type"] == "lead.merged"}
    assert merged
    assert merged <= subjects


def deals(events: list[dict[str, Any]]) -> set[str]:
    return {event["data"]["deal_id"] for event in events if "deal_id" in event["data"]}


@contextmanager
def demo(data: Path, jar_cache: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SALESPULSE_")}
    named = {"SALESPULSE_DATA_DIR": str(data), "SALESPULSE_CACHE_DIR": str(jar_cache), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "deploy", *words],
        cwd=ROOT,
        env=kept | named,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def read_until(running: subprocess.Popen[str], words: str) -> str:
    assert running.stdout is not None
    for text in running.stdout:
        if words in text:
            return text
    raise AssertionError(f"the demo ended without saying {words!r}: {running.communicate()[1]}")


def crew(pid: int) -> dict[str, int]:
    """The demo's children by the first word of their subcommand."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    words = {int(child): Path(f"/proc/{child}/cmdline").read_text().split("\0") for child in children}
    return {found[3]: child for child, found in words.items() if found[1:3] == ["-m", "deploy"]}


def address(data: Path) -> tuple[str, int]:
    host, port = json.loads((data / "running" / "kafka.json").read_text())["address"].split(":")
    return host, int(port)


def await_silence(at: tuple[str, int]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(at, timeout=1).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.1)
    raise AssertionError(f"something still answers at {at}")


def test_the_demo_ends_by_itself_and_leaves_its_data_for_the_tables(tmp_path: Path, jar_cache: Path) -> None:
    with demo(tmp_path, jar_cache, "demo", "--for", "60s") as running:
        output, errors = running.communicate(timeout=240)
        assert running.returncode == 0, errors
    assert " · running · " in output
    assert "in ClickHouse now: " in output
    assert "0 dead letters" in output
    assert re.search(r" [1-9][\d,]* clock events", output), output
    assert re.search(r"reconciled: \d+,\d+ rows, 0 differences(, \d+ rows [a-z ]+)*\n", output), output
    with demo(tmp_path, jar_cache, "kpis", "--json", "--grouping", "team", "--kpi", "lead_response_time") as kpis:
        rows = [json.loads(text) for text in kpis.communicate(timeout=60)[0].splitlines()]
    assert {row["dimensions"]["team"] for row in rows} >= {"emea-1", "amer-1", "apac-1"}
    assert all(row["window"] == "1d" and row["count"] + row["statistics"]["censored"] > 0 for row in rows)


def test_an_interrupt_ends_all_parts(tmp_path: Path, jar_cache: Path) -> None:
    with demo(tmp_path, jar_cache, "demo") as running:
        read_until(running, "worker starting")
        broker = address(tmp_path)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=120)
        assert (running.returncode, "Traceback" in errors) == (130, False)
    await_silence(broker)


def test_a_part_that_dies_is_named_with_the_end_of_its_log(tmp_path: Path, jar_cache: Path) -> None:
    with demo(tmp_path, jar_cache, "demo") as running:
        read_until(running, " · running · ")
        os.kill(crew(running.pid)["worker"], signal.SIGKILL)
        output, errors = running.communicate(timeout=120)
        assert running.returncode == 1
        assert "worker on http://127.0.0.1:" in output
        assert errors.splitlines()[-1].startswith("salespulse: the worker ended by itself (-9); its whole log: ")


def test_no_part_outlives_a_demo_that_was_killed(tmp_path: Path, jar_cache: Path) -> None:
    with demo(tmp_path, jar_cache, "demo") as running:
        read_until(running, " · running · ")
        broker, parts = address(tmp_path), crew(running.pid)
        assert parts.keys() == {"worker", "sink", "simulate"}
        running.kill()
    await_silence(broker)
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in parts.values()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
