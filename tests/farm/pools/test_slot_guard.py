"""A slot's process ends by itself, with its emulators, when its head or its parent is gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from null_processes import sleeping, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[[str], subprocess.Popen[bytes]]

DOUBLE = Path(__file__).parents[1] / "doubles" / "guarded.py"
CHILD = "3598.25"


@pytest.fixture
def head(tmp_path: Path) -> Path:
    head = tmp_path / "head"
    head.touch()
    return head


@pytest.fixture
def start(head: Path) -> Iterator[Start]:
    started = []

    def start(manners: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, str(DOUBLE), str(head), "0.5", CHILD, manners]))
        wait_for(lambda: sleeping(CHILD), 120.0)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize(("manners", "status"), [("polite", 1), ("deaf", -9)])
def test_it_ends_when_the_head_is_silent_for_too_long(start: Start, head: Path, manners: str, status: int):
    slot = start(manners)
    with pytest.raises(subprocess.TimeoutExpired):
        slot.wait(0.8)  # longer than the head may be silent
    head.unlink()
    assert slot.wait(120) == status
    wait_for(lambda: not sleeping(CHILD), 60.0)
    left = list((head.parent / "scratch").glob("*"))
    assert left == [] or manners == "deaf"


def test_it_ends_when_its_parent_is_gone_although_nobody_reaps_that(start: Start, head: Path):
    parent = start("parent")
    parent.kill()  # not waited for, so it is a zombie, which Ray takes for a living raylet
    wait_for(lambda: not sleeping(CHILD), 60.0)
    wait_for(lambda: list((head.parent / "scratch").glob("*")) == [], 60.0)
