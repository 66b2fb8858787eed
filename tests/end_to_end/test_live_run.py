"""The page of a live run in a real Chromium: pictures come and go, and a slot that renders black shows."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from farm.engine.pool import SlotOpened
from farm.engine.run_counts import RunCounts
from farm.run_notes import run_notes
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import write_entry
from manifests.store.open import open_store
from tests.end_to_end.test_browser import browser, serious_faults, served, wait_for
from tests.manifests.conftest import Samples
from tests.workers.painted import painted
from workers.emulator.contract import HEIGHT, WIDTH, Picture
from workers.rendering.live_view import live_view

pytest.importorskip("starlette", reason="the extra `browse` is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["browser"]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from manifests.store.contract import Store
    from workers.emulator.contract import Yuv

GAMES = [Samples.game_id(number) for number in range(3)]


def black(_index: int) -> Yuv:
    yuv = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    yuv[:HEIGHT] = 16
    return yuv


class SlotTask:
    """The part of a slot's task that the notes of a run read."""

    def __init__(self, game_id: str) -> None:
        self.game_id = game_id


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    stop = threading.Event()
    yield stop
    stop.set()


def render(store: Store, game_id: str, paint: Callable[[int], Yuv], stop: threading.Event) -> None:
    """Show a picture 60 times a second, as an emulator would, until told to stop."""
    with live_view(store, game_id, 100_000, 1.0) as watch:
        index = 0
        while not stop.wait(1 / 60):
            watch(Picture(index, paint(index)))
            index += 1


def test_slots_are_shown_as_they_render_and_a_black_one_stands_out(
    tmp_path: Path, browser: Any, stop: threading.Event
) -> None:
    store = open_store(tmp_path / "set")
    open_or_create(store, Samples.description)
    threads = [
        threading.Thread(target=render, args=(store, game_id, paint, stop))
        for game_id, paint in zip(GAMES, (painted, painted, black), strict=True)
    ]
    with run_notes(store, 1.0) as notes:
        for number, game_id in enumerate(GAMES):
            notes.happened(SlotOpened(f"slot-{number}", f"node-{number}", "2 cores"))
            notes.began(f"slot-{number}", SlotTask(game_id))
        notes.counted(RunCounts(running=3, frames_total=600))
        for thread in threads:
            thread.start()
        for url in served(str(tmp_path / "set")):
            browser.get(url)
            wait_for(browser, "return document.querySelectorAll('.slot img').length === 3")
            wait_for(browser, "return document.querySelectorAll('.odd').length === 1")
            odd = browser.find_element("css selector", ".odd").text
            assert "slot-2" in odd
            assert "black" in odd
            wide = (
                "return [...document.querySelectorAll('.slot img')].every((one) => one.naturalWidth === 160)"
            )
            wait_for(browser, wide)
            for scheme, width in (("light", 1280), ("dark", 360)):
                scheme_is = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
                browser.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme_is)
                browser.set_window_size(width, 900)
                assert serious_faults(browser) == []
            stop.set()
            for thread in threads:
                thread.join()
    assert list(store.list("live/")) == []


def test_games_set_aside_are_readable_when_the_run_is_over(tmp_path: Path, browser: Any) -> None:
    store = open_store(tmp_path / "set")
    open_or_create(store, Samples.description)
    entry = Samples().set_aside(7)
    write_entry(store, entry)
    for url in served(str(tmp_path / "set")):
        browser.get(url)
        wait_for(browser, "return document.querySelector('#set-aside tbody tr') !== null")
        row = browser.find_element("css selector", "#set-aside tbody tr").text
        assert entry.game_id[:12] in row
        assert entry.detail in row
        assert "No run is under way" in browser.find_element("id", "heard").text
