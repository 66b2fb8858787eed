"""`farm bench bytes` encodes real pictures of the stand-in in several ways, and its figures differ by way."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from farm.bench._bytes_truth import fields_of, truth_of
from farm.bench.bytes import command, show, ways_to_try
from tests.farm.bench.bytes_trials import bytes_trial
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match


def test_every_preset_is_tried_at_every_crf_and_the_other_codings_at_the_middle_one():
    ways = ways_to_try([20, 30, 25], ["fast", "veryfast"])
    whole = [way for way in ways if way.size is None and not way.region_offset]
    assert len(whole) == 6 + 5
    assert {way.settings.crf for way in whole[6:]} == {25}
    assert [way.settings.crf for way in ways if way.size is not None] == [20, 30, 25]


def test_regions_are_tried_where_plain_encodings_of_as_many_bytes_are_known():
    ways = [way for way in ways_to_try([20, 30, 25], ["fast", "veryfast"]) if way.region_offset]
    assert {way.settings.crf for way in ways} == {25, 30}
    assert all(way.region_offset < 0 for way in ways)


@pytest.mark.parametrize(
    ("lacks", "vmaf", "words"),
    [
        (None, 91.25, "by the ffmpeg on PATH"),
        ("it is not there", None, "not measured, because it is not there"),
    ],
)
def test_the_table_says_whether_vmaf_was_measured(
    capsys: pytest.CaptureFixture[str], lacks: str | None, vmaf: float | None, words: str
):
    show([bytes_trial(vmaf=vmaf)], lacks)
    printed = capsys.readouterr().out
    assert f"VMAF: {words}" in printed
    assert ("91.2" in printed) == (vmaf is not None)


def test_the_table_sets_regions_beside_plain_encodings(capsys: pytest.CaptureFixture[str]):
    plain = [
        bytes_trial(bytes_per_frame=size, ssim_fighters=ssim) for size, ssim in ((1000, 0.8), (2000, 0.9))
    ]
    show(
        [*plain, bytes_trial(bytes_per_frame=2000, ssim_fighters=0.925, region_offset=-0.1)], "it is missing"
    )
    assert "+0.0250" in capsys.readouterr().out


@pytest.mark.dolphin
def test_no_more_is_played_than_is_measured(tmp_path: Path):
    replay = tmp_path / "game.slp"
    replay.write_bytes(record_match(3, num_frames=600))
    truth = truth_of(replay, 40, tmp_path)
    assert len(truth.pictures) == len(truth.boxes) == 40
    assert truth.file.stat().st_size == truth.pictures.nbytes


def test_an_unknown_preset_is_refused_before_anything_runs():
    done = CliRunner().invoke(command, ["--preset", "quick"])
    assert done.exit_code == 2
    assert "preset is one of" in done.output


def test_clock_and_damage_are_known_from_the_state():
    state = state_table(read_replay(record_match(3, num_frames=600)))
    clock, *damages = fields_of(state, 400)
    assert len(damages) == 2
    frame = 123 + 90  # a second and a half after the start
    assert clock.label[frame] == (480 * 100 - 150) % 100
    assert not clock.valid[:124].any()
    assert damages[0].label[0] == 0


@pytest.mark.dolphin
def test_fewer_bytes_are_worse_pictures_and_the_table_says_so():
    words = ["--frames", "150", "--crf", "20", "--crf", "40", "--preset", "veryfast", "--json"]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output
    trials = json.loads(done.stdout)
    whole = [t for t in trials if t["height"] == 480]
    fine, coarse = (next(t for t in whole if t["crf"] == crf) for crf in (20, 40))
    assert fine["bytes_per_frame"] > 2 * coarse["bytes_per_frame"]
    for measure in ("psnr_db", "ssim", "ssim_fighters"):
        assert fine[measure] > coarse[measure]
    assert fine["read_share"] == 1
    assert np.isfinite(fine["window_milliseconds"])
    assert next(t for t in trials if t["b_frames"])["window_milliseconds"] is None
    favoured = next(t for t in whole if t["crf"] == 40 and t["region_offset"] == -0.2)
    assert favoured["ssim_fighters"] > coarse["ssim_fighters"]
