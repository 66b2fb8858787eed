"""A disk that fills up during a run gives a clear error and no torn file, and the next run goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from manifests.ledger.entry import done_game_ids
from manifests.store.open import open_store
from tests.end_to_end.command import FarmCommand
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

NUM_GAMES = 2
NUM_FRAMES = 300
SECONDS = 240
MAIN = "from farm.cli import main; main()"

# In a mount namespace: a first run on a small disk at $1, what it left, and a second run on a larger disk.
SCRIPT = """
mount -t tmpfs -o size=$SMALL tmpfs "$1" || exit 99
shift
"$@" > "$SAID/first.out" 2> "$SAID/first.err"; echo $? > "$SAID/first.status"
cp -r "$DATASET" "$SAID/after_first"
find "$DISK" -name '*.tmp*' > "$SAID/torn"
mount -o remount,size=200m "$DISK" || exit 98
"$@" > "$SAID/second.out" 2> "$SAID/second.err"; echo $? > "$SAID/second.status"
"$PYTHON" -c "$MAIN" audit "$DATASET" --depth structure --json > "$SAID/audit.json"
"""


def can_mount() -> bool:
    probe = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


pytestmark = [
    pytest.mark.dolphin,
    pytest.mark.slow,
    pytest.mark.skipif(not can_mount(), reason="cannot mount a small disk here: no user namespaces"),
]


@pytest.mark.parametrize(
    ("full", "size"), [("dataset", "500k"), ("scratch", "200k")], ids=["the dataset's", "the scratch's"]
)
def test_a_disk_that_fills_up_ends_the_run_clearly_and_the_next_one_completes_it(
    full: str, size: str, tmp_path: Path
):
    replays, home = tmp_path / "replays", tmp_path / "home"
    for folder in (replays, home, tmp_path / "said", tmp_path / "dataset", tmp_path / "scratch"):
        folder.mkdir()
    for seed in range(NUM_GAMES):
        (replays / f"{seed}.slp").write_bytes(record_match(seed + 1, num_frames=NUM_FRAMES))
    disk, dataset, said = tmp_path / full, tmp_path / "dataset", tmp_path / "said"
    command = FarmCommand(home)
    environment = {
        **command.environment, "SMALL": size, "DISK": str(disk), "DATASET": str(dataset), "SAID": str(said),
        "PYTHON": sys.executable, "MAIN": MAIN,
    }  # fmt: skip
    run = [
        sys.executable,
        "-c",
        MAIN,
        "render",
        "--emulator",
        "standin",
        "--slots",
        "1",
        "--replays",
        replays,
        "--out",
        dataset,
    ]
    run += ["--scratch", tmp_path / "scratch"]
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", SCRIPT, "sh", disk, *run],
        check=False, capture_output=True, text=True, timeout=SECONDS, env=environment, cwd=os.getcwd(),  # noqa: PTH109
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    first = (said / "first.err").read_text()
    assert (said / "first.status").read_text() == "2\n", first
    assert "no space left" in first.lower()
    assert "run the same command again" in first
    assert "Traceback" not in first
    assert (said / "torn").read_text() == ""
    assert len(list(done_game_ids(open_store(said / "after_first")))) < NUM_GAMES
    assert (said / "second.status").read_text() == "0\n", (said / "second.err").read_text()
    report = json.loads((said / "audit.json").read_text())
    assert report["findings"] == []
    assert not command.descendants()
