"""Stock MIRA reads our export: its own loader, from its public repository, in an environment of its own.

MIRA_CHECKOUT=~/mira MIRA_PYTHON=~/mira-venv/bin/python pytest tests/manifests/exports/mira
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from manifests.exports.mira.keys import KEYS, held_keys
from tests.manifests.exports.mira.conftest import index_of
from tests.manifests.small_dataset import one_state

if TYPE_CHECKING:
    from numpy.typing import NDArray

STOCK_MIRA = Path(__file__).with_name("stock_mira.py")
FIRST = one_state().first_slp_frame


def keys_expected(clip: dict[str, Any], stride: int, held: NDArray[np.bool_]) -> list[list[int]]:
    """Keys OR-ed over the frames of each step, as far as the chunk has them."""
    rows = [frame - FIRST for frame in clip["physics"]]
    # MIRA's clips, and the keys of their last step, end with their chunk, here the dataset's of 90 frames.
    ends = [min(row + stride, (row // 90 + 1) * 90) for row in rows]
    pairs = zip(rows, ends, strict=True)
    return [np.flatnonzero(held[row:end].any(axis=0)).tolist() for row, end in pairs]


@pytest.mark.slow
@pytest.mark.skipif(
    not {"MIRA_CHECKOUT", "MIRA_PYTHON"} <= os.environ.keys(),
    reason="$MIRA_CHECKOUT names no checkout of mira-wm/mira, or $MIRA_PYTHON no interpreter for it",
)
@pytest.mark.parametrize(("clip_len", "fps"), [(10, 20), (16, 60), (8, 10)])
def test_stock_mira_shows_every_picture_with_its_row_and_its_keys(copied: Path, clip_len: int, fps: int):
    words = [os.environ["MIRA_PYTHON"], str(STOCK_MIRA), os.environ["MIRA_CHECKOUT"], str(copied / "train"),
             "40", str(clip_len), str(fps), *KEYS]  # fmt: skip
    result = subprocess.run(words, check=False, capture_output=True, text=True, timeout=200)
    assert result.returncode == 0, result.stderr[-2000:]
    clips = [json.loads(line) for line in result.stdout.splitlines()][:-1]
    assert len(clips) == 40
    held = held_keys(one_state())
    anchors = index_of(copied / "train")["entries"][0]["perspectives"][0]["anchors"]
    for clip in clips:
        assert clip["size"] == [1, clip_len, 3, 480, 640]
        assert clip["stamps"] == clip["physics"]
        assert clip["actions"] == keys_expected(clip, 60 // fps, held)
        shown = range(clip["first"], clip["first"] + (clip_len - 1) * 60 // fps + 60 // fps)
        due = [[one["event_name"], one["slp_frame"] - FIRST] for one in anchors]
        assert clip["events"] == [one for one in due if one[1] in shown]
