"""The stand-in shows the right pictures on a real Dolphin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.video.stamp import SEED_COLUMN, cell_levels, decode_seeds, read_stamps
from workers.align.faults import Fault, FaultKind, schedule
from workers.emulator.contract import TAIL_PICTURES, BootImage, Deadlines, LogLine, Picture
from workers.emulator.mainline import MainlineDolphin
from workers.replay import read_replay
from workers.replay.renderable import renderable
from workers.standin.image.build import HEAVY_IMAGE
from workers.standin.image.pack import pack
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.state.table import StateTable

pytestmark = pytest.mark.dolphin
NUM_FRAMES = 130
PATIENT = Deadlines(startup_seconds=120.0, progress_seconds=60.0, total_seconds=280.0)
STAMP_TOP = 464


def game(seed: int, stage: int) -> StateTable:
    return renderable(read_replay(record_match(seed, stage=stage, num_frames=NUM_FRAMES)))


def play(image: bytes, scratch: Path, num_frames: int = NUM_FRAMES) -> tuple[np.ndarray, list[str]]:
    """Play to the end: return all pictures, uint8 [T, 720, 640], and all lines."""
    with MainlineDolphin().play(BootImage(image, num_frames), scratch, PATIENT) as events:
        played = list(events)
    pictures = np.stack([event.yuv for event in played if isinstance(event, Picture)])
    return pictures, [event.text for event in played if isinstance(event, LogLine)]


@pytest.mark.parametrize("stage", [2, 3, 8, 28, 31, 32])
def test_each_frame_is_one_picture_with_its_stamp_on_every_stage(stage, tmp_path):
    pictures, lines = play(pack(game(stage, stage)), tmp_path)
    slp_frame, valid = read_stamps(pictures[:, :480])
    assert valid.all()
    assert slp_frame.tolist() == [*range(-123, 7), *[6] * TAIL_PICTURES]
    stamp = pictures[:, STAMP_TOP:480]
    assert set(np.unique(stamp)) == {16, 235}, "nothing is drawn over the stamp, and no row blurs into it"
    scene = pictures[:, :STAMP_TOP].astype(np.int16)
    moved = (np.abs(np.diff(scene, axis=0)) > 8).mean(axis=(1, 2))
    assert (moved[: NUM_FRAMES - 1] > 0).all(), "the picture follows the state from the first frame on"
    assert (moved[NUM_FRAMES:] == 0).all(), "the last picture is held"
    assert [int(line.split()[1]) for line in lines if line.startswith("[CURRENT_FRAME]")] == list(
        range(-123, 7)
    )
    assert [line for line in lines if "END" in line] == ["[GAME_END_FRAME] 6"]


def test_the_same_image_gives_the_same_pictures(tmp_path):
    image = pack(game(1, 31))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    once, again = play(image, tmp_path / "a")[0], play(image, tmp_path / "b")[0]
    assert np.array_equal(once, again)


def test_without_the_stamp_only_its_rows_differ(tmp_path):
    state = game(1, 31)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    stamped, plain = play(pack(state), tmp_path / "a")[0], play(pack(state, stamp=False), tmp_path / "b")[0]
    assert np.array_equal(stamped[:, :STAMP_TOP], plain[:, :STAMP_TOP])
    assert not read_stamps(plain[:, :480])[1].all()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.DROP, at=40, length=2),
        Fault(FaultKind.SWAP, at=50),
        Fault(FaultKind.SLOW, at=60, length=5),
        Fault(FaultKind.DESYNC, at=70),
    ],
    ids=str,
)
def test_a_fault_shows_as_the_schedule_says(fault, tmp_path):
    state, other = game(1, 31), game(2, 31)
    image = pack(state, fault=fault, other=other if fault.kind is FaultKind.DESYNC else None)
    pictures, lines = play(image, tmp_path)
    said = schedule(fault, len(pictures))
    slp_frame, valid = read_stamps(pictures[:, :480])
    assert valid.all()
    assert (slp_frame + 123).tolist() == np.minimum(said.source, NUM_FRAMES - 1).tolist()
    shown = [(other if is_other else state) for is_other in said.is_other]
    rows = np.minimum(said.source, NUM_FRAMES - 1)
    due = [int(game.values(SEED_COLUMN)[row]) for game, row in zip(shown, rows, strict=True)]
    seeds, clear = decode_seeds(cell_levels(pictures[:, :480]))
    assert clear.all()
    assert seeds.tolist() == due, "each picture names the state that was drawn, whatever its number says"
    assert sum(line.startswith("[CURRENT_FRAME]") for line in lines) == NUM_FRAMES


def test_the_benchmarks_heavy_scene_moves_and_its_stamps_are_right(tmp_path):
    pictures, _ = play(pack(game(31, 31), image=HEAVY_IMAGE), tmp_path)
    slp_frame, valid = read_stamps(pictures[:, :480])
    assert valid.all()
    assert slp_frame.tolist() == [*range(-123, 7), *[6] * TAIL_PICTURES]
    assert set(np.unique(pictures[:, STAMP_TOP:480])) == {16, 235}, "nothing is drawn over the stamp"
    moved = (np.abs(np.diff(pictures[:NUM_FRAMES, :STAMP_TOP].astype(np.int16), axis=0)) > 8).mean(
        axis=(1, 2)
    )
    assert moved.min() > 0.05, "a good part of every picture is new: the load is drawn for each frame"
