"""A fixture with the Chromium of `farm.bench`; tests that use it skip where there is no Chromium."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from farm.bench import _chromium
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome


_SCRIPT_SECONDS: Final = 240.0  # scripts on a page may take minutes where other tests run beside this one


@contextmanager
def chromium(*flags: str) -> Iterator[Chrome]:
    """A web browser with a profile of its own; the test skips where there is none."""
    started = _chromium.chromium(*flags)
    try:
        browser = started.__enter__()
    except EnvironmentFailed as absent:
        pytest.skip(str(absent))
    try:
        browser.set_script_timeout(_SCRIPT_SECONDS)
        yield browser
    finally:
        started.__exit__(None, None, None)
