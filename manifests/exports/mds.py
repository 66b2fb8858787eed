"""Write MDS, MosaicML's streaming format, version 2: shards of samples, and an index.json that lists them.

shard    uint32 N, uint32 offsets [N + 1], the header as JSON, N samples
sample   uint32 sizes of the columns that vary in size, then the columns' bytes, in order of their names
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.exports.clips import Clip
    from manifests.store.contract import Store


def write_mds(clips: Iterator[Clip], out: Store, shard_bytes: int) -> int:
    """Write `shard.00000.mds` ... of about `shard_bytes`, and index.json last; return the number of samples.

    Raises:
        StoreFailed: a shard cannot be put.
    """
    shards: list[dict[str, Any]] = []
    samples: list[bytes] = []
    header: dict[str, Any] = {}
    for clip in clips:
        columns = _columns(clip)
        if not header:
            header = _header(columns, shard_bytes)
        sizes = [len(data) for _, (_, size, data) in sorted(columns.items()) if size is None]
        body = b"".join(data for _, (_, _, data) in sorted(columns.items()))
        samples.append(np.array(sizes, np.uint32).tobytes() + body)
        if sum(map(len, samples)) >= shard_bytes:
            shards.append(_put(out, len(shards), header, samples))
            samples = []
    if samples:
        shards.append(_put(out, len(shards), header, samples))
    out.put("index.json", json.dumps({"version": 2, "shards": shards}, sort_keys=True).encode())
    return sum(shard["samples"] for shard in shards)


def _columns(clip: Clip) -> dict[str, tuple[str, int | None, bytes]]:
    """Return each column by name: its encoding, its fixed size if it has one, and its bytes."""
    columns: dict[str, tuple[str, int | None, bytes]] = {
        "video": ("bytes", None, clip.mp4),
        "about": ("json", None, clip.about_json),
    }
    for name, array in clip.arrays.items():
        # MDS has no bool arrays.
        kept = array.astype(np.uint8) if array.dtype == np.bool_ else array
        shape = ",".join(map(str, kept.shape))
        columns[name] = (
            f"ndarray:{kept.dtype.name}:{shape}",
            kept.nbytes,
            np.ascontiguousarray(kept).tobytes(),
        )
    return columns


def _header(columns: dict[str, tuple[str, int | None, bytes]], shard_bytes: int) -> dict[str, Any]:
    names = sorted(columns)
    return {
        "version": 2,
        "format": "mds",
        "compression": None,
        "hashes": [],
        "size_limit": shard_bytes,
        "column_names": names,
        "column_encodings": [columns[name][0] for name in names],
        "column_sizes": [columns[name][1] for name in names],
    }


def _put(out: Store, number: int, header: dict[str, Any], samples: list[bytes]) -> dict[str, Any]:
    text = json.dumps(header, sort_keys=True).encode()
    first = 4 + 4 * (len(samples) + 1) + len(text)
    offsets = first + np.cumsum([0, *map(len, samples)])
    data = np.uint32(len(samples)).tobytes() + offsets.astype(np.uint32).tobytes() + text + b"".join(samples)
    name = f"shard.{number:05d}.mds"
    out.put(name, data)
    raw = {"basename": name, "bytes": len(data), "hashes": {}}
    return {**header, "samples": len(samples), "raw_data": raw, "zip_data": None}
