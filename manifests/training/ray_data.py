"""A Ray Data source that yields the windows of a dataset.

    open_windows = partial(open_dataset, "s3://bucket/set", window=16, as_torch=False)
    ray.data.read_datasource(WindowDatasource(open_windows))

Every read task opens the dataset on its own node and yields blocks of some windows, with one column per
array, in the dataset's order; Ray Data shuffles and batches them. Nothing large goes through the driver. This
is one of the few modules that may import Ray.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from ray.data.block import BlockAccessor, BlockMetadata
from ray.data.datasource import Datasource, ReadTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manifests.training.dataset import WindowDataset

_BLOCK_WINDOWS: Final = 16


class WindowDatasource(Datasource):  # type: ignore[misc] # Ray is not installed everywhere
    """A Ray Data source of all windows of a dataset.

    Args:
        open_windows: opens the dataset as arrays. It is pickled and called on every node, so every node must
            be able to reach the dataset.
    """

    def __init__(self, open_windows: Callable[[], WindowDataset]) -> None:
        super().__init__()
        self._open_windows = open_windows
        dataset = open_windows()
        self._num_windows = len(dataset)
        self._window_bytes = sum(np.asarray(array).nbytes for array in dataset[0].values())

    def estimate_inmemory_data_size(self) -> int:
        """Tell Ray how many bytes all windows take, decoded."""
        return self._num_windows * self._window_bytes

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
        """Make at most `parallelism` tasks, each with a run of neighbouring windows."""
        bounds = (
            np.linspace(0, self._num_windows, min(parallelism, self._num_windows) + 1).astype(int).tolist()
        )
        tasks = []
        for start, end in itertools.pairwise(bounds):
            size = (end - start) * self._window_bytes
            about = BlockMetadata(num_rows=end - start, size_bytes=size, input_files=None, exec_stats=None)
            tasks.append(ReadTask(partial(read_windows, self._open_windows, start, end), about))
        return tasks


def read_windows(open_windows: Callable[[], WindowDataset], start: int, exclusive_end: int) -> Iterator[Any]:
    """Yield the windows [start, exclusive_end) as blocks: a dict of arrays [windows, ...] each."""
    dataset = open_windows()
    for first in range(start, exclusive_end, _BLOCK_WINDOWS):
        windows = range(first, min(first + _BLOCK_WINDOWS, exclusive_end))
        block = dataset.collate(map(dataset.fetch, windows), len(windows))
        yield BlockAccessor.batch_to_block(
            {name: np.ascontiguousarray(array) for name, array in block.items()}
        )
