"""A small dataset is stretched to any number of frames by links, which take no further space on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from farm.bench._stretch import stretch
from manifests.ledger.entry import done_game_ids, read_entries
from manifests.snapshot.reader import open_manifest
from manifests.store.open import open_store
from manifests.training.open import open_dataset
from tests.manifests.small_dataset import build

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = 600  # number of frames of the small dataset


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The small dataset, on the same file system as the stretched one, as links need."""
    build(tmp_path / "set", tmp_path / "scratch")
    return tmp_path / "set"


@pytest.mark.slow
@pytest.mark.parametrize(("wanted", "made"), [(1, 600), (600, 600), (601, 1200), (1500, 1800)])
def test_it_is_at_least_as_long_as_asked_for_in_whole_copies(
    source: Path, tmp_path: Path, wanted: int, made: int
):
    assert stretch(source, tmp_path / "large", wanted) == made
    manifest = open_manifest(open_store(tmp_path / "large"))
    assert sum(manifest.games().column("num_frames").to_pylist()) == made


@pytest.mark.slow
def test_its_files_are_links(source: Path, tmp_path: Path):
    stretch(source, tmp_path / "large", 2 * FRAMES)
    originals = {path.stat().st_ino for path in (source / "videos").rglob("*.mp4")}
    copies = [path.stat().st_ino for path in (tmp_path / "large" / "videos").rglob("*.mp4")]
    assert set(copies) == originals
    assert len(copies) == 2 * len(originals)


@pytest.mark.slow
def test_every_game_has_an_id_of_its_own_and_what_its_original_had(source: Path, tmp_path: Path):
    stretch(source, tmp_path / "large", 2 * FRAMES)
    store = open_store(tmp_path / "large")
    entries = list(read_entries(store, done_game_ids(store)))
    assert len({entry.game_id for entry in entries}) == len(entries) == 6
    assert {entry.num_frames for entry in entries} == {200}


@pytest.mark.slow
def test_its_windows_can_be_read(source: Path, tmp_path: Path):
    stretch(source, tmp_path / "large", 2 * FRAMES)
    dataset = open_dataset(tmp_path / "large", window=4, as_torch=False, verify="none")
    sample = dataset[len(dataset) - 1]
    assert sample["video"].shape[0] == 4
    assert np.diff(sample["slp_frame"]).tolist() == [1, 1, 1]
