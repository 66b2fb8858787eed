"""The independent check by ffmpeg accepts our videos, and names what is wrong with others."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import ffmpeg
import pytest

from tests.contracts.footprint import footprint
from tests.workers.moving_pictures import HEIGHT, WIDTH, encode, moving_pictures
from workers.errors import EnvironmentFailed
from workers.rendering import independent_check
from workers.rendering.independent_check import check_video, is_available

NUM_FRAMES = 75
X264 = "keyint=30:min-keyint=30:scenecut=0:open-gop=0:bframes=0"
TAGS = {
    "color_range": "tv", "colorspace": "smpte170m", "color_primaries": "smpte170m", "color_trc": "smpte170m",
}  # fmt: skip


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("video") / "ours.mp4"
    return encode(path, moving_pictures(NUM_FRAMES)).read_bytes()


def by_ffmpeg(folder: Path, rate: int = 60, **options: Any) -> bytes:
    """Encode the moving pictures by the system's ffmpeg, as our contract says except for `options`."""
    path, raw = folder / "theirs.mp4", b"".join(picture.tobytes() for picture in moving_pictures(NUM_FRAMES))
    pictures = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="yuv420p", s=f"{WIDTH}x{HEIGHT}", r=rate)
    wanted = {"vcodec": "libx264", "x264-params": X264, "video_track_timescale": 60_000, **TAGS, **options}
    pictures.output(str(path), **wanted).run(input=raw, quiet=True)
    return path.read_bytes()


def complaints(video: bytes, num_frames: int = NUM_FRAMES, width: int = WIDTH, height: int = HEIGHT) -> str:
    return "; ".join(check_video(video, num_frames=num_frames, width=width, height=height))


@pytest.mark.slow
def test_our_own_video_keeps_the_contract(ours: bytes):
    assert complaints(ours) == ""


@pytest.mark.slow
def test_a_video_of_ffmpeg_by_the_same_rules_keeps_it_too(tmp_path: Path):
    assert complaints(by_ffmpeg(tmp_path)) == ""


BREACHES: dict[str, tuple[dict[str, Any], str]] = {
    "other groups": (
        {"x264-params": X264.replace("keyint=30:min-keyint=30", "keyint=25:min-keyint=25")},
        "packets 0, 25, 50 are marked as key frames, every 30th is wanted",
    ),
    "open groups": ({"x264-params": f"{X264}:intra-refresh=1"}, "IDR pictures are 0, every 30th is wanted"),
    "B-frames": (
        {"x264-params": X264.replace("bframes=0", "bframes=2:b-adapt=0")},
        "has_b_frames is 2",
    ),
    "matrix": ({"colorspace": "bt709"}, "color_space is bt709, smpte170m is wanted"),
    "primaries": ({"color_primaries": "bt709"}, "color_primaries is bt709, smpte170m is wanted"),
    "curve": ({"color_trc": "bt709"}, "color_transfer is bt709, smpte170m is wanted"),
    "range": ({"color_range": "pc"}, "color_range is pc, tv is wanted"),
    "subsampling": ({"pix_fmt": "yuv444p"}, "pix_fmt is yuv444p, yuv420p is wanted"),
    "frame rate": ({"rate": 50}, "packet 1 is at 1/50 s (decoded at 1/50 s), 1/60 s is wanted"),
    "start": ({"output_ts_offset": "0.5"}, "packet 0 is at 1/2 s (decoded at 1/2 s), 0 s is wanted"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("options", "complaint"), BREACHES.values(), ids=BREACHES)
def test_a_breach_of_the_contract_is_named(tmp_path: Path, options: dict[str, Any], complaint: str):
    assert complaint in complaints(by_ffmpeg(tmp_path, **options))


def test_another_number_of_frames_or_another_size_is_named(ours: bytes):
    assert complaints(ours, num_frames=74) == "nb_frames is 75, 74 is wanted"
    assert complaints(ours, width=WIDTH + 2) == f"width is {WIDTH}, {WIDTH + 2} is wanted"
    assert complaints(ours, height=HEIGHT + 2) == f"height is {HEIGHT}, {HEIGHT + 2} is wanted"


def test_a_second_stream_is_named(ours: bytes, tmp_path: Path):
    one, two = tmp_path / "one.mp4", tmp_path / "two.mp4"
    one.write_bytes(ours)
    twice = ffmpeg.output(ffmpeg.input(str(one)), ffmpeg.input(str(one)), str(two), vcodec="copy")
    twice.run(quiet=True)
    assert complaints(two.read_bytes()) == "2 streams, one of pictures is wanted"


@pytest.mark.slow
def test_a_truncated_video_is_named(ours: bytes):
    assert "75 are wanted" in complaints(ours[: len(ours) * 3 // 4])


@pytest.mark.slow
def test_a_damaged_picture_is_named(ours: bytes):
    middle = len(ours) * 3 // 4
    damaged = ours[:middle] + bytes(200) + ours[middle + 200 :]
    assert "ffmpeg cannot decode it: " in complaints(damaged)


@pytest.mark.parametrize("data", [b"", b"just text"], ids=["nothing", "text"])
def test_what_is_no_video_is_named_without_a_path(data: bytes):
    assert complaints(data) == "ffprobe refuses it: video.mp4: Invalid data found when processing input"


def test_a_check_leaves_no_process_and_no_file(ours: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = footprint(tmp_path)
    complaints(ours)
    assert footprint(tmp_path) == before


def test_a_program_that_hangs_is_ended_at_the_deadline(
    ours: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ffprobe").write_text("#!/bin/sh\nexec sleep 600\n")
    (programs / "ffprobe").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(independent_check, "_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = footprint(tmp_path)
    with pytest.raises(EnvironmentFailed, match="ffprobe was not done with a video within"):
        complaints(ours, num_frames=10)
    assert footprint(tmp_path) == before


def test_without_ffmpeg_the_error_says_how_to_get_it(ours: bytes, monkeypatch: pytest.MonkeyPatch):
    assert is_available()
    monkeypatch.setenv("PATH", "/nowhere")
    assert not is_available()
    with pytest.raises(EnvironmentFailed, match=r"ffmpeg is not on PATH.*install ffmpeg"):
        complaints(ours)
