"""Windows as a Ray Data source: ray.data.read_datasource(WindowSource("s3://bucket/set", window=16)).

Every read task opens the dataset on its own node and yields blocks of some windows, a column per array, in
the dataset's order; Ray Data shuffles and batches. Nothing large goes through the driver. A door to Ray.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from ray.data.block import BlockAccessor, BlockMetadata
from ray.data.datasource import Datasource, ReadTask

from manifests.training.dataset import open_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK_WINDOWS: Final = 16


class WindowSource(Datasource):  # type: ignore[misc] # Ray is not installed everywhere
    """All windows of a dataset.

    Args:
        url: of the dataset; every node must reach it.
        options: as for `manifests.training.dataset.open_dataset`.

    Raises:
        ValueError, DatasetError: as `open_dataset`.
    """

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__()
        self._url, self._options = url, {**options, "as_torch": False}
        dataset = open_dataset(url, **self._options)
        self._num_windows = len(dataset)
        self._window_bytes = sum(np.asarray(array).nbytes for array in dataset[0].values())

    def estimate_inmemory_data_size(self) -> int:
        """Bytes of all windows, decoded."""
        return self._num_windows * self._window_bytes

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
        """So many tasks, each with a run of neighbouring windows."""
        bounds = (
            np.linspace(0, self._num_windows, min(parallelism, self._num_windows) + 1).astype(int).tolist()
        )
        tasks = []
        for start, end in itertools.pairwise(bounds):
            size = (end - start) * self._window_bytes
            about = BlockMetadata(num_rows=end - start, size_bytes=size, input_files=None, exec_stats=None)
            tasks.append(ReadTask(partial(read_windows, self._url, self._options, start, end), about))
        return tasks


def read_windows(url: str, options: dict[str, Any], start: int, exclusive_end: int) -> Iterator[Any]:
    """Blocks of the windows [start, exclusive_end): a dict of arrays [windows, ...] each."""
    dataset = open_dataset(url, **options)
    for first in range(start, exclusive_end, _BLOCK_WINDOWS):
        places = [
            dataset.index.locate(window)
            for window in range(first, min(first + _BLOCK_WINDOWS, exclusive_end))
        ]
        block = dataset.collate((dataset.reader.fetch(*place) for place in places), len(places))
        yield BlockAccessor.batch_to_block(
            {name: np.ascontiguousarray(array) for name, array in block.items()}
        )
