"""A real headless Chromium, driven; nothing of it is left when the context ends."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--force-color-profile=srgb", "--window-size=1280,1400",
)  # fmt: skip


@contextmanager
def chromium(*flags: str) -> Iterator[Chrome]:
    """A web browser with a profile of its own; skips where there is none."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no Chromium here: make extras-browser")
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is in the extra `dev`")
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415 - only where selenium is

    options = selenium.ChromeOptions()
    options.binary_location = program
    profile = tempfile.mkdtemp(prefix="dolphin-farm-chromium-")
    for flag in (*_FLAGS, f"--user-data-dir={profile}", *flags):
        options.add_argument(flag)
    browser = selenium.Chrome(options=options, service=Service(driver))
    try:
        browser.set_script_timeout(60)
        yield browser
    finally:
        browser.quit()
        shutil.rmtree(profile, ignore_errors=True)
