"""Ray Data gives the same windows as the dataset itself."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.training.cache import Cache
from manifests.training.open import open_dataset
from tests.ray_process import printed_with_ray

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ray", reason="Ray is not installed: make extras-ray")
pytest.importorskip("pandas", reason="Ray Data needs pandas, which is in `ray-data`: make extras-ray")
pytestmark = [
    pytest.mark.ray,
    # Ray's defaults, which it sets when its context is made
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context"),
]


def test_read_tasks_cover_every_window_once_in_order(sound: Path, tmp_path: Path):
    from ray.data.block import BlockAccessor  # noqa: PLC0415 - Ray was found above

    from manifests.training.ray_data import WindowDatasource  # noqa: PLC0415

    open_windows = partial(open_dataset, sound, window=8, cache=Cache(tmp_path), as_torch=False)
    dataset, source = open_windows(), WindowDatasource(open_windows)
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


BATCHES = """
import json, sys
import ray
from functools import partial
from manifests import Cache, open_dataset
from manifests.training.ray_data import WindowDatasource
ray.init("local", num_cpus=1, include_dashboard=False, object_store_memory=200 << 20, logging_level="ERROR")
cache = Cache(sys.argv[2])
source = WindowDatasource(partial(open_dataset, sys.argv[1], window=2, cache=cache, as_torch=False))
data = ray.data.read_datasource(source, override_num_blocks=2)
for batch in data.iter_batches(batch_size=5):
    for chunk, start, video in zip(batch["chunk"], batch["frame_index"], batch["video"], strict=True):
        print(json.dumps([int(chunk), int(start), [int(side) for side in video.shape], int(video.sum())]))
"""


@pytest.mark.slow
def test_batches_of_a_ray_dataset_hold_every_window_once(sound: Path, tmp_path: Path):
    dataset = open_dataset(sound, window=2, cache=Cache(tmp_path / "cache"), as_torch=False)
    printed = printed_with_ray(BATCHES, str(sound), str(tmp_path / "cache"))
    found = sorted(json.loads(line) for line in printed if line.startswith("["))
    samples = [dataset[window] for window in range(len(dataset))]
    assert found == sorted(
        [int(one["chunk"]), int(one["frame_index"]), [2, 3, 480, 640], int(one["video"].sum())]
        for one in samples
    )
