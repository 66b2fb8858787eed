"""Drives a real headless Chromium, for measurements and for tests of the browser's pages."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

SCRIPT_SECONDS: Final = 60
_FLAGS: Final = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--force-color-profile=srgb", "--window-size=1280,1400",
)  # fmt: skip


@contextmanager
def chromium(*flags: str) -> Iterator[Chrome]:
    """Open a web browser with a profile of its own; nothing of it is left when the context ends.

    Raises:
        EnvironmentFailed: Chromium, or the package that drives it, is not installed.
    """
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        message = "no Chromium and its driver here: make extras-browser"
        raise EnvironmentFailed(message)
    try:
        from selenium import webdriver  # noqa: PLC0415 - only where it is wanted
        from selenium.webdriver.chrome.service import Service  # noqa: PLC0415 - only where it is wanted
    except ModuleNotFoundError as missing:
        message = "no selenium here; it is in the extra `dev`"
        raise EnvironmentFailed(message) from missing
    options = webdriver.ChromeOptions()
    options.binary_location = program
    with tempfile.TemporaryDirectory(prefix="dolphin-farm-chromium-", ignore_cleanup_errors=True) as profile:
        for flag in (*_FLAGS, f"--user-data-dir={profile}", *flags):
            options.add_argument(flag)
        browser = webdriver.Chrome(options=options, service=Service(driver))
        try:
            browser.set_script_timeout(SCRIPT_SECONDS)
            yield browser
        finally:
            browser.quit()
