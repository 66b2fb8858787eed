"""`farm view` writes clips that can be played, of the frames that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from farm.cli import farm
from manifests.snapshot.reader import open_manifest
from manifests.video.mp4 import decode_luma
from manifests.video.overlay import PlayerState, draw_over
from manifests.video.stamp import read_stamps

if TYPE_CHECKING:
    from pathlib import Path


def view(*words: str):
    result = CliRunner().invoke(farm, ["view", *words])
    return result.exit_code, result.output or str(result.exception)


def test_a_window_becomes_a_video_of_its_frames(sound: Path, tmp_path: Path):
    game_id = open_manifest(sound).games()["game_id"][1].as_py()
    clip = tmp_path / "clip.mp4"
    status, output = view(str(sound), f"{game_id[:8]}:-100", "--frames", "12", "--out", str(clip))
    assert status == 0, output
    found, valid = read_stamps(np.stack([picture.copy() for picture in decode_luma(clip)]))
    assert valid.all()
    assert found.tolist() == list(range(-100, -88))


def test_a_gif_shows_every_third_frame(sound: Path, tmp_path: Path):
    clip = tmp_path / "clip.gif"
    status, output = view(str(sound), "3", "--frames", "12", "--out", str(clip), "--no-state")
    assert status == 0, output
    with Image.open(clip) as image:
        assert image.size == (320, 240)
        assert output.endswith("4 pictures\n")


@pytest.mark.parametrize("window", ["999999", "zz:5", ":100000", "nothing", "\N{SUPERSCRIPT TWO}"])
def test_a_window_that_is_not_there_fails(sound: Path, tmp_path: Path, window: str):
    status, output = view(str(sound), window, "--frames", "9", "--out", str(tmp_path / "clip.mp4"))
    assert status != 0
    assert f"no window '{window}'" in output


@pytest.mark.parametrize("frame", ["--5", "5-", "\N{SUPERSCRIPT TWO}", "", "100000"])
def test_a_frame_that_the_game_does_not_have_fails(sound: Path, tmp_path: Path, frame: str):
    window = f"{open_manifest(sound).games()['game_id'][1].as_py()[:8]}:{frame}"
    status, output = view(str(sound), window, "--frames", "9", "--out", str(tmp_path / "clip.mp4"))
    assert status != 0
    assert f"no window '{window}'" in output


@pytest.mark.parametrize("size", ["0x0", "48", "-48x64"])
def test_a_clip_of_a_size_that_is_none_fails(sound: Path, tmp_path: Path, size: str):
    status, output = view(
        str(sound), "3", "--frames", "9", "--out", str(tmp_path / "clip.gif"), "--size", size
    )
    assert (status, list(tmp_path.iterdir())) == (2, [])
    assert "--size is ROWSxCOLUMNS, such as 288x384" in output


def test_another_kind_of_file_fails(sound: Path, tmp_path: Path):
    status, output = view(str(sound), "0", "--out", str(tmp_path / "clip.avi"))
    assert status != 0
    assert "an .mp4, or an animated picture" in output


def test_what_is_drawn_follows_the_state():
    picture = np.full((480, 640, 3), 128, np.uint8)
    still = PlayerState("FOX", "WAIT", 0.0, 0.0, 0.0, 4, (0.0, 0.0), (0.0, 0.0), 0.0, 0)
    moved = PlayerState("FOX", "DASH", 9.0, 0.0, 57.0, 3, (1.0, 0.0), (0.0, -1.0), 0.5, 0x100)
    images = [draw_over(picture, 7, {0: still, 1: other}) for other in (still, moved)]
    assert (picture == 128).all()
    assert (images[0][:, :320] == images[1][:, :320]).all()
    assert (images[0][:80, 400:] != images[1][:80, 400:]).sum() > 500
    assert (images[1][100:] == 128).all()
