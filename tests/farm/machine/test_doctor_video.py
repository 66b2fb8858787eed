"""`farm doctor` has another program check a clip that this machine encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from farm.machine import doctor_video
from farm.machine.doctor_slippi import slippi_checks
from farm.machine.doctor_standin import standin_checks
from farm.machine.doctor_video import written_video
from workers.rendering.encode import Coding

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_clip_of_ours_passes():
    finding = written_video()
    assert finding.outcome == "ok", finding
    assert "61 frames" in finding.detail


@pytest.mark.slow
def test_a_clip_of_other_groups_of_pictures_fails(monkeypatch: pytest.MonkeyPatch):
    """The clip looks as if libav had ignored a setting."""
    monkeypatch.setattr("workers.rendering.encode.DATASET_CODING", Coding(gop_pictures=20))
    finding = written_video()
    assert finding.outcome == "failed"
    assert "packets 0, 20, 40, 60 are marked as key frames, every 30th is wanted" in finding.detail
    assert finding.remedy


def test_without_ffmpeg_it_is_a_warning_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = written_video()
    assert (finding.outcome, finding.remedy) == ("warning", "apt-get install ffmpeg")


def test_both_emulators_are_examined_with_it(tmp_path: Path):
    for checks in (standin_checks(1, tmp_path), slippi_checks(None, None, 1, tmp_path)):
        assert doctor_video.written_video in checks
