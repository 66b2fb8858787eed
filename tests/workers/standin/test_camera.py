"""The camera and boxes computed from the state agree with the stand-in program's own camera and bodies.

The program's camera, poses and bodies are compiled for this machine; drawn_boxes.c notes every vertex.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from manifests.labels.bodies import BODIES
from manifests.labels.boxes import fighter_boxes
from tests.workers.standin.image.conftest import make_state
from workers.errors import ReplayRefused
from workers.replay import melee_names, read_replay
from workers.replay.renderable import renderable
from workers.replay.state import state_table
from workers.standin.camera import STAGE_LIMITS, standin_camera
from workers.standin.image import layout
from workers.standin.image.build import GAME
from workers.standin.image.records import frame_records
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.state.table import StateTable

DOUBLE = Path(__file__).parent / "game" / "drawn_boxes.c"
SOURCES = ("angle.c", "body.c", "camera.c", "looks.c", "pose.c", "stage_table.c")
WIDTH, HEIGHT = 640, 464
SUBPIXELS, SCALE = 16, 1024  # fractions of a pixel, and of camera_plane's scale in pixels per unit
NUM_FRAMES = 1500

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc here, which builds the double")


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = tmp_path_factory.mktemp("drawn") / "drawn.so"
    command = ["gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{GAME}"]
    command += [str(DOUBLE), *(str(GAME / name) for name in SOURCES), "-o", str(library)]
    subprocess.run(command, check=True, timeout=120)
    return ctypes.CDLL(str(library))


@cache
def recorded(stage: int) -> StateTable:
    """A recorded match on a stage."""
    return state_table(read_replay(record_match(7, stage=stage, num_frames=NUM_FRAMES)))


def drawn(program: ctypes.CDLL, state: StateTable) -> tuple[NDArray[Any], NDArray[Any]]:
    """Run the program: its camera int32 [T, 3] and its bodies int32 [T, 4, 5]; see drawn_boxes.c."""
    frames = frame_records(state).astype(layout.FRAME.newbyteorder("<"))
    camera = np.zeros((len(frames), 3), np.int32)
    bodies = np.zeros((len(frames), layout.NUM_FIGHTERS, 5), np.int32)
    addresses = (array.ctypes.data_as(ctypes.c_void_p) for array in (frames, camera, bodies))
    first, *others = addresses
    program.draw(state.stage, first, len(frames), *others)
    return camera, bodies


@pytest.mark.slow
@needs_gcc
@pytest.mark.parametrize("stage", STAGE_LIMITS)
def test_the_camera_is_the_programs_in_every_frame(program: ctypes.CDLL, stage: int):
    state = recorded(stage)
    camera, origin = standin_camera(state), np.zeros(state.num_frames)
    real, _ = drawn(program, state)
    # Both compute where the stage's origin is on the screen; the program rounds to a subpixel.
    assert np.abs(camera.columns(origin) - real[:, 0] / SUBPIXELS).max() <= 1 / SUBPIXELS
    assert np.abs(camera.rows(origin) - real[:, 1] / SUBPIXELS).max() <= 1 / SUBPIXELS
    assert (camera.pixels_per_unit * SCALE == real[:, 2]).all()
    assert camera.is_known.all()


def test_the_camera_knows_every_stage_of_a_dataset():
    assert STAGE_LIMITS.keys() == set(melee_names.LEGAL_STAGES)


def compared(program: ctypes.CDLL, state: StateTable) -> tuple[NDArray[Any], int, int, int]:
    """Errors of all edges in pixels; how many bodies are drawn in the picture, how many of them have a box,
    and how many boxes there are of the players themselves."""
    boxes = fighter_boxes(state, standin_camera(state), WIDTH, HEIGHT)
    _, bodies = drawn(program, state)
    errors, num_seen, num_both = [], 0, 0
    for slot, entity in enumerate(("p0", "p0n", "p1", "p1n")):
        edges = np.clip(bodies[:, slot, 1:] / SUBPIXELS, 0, [WIDTH, HEIGHT] * 2)
        seen = (bodies[:, slot, 0] == 1) & (edges[:, :2] < edges[:, 2:]).all(axis=1)
        both = seen & boxes[entity].valid
        num_seen, num_both = num_seen + int(seen.sum()), num_both + int(both.sum())
        errors.append(np.abs(boxes[entity].edges[both] - edges[both]).ravel())
    num_given = sum(int(boxes[player].valid.sum()) for player in ("p0", "p1"))
    return np.concatenate(errors), num_seen, num_both, num_given


@pytest.mark.slow
@needs_gcc
def test_half_of_all_edges_are_within_five_pixels_of_the_drawn_body(program: ctypes.CDLL):
    found = [compared(program, recorded(stage)) for stage in STAGE_LIMITS]
    errors = np.concatenate([errors for errors, *_ in found])
    assert np.median(errors) < 5
    assert np.percentile(errors, 95) < 25
    assert sum(both for _, _, both, _ in found) > 0.99 * sum(seen for _, seen, _, _ in found)


@pytest.mark.slow
@needs_gcc
@pytest.mark.shared
def test_the_page_says_how_near_the_boxes_of_the_real_games_are(program: ctypes.CDLL, real_replays: Path):
    errors, num_frames, num_given, num_games = [], 0, 0, 0
    for file in sorted(real_replays.glob("*.slp")):
        try:
            state = renderable(read_replay(file.read_bytes()))
        except ReplayRefused:
            continue
        of_game, _, _, given = compared(program, state)
        errors.append(of_game)
        num_games, num_frames, num_given = num_games + 1, num_frames + 2 * state.num_frames, num_given + given
    found = np.concatenate(errors)
    page = labels_page().read_text()
    assert num_games == 14
    assert f"{num_frames:,} frames of players" in page
    assert f"{num_given / num_frames:.1%}".replace("%", " %") in page
    assert f"wrong by {np.median(found):.1f} pixels (median; {np.percentile(found, 95):.1f} at the" in page


def labels_page() -> Path:
    return Path(__file__).resolve().parents[3] / "manifests" / "labels" / "README.md"


def test_heights_are_those_of_the_programs_looks():
    looks = re.findall(r"^ +\{(\d+), \d+, \d+, 0x", (GAME / "looks.c").read_text(), re.MULTILINE)
    assert [int(height) for height in looks] == [body[0] for body in BODIES]


def test_a_state_that_begins_later_says_nothing_of_the_camera():
    assert not standin_camera(recorded(31).slice(1, 50)).is_known.any()


def test_a_stage_that_the_standin_lacks_is_refused():
    with pytest.raises(ValueError, match=r"no stage 7; it has \[2, 3, 8, 28, 31, 32\]"):
        standin_camera(make_state(stage=7))
