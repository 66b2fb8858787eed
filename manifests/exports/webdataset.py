"""Write the WebDataset format: tar shards of NAME.mp4, NAME.<array>.npy and NAME.json, grouped by NAME."""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.exports.clips import Clip
    from manifests.store.contract import Store


def write_webdataset(clips: Iterator[Clip], out: Store, shard_bytes: int) -> int:
    """Write shards `shard-000000.tar` ... of about `shard_bytes`; return the number of samples.

    Raises:
        StoreFailed: a shard cannot be put.
    """
    count, shard = 0, 0
    with tempfile.TemporaryDirectory(prefix="farm-export-") as scratch:
        path = Path(scratch) / "shard.tar"
        pending = next(clips, None)
        while pending is not None:
            with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
                size = 0
                while pending is not None and size < shard_bytes:
                    size += _add(archive, pending)
                    count, pending = count + 1, next(clips, None)
            out.put(f"shard-{shard:06d}.tar", path)
            shard += 1
    return count


def _add(archive: tarfile.TarFile, clip: Clip) -> int:
    files = {"mp4": clip.mp4, "json": clip.about_json}
    for name, array in clip.arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, array)
        # WebDataset reads everything after the first dot as the kind of file, so names must have no dot.
        files[f"{name.replace('/', '-').replace('.', '-')}.npy"] = buffer.getvalue()
    for suffix, data in files.items():
        entry = tarfile.TarInfo(f"{clip.name}.{suffix}")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return sum(map(len, files.values()))
