"""The system's ffmpeg as a second opinion: it is asked, and its refusals are heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.footprint import footprint
from tests.workers.moving_pictures import HEIGHT, WIDTH, encode, moving_pictures
from workers.errors import EnvironmentFailed, RenderFailed
from workers.rendering.second_decoder import decode, probe


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return encode(tmp_path / "video.mp4", moving_pictures(40))


def damage(video: Path) -> Path:
    data = bytearray(video.read_bytes())
    middle = len(data) * 3 // 4
    data[middle : middle + 200] = bytes(200)
    video.write_bytes(data)
    return video


def test_a_damaged_video_is_refused(video: Path):
    with pytest.raises(RenderFailed, match=r"video\.mp4: ffmpeg refuses it"):
        list(decode(damage(video), WIDTH, HEIGHT))


def test_what_is_no_video_is_refused(tmp_path: Path):
    path = tmp_path / "text.mp4"
    path.write_text("just text")
    for question in (probe, lambda path: list(decode(path, WIDTH, HEIGHT))):
        with pytest.raises(RenderFailed, match=r"text\.mp4: ffmpeg refuses it: .*Invalid data"):
            question(path)


def test_a_wrong_size_is_noticed(video: Path):
    with pytest.raises(RenderFailed, match="refuses"):
        list(decode(video, WIDTH, HEIGHT - 2))


def test_stopping_early_leaves_no_process(video: Path, tmp_path: Path):
    before = footprint(tmp_path)
    pictures = decode(video, WIDTH, HEIGHT)
    next(pictures)
    pictures.close()  # type: ignore[attr-defined]
    assert footprint(tmp_path) == before


def test_without_ffmpeg_the_error_says_how_to_get_it(video: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvironmentFailed, match=r"ffprobe is not on PATH.*install ffmpeg"):
        probe(video)
    with pytest.raises(EnvironmentFailed, match=r"ffmpeg is not on PATH.*install ffmpeg"):
        next(decode(video, WIDTH, HEIGHT))
