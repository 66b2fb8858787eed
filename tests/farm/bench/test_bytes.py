"""`farm bench bytes` encodes real pictures of the stand-in in several ways and tells them apart."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from farm.bench._bytes_truth import fields_of
from farm.bench.bytes import command, ways_to_try
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match


def test_every_preset_is_tried_at_every_crf_and_the_other_codings_at_the_middle_one():
    ways = ways_to_try([20, 30, 25], ["fast", "veryfast"])
    whole = [way for way in ways if way.size is None]
    assert len(whole) == 6 + 5
    assert {way.settings.crf for way in whole[6:]} == {25}
    assert [way.settings.crf for way in ways[11:]] == [20, 30, 25]


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
    fine, coarse = (next(t for t in trials if t["crf"] == crf and t["height"] == 480) for crf in (20, 40))
    assert fine["bytes_per_frame"] > 2 * coarse["bytes_per_frame"]
    for measure in ("psnr_db", "ssim", "ssim_fighters"):
        assert fine[measure] > coarse[measure]
    assert fine["read_share"] == 1
    assert np.isfinite(fine["window_milliseconds"])
    assert next(t for t in trials if t["b_frames"])["window_milliseconds"] is None
