"""Zarr (format 2): arrays [N, ...] of decoded pictures and states, a window to a chunk, zlib inside.

Decoded pictures are large: 15 MB for 16 frames of 640x480. `scale` takes every so many-th pixel, as those
want who train on small pictures.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.loader import WindowDataset
    from manifests.store import Store

_LEVEL = 1


def write_zarr(dataset: WindowDataset, out: Store, scale: int = 1) -> int:
    """Write every window of a dataset as a Zarr group; return how many.

    Raises:
        StoreFailed: a chunk cannot be put.
        DatasetError: the dataset cannot be read.
    """
    for window in range(len(dataset)):
        sample = dataset[window]
        if "video" in sample:
            sample["video"] = sample["video"][..., ::scale, ::scale]
        arrays = {name.replace("/", "-"): np.asarray(value) for name, value in sample.items()}
        for name, array in arrays.items():
            if window == 0:
                out.put(f"{name}/.zarray", _json(_described(array, len(dataset))))
            place = ".".join(map(str, [window, *([0] * array.ndim)]))
            out.put(f"{name}/{place}", zlib.compress(np.ascontiguousarray(array).tobytes(), _LEVEL))
    names = {name: list(places) for name, places in dataset.names.items()}
    out.put(".zattrs", _json({"names": names, "dataset_sha256": dataset.footage.sha256}))
    out.put(".zgroup", _json({"zarr_format": 2}))
    return len(dataset)


def _described(array: NDArray[Any], count: int) -> dict[str, Any]:
    return {
        "zarr_format": 2,
        "shape": [count, *array.shape],
        "chunks": [1, *array.shape],
        "dtype": array.dtype.str,
        "compressor": {"id": "zlib", "level": _LEVEL},
        "fill_value": 0,
        "order": "C",
        "filters": None,
    }


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=1).encode()
