"""Write Zarr format 3: arrays [windows, ...] of decoded pictures and states, one window per Zarr chunk.

Decoded pictures are large: 15 MB for 16 frames of 640x480. So `scale` can make pictures smaller, and chunks
are compressed by gzip.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.training.sample import as_dict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.store.contract import Store
    from manifests.training.dataset import WindowDataset

_LEVEL = 1


def write_zarr(dataset: WindowDataset, out: Store, scale: int = 1) -> int:
    """Write every window of a dataset into a Zarr group; return the number of windows.

    Args:
        dataset: the windows.
        out: the store to write the group to.
        scale: 1 for whole pictures, 2 for every second pixel of every second row, and so on.

    Raises:
        StoreFailed: a chunk cannot be put.
        DatasetError: the dataset cannot be read.
    """
    for window in range(len(dataset)):
        sample = dataset[window]
        if "video" in sample:
            sample["video"] = sample["video"][..., ::scale, ::scale]
        arrays = {name.replace("/", "-"): np.asarray(value) for name, value in as_dict(sample).items()}
        for name, array in arrays.items():
            if window == 0:
                out.put(f"{name}/zarr.json", _json(_described(array, len(dataset))))
            # One Zarr chunk per window: its coordinates are the window's number, and 0 on all other axes.
            place = "/".join(map(str, ["c", window, *([0] * array.ndim)]))
            out.put(f"{name}/{place}", gzip.compress(np.ascontiguousarray(array).tobytes(), _LEVEL, mtime=0))
    names = {name: list(places) for name, places in dataset.names.items()}
    attributes = {"names": names, "dataset_sha256": dataset.footage.sha256}
    out.put("zarr.json", _json({"zarr_format": 3, "node_type": "group", "attributes": attributes}))
    return len(dataset)


def _described(array: NDArray[Any], count: int) -> dict[str, Any]:
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [count, *array.shape],
        "data_type": array.dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, *array.shape]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": False if array.dtype == np.bool_ else 0,
        "codecs": [
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "gzip", "configuration": {"level": _LEVEL}},
        ],
        "attributes": {},
    }


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=1).encode()
