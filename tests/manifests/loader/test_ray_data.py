"""With Ray: the same windows through Ray Data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.loader import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ray", reason="Ray is not installed: make extras-ray")
pytest.importorskip("pandas", reason="Ray Data needs pandas, which is in the extra `ray-data`")
pytestmark = pytest.mark.ray


def test_read_tasks_cover_every_window_once_in_order(sound: Path, tmp_path: Path):
    from ray.data.block import BlockAccessor  # noqa: PLC0415 - Ray was found above

    from manifests.ray_data import WindowSource  # noqa: PLC0415

    options = {"window": 8, "cache_dir": str(tmp_path)}
    dataset = open_dataset(sound, as_torch=False, **options)  # type: ignore[arg-type]
    source = WindowSource(str(sound), **options)
    tasks = source.get_read_tasks(4)
    blocks = [BlockAccessor.for_block(block).to_numpy() for task in tasks for block in task()]
    assert len(tasks) == 4
    places = [
        (int(chunk), int(start))
        for block in blocks
        for chunk, start in zip(block["chunk"], block["frame_index"], strict=True)
    ]
    assert places == [dataset.index.locate(window) for window in range(len(dataset))]
    videos = np.concatenate([block["video"] for block in blocks])
    assert (videos[5] == dataset[5]["video"]).all()
    assert source.estimate_inmemory_data_size() > videos.nbytes
