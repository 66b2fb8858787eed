"""Encode every picture of a dataset, a chunk at a time; chunks that are done are not done again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from manifests.latents.encoder import encode_pictures

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifests.latents.encoder import Encode
    from manifests.side_tables.writer import SideTableWriter
    from manifests.training.dataset import WindowDataset


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a run did: pictures encoded, and chunks that were done before."""

    pictures: int
    chunks: int
    chunks_done_before: int


def encode_dataset(
    dataset: WindowDataset, writer: SideTableWriter, encode: Encode, *, batch_size: int = 60,
    device: str | None = None, part: int = 0, num_parts: int = 1,
    on_chunk: Callable[[int], object] = lambda _: None,
) -> Encoded:  # fmt: skip
    """Write the encoder's values of each picture into a side table.

    Args:
        dataset: opened with its pictures, in RGB; its windows do not matter.
        writer: of the side table.
        encode: the user's function, see `manifests.latents.encoder.Encode`.
        batch_size: pictures that it gets at once; a multiple of the 30 of a group, or some are decoded twice.
        device: as in `encode_pictures`.
        part: which part of the chunks, from 0, so that several processes share the work.
        num_parts: number of parts.
        on_chunk: called with the number of pictures done so far.

    Raises:
        EncoderRefused: the encoder does not give a value for each picture.
        DatasetError: the dataset cannot be read, or the side table not be written.
    """
    pictures = chunks = before = 0
    for chunk in range(part, dataset.num_chunks, num_parts):
        span = dataset.span(chunk)
        if writer.has(span):
            before += 1
            continue
        values = []
        for start in range(0, span.num_frames, batch_size):
            read = dataset.read_chunk(chunk, start, min(start + batch_size, span.num_frames))["video"]
            values.append(encode_pictures(encode, np.ascontiguousarray(read), device))
        writer.write(span, np.concatenate(values))
        pictures, chunks = pictures + span.num_frames, chunks + 1
        on_chunk(pictures)
    return Encoded(pictures, chunks, before)
