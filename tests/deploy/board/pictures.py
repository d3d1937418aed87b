"""``python -m tests.deploy.board.pictures DIRECTORY``: the board at three sizes, for the documents and to be looked at.

The floor is two simulated weeks that end now.
"""

from __future__ import annotations

import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

from selenium import webdriver

from agents.engine.clock import now
from deploy.local.clickhouse import LocalClickHouse
from deploy.policy_check import EXAMPLE, check
from deploy.simulator.cast import DAY
from deploy.simulator.disturbance import disturb
from deploy.simulator.floor import live, simulate
from schemas.instants import parse
from tests.deploy.board.browser import chromium, console, prefer, resize
from tests.deploy.board.serving import Served

PHONE, LAPTOP, WALL = (390, 1560), (1366, 860), (1920, 1080)
WIDEST = 1366
"""Pixels across a picture."""
LEADS = 500
SHOWN_SECONDS = 3.0


def main(directory: Path) -> None:
    """Take them."""
    with tempfile.TemporaryDirectory() as made, LocalClickHouse(Path(made) / "clickhouse") as engine:
        served = Served(Path(made), engine.start(), check(EXAMPLE)[0], partitions=4)
        try:
            served.feed(events())
            with chromium() as driver:
                for name in take(driver, served, directory):
                    print(name)
        finally:
            served.end()


def events() -> list[bytes]:
    """Those of the last two weeks, and of the last hours of a floor where everything goes faster."""
    at = now()
    weeks = [event for event in simulate(7, LEADS, at - 13 * DAY) if parse(event["time"])[0] <= at]
    hours = []
    for due, event in live(3, at - 60_000, 0.05):
        if due > at:
            break
        hours.append(event | {"subject": f"fast-{event['subject']}"})
    known = [event for event in hours if event["type"] != "lead.merged"]
    return list(disturb([*weeks, *known], 7, malformed=0.004))


def take(driver: webdriver.Chrome, served: Served, directory: Path) -> Iterator[str]:
    """Each picture as it is written."""
    waiting = served.post("leads", {"which": "breached"})[1]["leads"] or served.post("leads", {})[1]["leads"]
    lead = waiting[len(waiting) // 2]["lead"]
    pages = {
        "floor": ("", LAPTOP, "light"),
        "phone": ("", PHONE, "light"),
        "wall": ("", WALL, "dark"),
        "leads": ("#/leads?which=waiting&temperature=hot", LAPTOP, "dark"),
        "lead": (f"#/lead/{lead}", LAPTOP, "light"),
        "lead-phone": (f"#/lead/{lead}", PHONE, "dark"),
        "letters": ("#/letters", PHONE, "light"),
    }
    for name, (page, size, scheme) in pages.items():
        resize(driver, *size)
        prefer(driver, scheme)
        driver.get("about:blank")
        driver.get(served.url + page)
        # Charts are drawn a frame after their numbers.
        time.sleep(SHOWN_SECONDS)
        width, height = size
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": min(1, WIDEST / width)}
        found = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "clip": clip})
        (directory / f"{name}.png").write_bytes(b64decode(found["data"]))
        yield name
    for complaint in console(driver):
        print(complaint, file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
