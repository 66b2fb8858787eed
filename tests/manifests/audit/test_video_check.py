"""An audit at depth `decode` has another program check every video, and says if there is no such program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.audit.audit import audit
from manifests.audit.findings import Depth, Finding, Kind
from manifests.store.keys import video_key
from tests.manifests.small_dataset import build

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from manifests.store.contract import Store

NUM_VIDEOS = 9
CONTRACT = (640, 480, 60, 30)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("sound")
    return build(folder / "dataset", folder / "scratch")


class Grumbler:
    """A check that notes what it was asked, and rejects the shortest videos."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def __call__(
        self, video: bytes, *, num_frames: int, width: int, height: int, fps: int, gop_pictures: int
    ) -> Sequence[str]:
        assert video[4:8] == b"ftyp"
        self.asked.append((num_frames, width, height, fps, gop_pictures))
        return () if num_frames == 90 else ("it is short", "it is grey")


@pytest.mark.slow
def test_every_video_is_checked_and_every_complaint_is_a_finding(sound: Store):
    grumbler = Grumbler()
    report = audit(sound, Depth.DECODE, video_check=grumbler, num_threads=1)
    assert report.num_independently_checked == NUM_VIDEOS
    assert grumbler.asked == [(90, *CONTRACT), (90, *CONTRACT), (20, *CONTRACT)] * 3
    assert report.findings == [
        Finding(Kind.STRUCTURE, video_key(number), line)
        for number in (2, 5, 8)
        for line in ("it is short", "it is grey")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("depth", [Depth.CHECKSUM, Depth.STRUCTURE])
def test_a_lesser_depth_asks_no_other_program(sound: Store, depth: Depth):
    grumbler = Grumbler()
    assert audit(sound, depth, video_check=grumbler).num_independently_checked == 0
    assert grumbler.asked == []


@pytest.mark.slow
def test_the_command_has_ffmpeg_check_the_videos(sound: Store):
    result = CliRunner().invoke(farm, ["audit", sound.url, "--depth", "decode"])
    assert result.exit_code == 0, result.output
    assert f"{NUM_VIDEOS} videos checked by the system's ffmpeg" in result.output
    assert "no ffmpeg is installed" not in result.output


@pytest.mark.slow
def test_without_ffmpeg_the_command_says_so_and_audits_the_rest(
    sound: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(farm, ["audit", sound.url, "--depth", "decode"])
    assert result.exit_code == 0, result.output
    assert "no ffmpeg is installed, so no other program checked the videos" in result.output
    assert result.output.endswith("all holds\n")
    shallow = CliRunner().invoke(farm, ["audit", sound.url])
    assert "ffmpeg" not in shallow.output
