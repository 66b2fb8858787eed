"""Stock MIRA's own loader, from its public repository and in its own environment, reads our export.

MIRA_CHECKOUT=~/mira MIRA_PYTHON=~/mira-venv/bin/python pytest tests/manifests/exports/mira

MIRA_DATASET names a finalized dataset of the stand-in, or a rendition of one, whose export is read as well:
200 random clips of each split; `pytest -s` says how many clips MIRA reads per second of processor time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from manifests.exports.mira.keys import KEYS, held_keys
from manifests.exports.mira.options import MiraOptions
from manifests.snapshot.reader import open_manifest
from manifests.state.file import read_states
from tests.conftest import PROJECT_ROOT
from tests.manifests.exports.mira.conftest import export, index_of
from tests.manifests.small_dataset import one_state

if TYPE_CHECKING:
    from numpy.typing import NDArray

STOCK_MIRA = Path(__file__).with_name("stock_mira.py")
FIRST = one_state().first_slp_frame


def keys_expected(clip: dict[str, Any], stride: int, held: NDArray[np.bool_]) -> list[list[int]]:
    """The keys of each step, OR-ed over those of its frames that the chunk has."""
    rows = [frame - FIRST for frame in clip["physics"]]
    # MIRA's clips, and the keys of their last step, end with their chunk, here the dataset's of 90 frames.
    ends = [min(row + stride, (row // 90 + 1) * 90) for row in rows]
    pairs = zip(rows, ends, strict=True)
    return [np.flatnonzero(held[row:end].any(axis=0)).tolist() for row, end in pairs]


def clips_of(split: Path, num_clips: int, clip_len: int, fps: int) -> tuple[list[dict[str, Any]], float]:
    """Random clips as stock MIRA reads them, and the processor time that it took."""
    words = [os.environ["MIRA_PYTHON"], str(STOCK_MIRA), os.environ["MIRA_CHECKOUT"], str(split),
             str(num_clips), str(clip_len), str(fps), *KEYS]  # fmt: skip
    result = subprocess.run(words, check=False, capture_output=True, text=True, timeout=500)
    assert result.returncode == 0, result.stderr[-2000:]
    *clips, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(clips) == num_clips
    return clips, last["seconds"]


has_mira = pytest.mark.skipif(
    not {"MIRA_CHECKOUT", "MIRA_PYTHON"} <= os.environ.keys(),
    reason="$MIRA_CHECKOUT names no checkout of mira-wm/mira, or $MIRA_PYTHON no interpreter for it",
)


@pytest.mark.slow
@has_mira
@pytest.mark.parametrize(("clip_len", "fps"), [(10, 20), (16, 60), (8, 10)])
def test_stock_mira_shows_every_picture_with_its_row_and_its_keys(copied: Path, clip_len: int, fps: int):
    clips, _ = clips_of(copied / "train", 40, clip_len, fps)
    held = held_keys(one_state())
    anchors = index_of(copied / "train")["entries"][0]["perspectives"][0]["anchors"]
    for clip in clips:
        assert clip["size"] == [1, clip_len, 3, 480, 640]
        assert clip["stamps"] == clip["physics"]
        assert clip["actions"] == keys_expected(clip, 60 // fps, held)
        shown = range(clip["first"], clip["first"] + (clip_len - 1) * 60 // fps + 60 // fps)
        due = [[one["event_name"], one["slp_frame"] - FIRST] for one in anchors]
        assert clip["events"] == [one for one in due if one[1] in shown]


@pytest.mark.slow
@has_mira
@pytest.mark.skipif("MIRA_DATASET" not in os.environ, reason="$MIRA_DATASET names no dataset")
@pytest.mark.parametrize(("clip_len", "fps"), [(40, 20), (16, 60)])
def test_stock_mira_reads_the_export_of_a_whole_dataset(tmp_path: Path, clip_len: int, fps: int):
    root = Path(os.environ["MIRA_DATASET"])
    manifest = open_manifest(root)
    video, per_chunk = manifest.description.video, manifest.description.frames_per_chunk
    assert video is not None
    if video.fps % fps:
        pytest.skip(f"the dataset has {video.fps} pictures a second")
    out = tmp_path / "shards"
    export(root, out, MiraOptions(size=None, fps=video.fps))
    held: dict[str, NDArray[np.bool_]] = {}
    for row in manifest.table("chunks", ["game_id", "states_key"]).to_pylist():  # sorted by game
        keys = held_keys(read_states(manifest.store.get(row["states_key"])))
        game_id = row["game_id"]
        held[game_id] = np.concatenate([held[game_id], keys]) if game_id in held else keys
    for split in sorted(path for path in out.iterdir() if path.is_dir()):
        clips, seconds = clips_of(split, 200, clip_len, fps)
        wrong = [0, 0]
        for clip in clips:
            keys, stride = held[clip["match_id"]], 60 // fps
            rows = [frame - FIRST for frame in clip["physics"]]
            ends = [min(row + stride, (row // per_chunk + 1) * per_chunk) for row in rows]
            places = zip(rows, ends, strict=True)
            due = [np.flatnonzero(keys[row:end].any(axis=0)).tolist() for row, end in places]
            pairs = (clip["stamps"], clip["physics"]), (clip["actions"], due)
            for place, (found, wanted) in enumerate(pairs):
                wrong[place] += sum(one != other for one, other in zip(found, wanted, strict=True))
        sys.stdout.write(
            f"{root.name} {split.name}: {len(held)} games, 200 clips of {clip_len} at {fps} a second, "
            f"{200 * clip_len} pictures: {wrong[0]} with another stamp, {wrong[1]} with other keys; "
            f"{200 / seconds:.1f} clips a CPU second\n"
        )
        assert wrong == [0, 0]


@pytest.mark.slow
@has_mira
def test_the_bench_times_clips_of_stock_mira(copied: Path):
    script = PROJECT_ROOT / "farm" / "bench" / "_mira_clips.py"
    words = [os.environ["MIRA_PYTHON"], str(script), os.environ["MIRA_CHECKOUT"], str(copied / "train")]
    result = subprocess.run([*words, "3", "10"], check=False, capture_output=True, text=True, timeout=500)
    assert result.returncode == 0, result.stderr[-2000:]
    found = json.loads(result.stdout)
    assert found["clips"] > 0
    assert found["cpu_seconds"] > 0
