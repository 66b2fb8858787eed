"""Write a side table as a stream of shards, one per chunk; a stopped run can be run again and goes on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.errors import RecordRefused
from manifests.side_tables.contract import SHARD_PREFIX, TABLE_KEY, Span, TableDescription
from manifests.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray


class SideTableWriter:
    """Writes a side table; several processes may write different spans of one table.

        writer = SideTableWriter("latents", about={"encoder": "vae-3"})
        for chunk in range(dataset.num_chunks):
            span = dataset.span(chunk)
            if not writer.has(span):
                writer.write(span, encode(dataset.read_chunk(chunk)["video"]))

    Args:
        url: folder or URL of the table.
        about: notes to store in the table, ready for JSON. A table with other notes is never continued.

    Raises:
        RecordRefused: `url` holds something else, or a table with other notes.
        StoreFailed: the store cannot be read.
    """

    def __init__(self, url: str | Path, about: Mapping[str, Any] | None = None) -> None:
        self._store = open_store(url)
        self._about = dict(about or {})
        self._description: TableDescription | None = None
        if self._store.head(TABLE_KEY) is not None:
            found = TableDescription.from_json(self._store.get(TABLE_KEY), f"{self._store.url}/{TABLE_KEY}")
            if found.about != self._about:
                message = (
                    f"{self._store.url} was made with {dict(found.about)}, not {self._about}; write to "
                    "another place"
                )
                raise RecordRefused(message)
            self._description = found
        shards = (Span.parse(info.key) for info in self._store.list(SHARD_PREFIX))
        self._done = {span for span in shards if span is not None}

    def has(self, span: Span) -> bool:
        """Whether the shard of a span was written, as far as this process knows."""
        return span in self._done

    def write(self, span: Span, values: NDArray[Any]) -> None:
        """Write the values of all frames of a span, [num_frames, ...], replacing an existing shard.

        Raises:
            ValueError: the number of frames is wrong, or dtype or shape differ from those of earlier values.
            StoreFailed: the store cannot take the shard.
        """
        if values.shape[:1] != (span.num_frames,) or values.dtype.kind not in "fiub":
            message = (
                f"values of {span.num_frames} frames are numbers [{span.num_frames}, ...], got "
                f"{values.dtype} {values.shape}"
            )
            raise ValueError(message)
        if self._description is None:
            self._describe(values)
        ours = self._description
        if ours is None or (ours.dtype, ours.row_shape) != (values.dtype.name, values.shape[1:]):
            message = f"{self._store.url} has rows of {ours}, got {values.dtype} {values.shape[1:]}"
            raise ValueError(message)
        buffer = io.BytesIO()
        little = values.astype(values.dtype.newbyteorder("<"), order="C", copy=False)
        np.lib.format.write_array(buffer, little, version=(1, 0))
        self._store.put(span.key, buffer.getvalue())
        self._done.add(span)

    def _describe(self, values: NDArray[Any]) -> None:
        made = TableDescription(values.dtype.name, values.shape[1:], self._about)
        self._store.put_if_absent(TABLE_KEY, made.to_json())
        # Another process may have written table.json first; then its description counts.
        name = f"{self._store.url}/{TABLE_KEY}"
        self._description = TableDescription.from_json(self._store.get(TABLE_KEY), name)
