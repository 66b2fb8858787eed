"""Scratch folders of slots that were killed are removed; those of living slots stay."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from farm.pools import leftovers
from farm.pools.leftovers import remove_leftovers
from workers.scratch import PREFIX, scratch

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from workers.scratch import scratch
with scratch(Path(sys.argv[1])):
    print(flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "DYING_SECONDS", 0.3)


def dead(base: Path, name: str) -> Path:
    folder = base / f"{PREFIX}{name}"
    folder.mkdir(parents=True)
    (folder / "picture.raw").write_bytes(bytes(1000))
    return folder


def test_every_folder_of_the_dead_is_removed_and_counted(tmp_path: Path):
    folders = [dead(tmp_path, name) for name in "abc"]
    assert remove_leftovers(tmp_path) == 3
    assert not any(folder.exists() for folder in folders)


def test_the_folder_of_a_living_slot_stays(tmp_path: Path):
    dead(tmp_path, "a")
    with scratch(tmp_path) as living:
        assert remove_leftovers(tmp_path) == 1
        assert living.exists()


def test_what_is_no_scratch_folder_stays(tmp_path: Path):
    (tmp_path / "somebody-elses").mkdir()
    assert remove_leftovers(tmp_path) == 0
    assert (tmp_path / "somebody-elses").exists()


def test_a_machine_without_any_is_no_trouble(tmp_path: Path):
    assert remove_leftovers(tmp_path / "nothing") == 0


def test_a_slot_that_is_still_dying_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(leftovers, "DYING_SECONDS", 30.0)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as slot:
        assert slot.stdout is not None
        slot.stdout.readline()
        dying = threading.Timer(0.3, slot.kill)
        dying.start()
        assert remove_leftovers(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
