"""`open_dataset`: its short arguments, the samples it gives, and the packages that it needs."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.store.local import LocalStore
from manifests.training.cache import CACHE_VARIABLE, Cache
from manifests.training.dataset import WindowDataset
from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec

if TYPE_CHECKING:
    from pathlib import Path


def test_a_number_stands_for_a_plain_window(sound: Path):
    short = open_dataset(sound, window=4, cache=None, as_torch=False)
    spelled_out = open_dataset(sound, window=WindowSpec(window=4), cache=None, as_torch=False)
    assert short.index.spec == spelled_out.index.spec
    assert len(short) == len(spelled_out)


def test_arrays_come_out_where_they_are_asked_for(sound: Path):
    assert isinstance(open_dataset(sound, as_torch=False), WindowDataset)


def test_by_default_tensors_come_out_if_torch_is_installed(sound: Path):
    has_torch = importlib.util.find_spec("torch") is not None
    assert isinstance(open_dataset(sound), WindowDataset) is not has_torch


@pytest.mark.torch
def test_a_window_of_one_frame_becomes_tensors(sound: Path):
    pytest.importorskip("torch", reason="torch is not installed: make extras-torch")
    dataset = open_dataset(sound, window=1, cache=None, as_torch=True)
    assert dataset[0]["video"].shape == (1, 3, 480, 640)


def test_the_cache_lies_where_the_variable_says(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "chosen"))
    open_dataset(sound, fields=["p0.x"], as_torch=False)[0]
    assert Cache().open().folder == tmp_path / "chosen"
    assert list((tmp_path / "chosen").glob("*/*"))


def test_damaged_video_in_the_cache_is_fetched_again(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Videos are kept in the cache where the dataset is remote, which this one on disk says that it is."""
    monkeypatch.setattr(LocalStore, "is_remote", True)

    def opened() -> WindowDataset:
        return open_dataset(sound, window=4, cache=Cache(tmp_path / "cache"), as_torch=False)

    def pieces() -> set[Path]:
        return {
            path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.stat().st_size > 500
        }

    whole = opened()[0]["video"]
    files = [path.read_bytes() for path in sound.rglob("*.mp4")]
    (video,) = (path for path in pieces() if any(path.read_bytes()[:500] in file for file in files))
    data = bytearray(video.read_bytes())
    for place in range(0, len(data) - 40, 97):
        data[place] ^= 1
    video.write_bytes(data)
    assert np.array_equal(opened()[0]["video"], whole)
    assert video.read_bytes() != bytes(data)


def test_it_takes_about_a_dozen_arguments():
    assert len(inspect.signature(open_dataset).parameters) <= 12


# The packages that `pip install dolphin-farm[load]` installs, and no more.
ALONE = """
import sys
for absent in ("ray", "torch", "torchcodec", "cv2", "boto3", "botocore", "melee", "ffmpeg", "matplotlib",
               "duckdb", "starlette", "farm", "workers"):
    sys.modules[absent] = None
from manifests import Cache, open_dataset
dataset = open_dataset(sys.argv[1], cache=Cache(sys.argv[2]), as_torch=False)
batch = next(iter(dataset.stream(batch_size=3, weights="action")))
print(batch["video"].shape, batch["action"].shape[:2])
"""


@pytest.mark.slow
def test_the_reading_side_stands_alone(sound: Path, tmp_path: Path):
    words = [sys.executable, "-c", ALONE, str(sound), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout == "(3, 16, 3, 480, 640) (3, 16)\n", done.stderr
