"""VMAF is measured picture by picture where the system's ffmpeg can; else a message says that it cannot."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from farm.bench._bytes_vmaf import RawPictures, lacks_for_vmaf, vmaf_of
from tests.workers.moving_pictures import encode
from workers.errors import EnvironmentFailed
from workers.rendering.encode import VideoSettings

HEIGHT, WIDTH, SHOWN_ROWS, NUM_FRAMES = 160, 192, 144, 61
FINEST = VideoSettings(1.0)


def _ffmpeg_has_vmaf() -> bool:
    listed = subprocess.run(
        ["ffmpeg", "-hide_banner", "-filters"], capture_output=True, text=True, check=False
    )
    return re.search(r"\blibvmaf\b", listed.stdout) is not None


needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg here: install it")
needs_vmaf = pytest.mark.skipif(
    shutil.which("ffmpeg") is None or not _ffmpeg_has_vmaf(),
    reason="the ffmpeg on PATH has no libvmaf: put another build of it first",
)


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    """A smooth background that moves, so that no picture is like the last; the bottom rows are a stamp."""
    random = np.random.default_rng(3)
    coarse = random.integers(40, 220, (16, 40)).astype(np.uint8)
    ground = np.kron(coarse, np.ones((10, 10), np.uint8))
    made = []
    for k in range(NUM_FRAMES):
        picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        picture[:HEIGHT] = ground[:HEIGHT, 3 * k : 3 * k + WIDTH]
        picture[SHOWN_ROWS:HEIGHT] = random.integers(0, 256, (HEIGHT - SHOWN_ROWS, WIDTH))
        made.append(picture)
    return made


def raw_of(file: Path, pictures: list[np.ndarray]) -> RawPictures:
    file.write_bytes(b"".join(picture.tobytes() for picture in pictures))
    return RawPictures(file, HEIGHT, WIDTH, SHOWN_ROWS, len(pictures))


@needs_ffmpeg
def test_what_is_lacking_is_what_the_real_ffmpeg_lacks(tmp_path: Path):
    assert (lacks_for_vmaf(tmp_path) is None) == _ffmpeg_has_vmaf()


def test_without_ffmpeg_the_reason_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert lacks_for_vmaf(tmp_path) == "there is no ffmpeg on PATH"


@needs_ffmpeg
@pytest.mark.skipif(_ffmpeg_has_vmaf(), reason="the ffmpeg on PATH has libvmaf")
def test_an_ffmpeg_without_libvmaf_is_named_and_refuses(pictures: list[np.ndarray], tmp_path: Path):
    assert lacks_for_vmaf(tmp_path) == "the ffmpeg on PATH was built without libvmaf"
    video = encode(tmp_path / "video.mp4", pictures, FINEST)
    with pytest.raises(EnvironmentFailed, match=r"ffmpeg cannot measure VMAF of video.mp4: "):
        vmaf_of(video, raw_of(tmp_path / "raw", pictures), 7)


@needs_vmaf
def test_identical_pictures_score_close_to_100_and_coarser_ones_less(
    pictures: list[np.ndarray], tmp_path: Path
):
    raw = raw_of(tmp_path / "raw", pictures)
    fine, coarse = (
        vmaf_of(encode(tmp_path / "video.mp4", pictures, VideoSettings(crf)), raw, 7) for crf in (1.0, 45.0)
    )
    assert fine > 95
    assert coarse < fine - 5


@needs_vmaf
def test_what_the_stamp_shows_does_not_count(pictures: list[np.ndarray], tmp_path: Path):
    video = encode(tmp_path / "video.mp4", pictures, FINEST)
    others = [picture.copy() for picture in pictures]
    for picture in others:
        picture[SHOWN_ROWS:HEIGHT] = 16
    raws = raw_of(tmp_path / "raw", pictures), raw_of(tmp_path / "others", others)
    one, other = (vmaf_of(video, raw, 7) for raw in raws)
    assert one == other


@needs_vmaf
def test_a_file_of_fewer_pictures_is_refused(pictures: list[np.ndarray], tmp_path: Path):
    video = encode(tmp_path / "video.mp4", pictures[:20], FINEST)
    with pytest.raises(EnvironmentFailed, match=r"pictures of video.mp4, 9 are wanted"):
        vmaf_of(video, raw_of(tmp_path / "raw", pictures), 7)
