"""Dumped images and lines are taken in the order in which they appeared, and never pile up."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from workers.emulator.dump_watcher import DumpedImage, DumpWatcher, PrintedLine

if TYPE_CHECKING:
    from pathlib import Path


class Recorder:
    """Takes the emulator's place, and notes the calls to it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def suspend(self) -> None:
        self.calls.append("suspend")

    def resume(self) -> None:
        self.calls.append("resume")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    frames = tmp_path / "Frames"
    frames.mkdir()
    return frames


def take(watcher: DumpWatcher, count: int) -> list[DumpedImage | PrintedLine]:
    events: list[DumpedImage | PrintedLine] = []
    give_up = time.monotonic() + 20
    while len(events) < count:
        event = watcher.next_event(0.1)
        if event is not None:
            events.append(event)
        assert time.monotonic() < give_up, events
    return events


def test_each_image_is_taken_whole_and_deleted(folder: Path):
    with DumpWatcher(folder, folder.parent / "stdout") as watcher:
        for number in (1, 2, 3):
            with (folder / f"framedump_{number}.png").open("wb") as file:
                for piece in (b"half ", b"of it"):
                    file.write(piece)
                    file.flush()
        assert take(watcher, 3) == [DumpedImage(n, b"half of it") for n in (1, 2, 3)]
    assert list(folder.iterdir()) == []


def test_a_line_knows_the_newest_image_however_late_it_is_read(folder: Path):
    with (
        DumpWatcher(folder, folder.parent / "stdout") as watcher,
        (folder.parent / "stdout").open("a") as out,
    ):
        dice = random.Random(7)
        expected = []
        for number in range(1, 300):
            (folder / f"framedump_{number}.png").write_bytes(b"x")
            expected.append(PrintedLine(number, f"[CURRENT_FRAME] {number}"))
            print(f"[CURRENT_FRAME] {number}", file=out, flush=True)
            if dice.random() < 0.1:
                time.sleep(0.002)  # let the watcher run at some points only
        lines = [event for event in take(watcher, 598) if isinstance(event, PrintedLine)]
    assert lines == expected


def test_lines_before_the_first_image_all_come(folder: Path):
    with DumpWatcher(folder, folder.parent / "stdout") as watcher:
        with (folder.parent / "stdout").open("a") as out:
            for n in range(5):
                print(n, file=out, flush=True)
        assert take(watcher, 5) == [PrintedLine(0, str(n)) for n in range(5)]


def test_half_a_line_waits_for_its_end(folder: Path):
    with (
        DumpWatcher(folder, folder.parent / "stdout") as watcher,
        (folder.parent / "stdout").open("a") as out,
    ):
        out.write("[CURRENT_")
        out.flush()
        assert watcher.next_event(0.3) is None
        out.write("FRAME] 1\n")
        out.flush()
        assert take(watcher, 1) == [PrintedLine(0, "[CURRENT_FRAME] 1")]


def test_the_emulator_is_suspended_while_the_reader_lags(folder: Path):
    emulator = Recorder()
    with DumpWatcher(folder, folder.parent / "stdout", max_waiting=8) as watcher:
        watcher.supervise(emulator)
        for number in range(1, 13):
            (folder / f"framedump_{number}.png").write_bytes(b"x")
        give_up = time.monotonic() + 20  # nothing is taken yet, so they pile up, whoever runs first
        while not emulator.calls and time.monotonic() < give_up:
            time.sleep(0.01)
        assert emulator.calls == ["suspend"]
        take(watcher, 12)
        assert emulator.calls[-1] == "resume"
    assert watcher.num_suspended == emulator.calls.count("suspend")


def test_other_files_are_left_alone(folder: Path):
    with DumpWatcher(folder, folder.parent / "stdout") as watcher:
        (folder / "readme.txt").write_text("mine")
        (folder / "framedump_1.png").write_bytes(b"x")
        assert take(watcher, 1) == [DumpedImage(1, b"x")]
    assert (folder / "readme.txt").exists()
