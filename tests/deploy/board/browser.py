"""Chromium without a window, driven as a person would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium import webdriver

from tests.debian import program

_WAIT_SECONDS = 20


@contextmanager
def chromium(width: int = 1366, height: int = 900) -> Iterator[webdriver.Chrome]:
    """A browser whose page is so many pixels large; skips, or fails in CI, where it is not installed."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "chromium")
    # As root, in a container with little shared memory and no graphics.
    for switch in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "hide-scrollbars"):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(program("chromedriver", "chromium-driver")))
    try:
        driver.set_page_load_timeout(_WAIT_SECONDS)
        resize(driver, width, height)
        yield driver
    finally:
        driver.quit()


def resize(driver: webdriver.Chrome, width: int, height: int) -> None:
    """The page, not the window around it, and however narrow."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def prefer(driver: webdriver.Chrome, scheme: str) -> None:
    """Have the system be ``dark`` or ``light``."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def console(driver: webdriver.Chrome) -> list[str]:
    """What was complained of since the last call."""
    untyped: Any = driver
    return [entry["message"] for entry in untyped.get_log("browser")]
