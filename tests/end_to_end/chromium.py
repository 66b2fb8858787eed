"""The Chromium of `farm.bench`, for tests: they skip where there is none."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from farm.bench import _chromium
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome


@contextmanager
def chromium(*flags: str) -> Iterator[Chrome]:
    """A web browser with a profile of its own; skips where there is none."""
    started = _chromium.chromium(*flags)
    try:
        browser = started.__enter__()
    except EnvironmentFailed as absent:
        pytest.skip(str(absent))
    try:
        yield browser
    finally:
        started.__exit__(None, None, None)
