"""Each Xvfb display that we start is a new one, and ends with its user."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from workers.emulator.xvfb import xvfb
from workers.errors import EnvironmentFailed

needs_xvfb = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="no Xvfb here: apt-get install xvfb")


@needs_xvfb
def test_displays_started_at_once_get_different_numbers(tmp_path: Path):
    names: list[str] = []
    all_here = threading.Barrier(3, timeout=240)

    def start(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        with xvfb(320, 240, folder) as name:
            names.append(name)
            all_here.wait()

    threads = [threading.Thread(target=start, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 3
    assert all(name.startswith(":") for name in names)


@needs_xvfb
def test_the_display_ends_with_its_context(tmp_path: Path):
    with xvfb(320, 240, tmp_path) as name:
        socket = Path(f"/tmp/.X11-unix/X{name[1:]}")
        assert socket.exists()
    assert not socket.exists()


def test_a_missing_xvfb_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(EnvironmentFailed, match=r"Xvfb is not installed.*apt-get install xvfb"),
        xvfb(320, 240, tmp_path),
    ):
        pytest.fail("it started")


def test_an_xvfb_that_ends_at_once_fails_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "Xvfb").write_text("#!/bin/sh\necho '(EE) no such extension' >&2\nexit 1\n")
    (tmp_path / "Xvfb").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with (
        pytest.raises(EnvironmentFailed, match=r"ended at once.*no such extension"),
        xvfb(320, 240, tmp_path),
    ):
        pytest.fail("it started")
