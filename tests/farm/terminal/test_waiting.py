"""Progress is shown only on a terminal: a pipe or a log gets not even a control character of it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from farm.terminal.waiting import counted
from tests.manifests.small_dataset import build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("waiting")
    build(root / "set", root / "scratch")
    return root / "set"


def command(dataset: Path, arguments: str) -> list[str]:
    words = arguments.format(dataset=dataset, out=dataset.parent / "out").split()
    return [sys.executable, "-c", "from farm.cli import main; main()", *words]


VERBS = [
    "status {dataset}", "games {dataset}", "gc {dataset}", "audit {dataset} --depth listing",
    "finalize {dataset} --no-lerobot --sheets", "browse {dataset} --export {out}/pages",
    "export webdataset {dataset} {out}/shards --window 30",
    "view {dataset} 0 --frames 30 --out {out}.mp4", "record --games 1 --seconds 1 --out {out}",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("arguments", VERBS)
def test_a_log_gets_nothing_of_it(dataset: Path, arguments: str):
    (dataset.parent / "out").mkdir(exist_ok=True)
    ran = subprocess.run(command(dataset, arguments), capture_output=True, timeout=120, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"\x1b" not in ran.stdout


@pytest.mark.slow
def test_a_terminal_gets_it(dataset: Path):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(
        command(dataset, "games {dataset}"), stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    ) as running:
        os.close(theirs)
        said = b""
        while chunk := _read(ours):
            said += chunk
        assert running.wait(60) == 0
    os.close(ours)
    assert b"reading the manifest" in said


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the error by which a terminal says that no process has it open for writing
        return b""


def test_what_is_counted_is_passed_on():
    told: list[str] = []
    assert list(counted("abc", "letters", told.append)) == ["a", "b", "c"]
    assert told == ["letters: 0", "letters: 1", "letters: 2"]
