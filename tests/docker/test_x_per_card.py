"""The script x-per-card finds the cards of a made-up driver; no test starts a real X server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docker" / "x-per-card"


def run(folder: Path, cards: str | None, *options: str) -> subprocess.CompletedProcess[str]:
    if cards is not None:
        driver = folder / "nvidia-smi"
        driver.write_text(f"#!/bin/sh\nprintf '{cards}'\n")
        driver.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return subprocess.run(
        [SCRIPT, *options], env={"PATH": path}, capture_output=True, text=True, timeout=240, check=False
    )


def test_each_card_gets_a_server_of_its_own_on_its_own_bus(tmp_path: Path):
    done = run(tmp_path, r"00000000:3B:00.0\n00000000:AF:00.1\n", "--print")
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert [line.strip() for line in told if "BusID" in line] == ['BusID "PCI:59:0:0"', 'BusID "PCI:175:0:1"']
    assert [line.split()[1] for line in told if line.startswith("Xorg ")] == [":10", ":11"]


@pytest.mark.parametrize(
    ("cards", "options", "status", "words"),
    [
        (None, (), 1, "no nvidia-smi here"),
        ("", ("--print",), 1, "lists no card"),
        ("", ("--help",), 2, "--print"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    tmp_path: Path, cards: str | None, options: tuple[str, ...], status: int, words: str
):
    done = run(tmp_path, cards, *options)
    assert done.returncode == status
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
