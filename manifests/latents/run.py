"""Encode every picture of a dataset, a chunk at a time; finished chunks are not encoded again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from manifests.latents.encoder import encode_pictures, load_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from manifests.latents.job import EncodeJob


@dataclass(frozen=True, slots=True)
class Encoded:
    """The result of a run: numbers of encoded pictures, of their chunks, and of chunks done before."""

    pictures: int
    chunks: int
    chunks_done_before: int


class ChunkEncoder:
    """Encodes chunks, and writes the values into a side table; each process has its own object.

    Args:
        job: the dataset, the encoder, and the side table.

    Raises:
        EncoderRefused: there is no such encoder.
        ValueError, DatasetError: the dataset cannot be opened, or the table belongs to another encoder.
    """

    def __init__(self, job: EncodeJob) -> None:
        self._job, self._encode = job, load_encoder(job.encoder)
        self._dataset = job.open_dataset()
        self._writer = job.open_writer(self._dataset)

    @property
    def num_chunks(self) -> int:
        """Number of chunks in the selected games."""
        return self._dataset.num_chunks

    def encode(self, chunk: int) -> int | None:
        """Encode the pictures of one chunk; return their number, or None if that was done before.

        Raises:
            EncoderRefused: the encoder does not give a value for each picture.
            DatasetError: the dataset cannot be read, or the side table cannot be written.
        """
        span, batch_size = self._dataset.span(chunk), self._job.batch_size
        if self._writer.has(span):
            return None
        values = []
        for start in range(0, span.num_frames, batch_size):
            end = min(start + batch_size, span.num_frames)
            pictures = np.ascontiguousarray(self._dataset.read_chunk(chunk, start, end)["video"])
            values.append(encode_pictures(self._encode, pictures, self._job.device))
        self._writer.write(span, np.concatenate(values))
        return span.num_frames


def encode_chunks(
    encoder: ChunkEncoder, chunks: Iterable[int], on_chunk: Callable[[int], object] = lambda _: None
) -> Encoded:
    """Encode some chunks, one after the other, in this process.

    Args:
        encoder: encodes each chunk.
        chunks: the numbers of the chunks.
        on_chunk: function that is called with the number of pictures done so far.

    Raises:
        EncoderRefused, DatasetError: as `ChunkEncoder.encode`.
    """
    pictures = done = before = 0
    for chunk in chunks:
        count = encoder.encode(chunk)
        pictures, done, before = pictures + (count or 0), done + (count is not None), before + (count is None)
        on_chunk(pictures)
    return Encoded(pictures, done, before)
