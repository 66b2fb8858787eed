"""Encode a dataset's pictures with Ray Data, on as many GPUs or nodes as a cluster has. A door to Ray.

Every worker opens the dataset on its own node and puts its shards onto the table's store itself, so nothing
large goes through the driver. Chunks that any worker has finished are not encoded again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ray.data

from manifests.latents.run import ChunkEncoder, Encoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifests.latents.job import EncodeJob


class _Worker:
    """A Ray Data actor that encodes the chunks whose numbers it is given."""

    def __init__(self, job: EncodeJob) -> None:
        self._encoder = ChunkEncoder(job)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        # -1 stands for a chunk that was done before, because a column has only one type.
        counts = [self._encoder.encode(chunk) for chunk in batch["id"].tolist()]
        return {"pictures": [-1 if count is None else count for count in counts]}


def encode_with_ray(
    job: EncodeJob, num_workers: int, num_gpus: float, on_chunk: Callable[[int], object] = lambda _: None
) -> Encoded:
    """Encode all chunks on the Ray cluster that this process has joined, or on a new one.

    Args:
        job: the work; every node must be able to reach its dataset and table, and import its encoder.
        num_workers: number of actors that work at the same time.
        num_gpus: GPUs per actor; 0 for the CPU only.
        on_chunk: function that is called with the number of pictures done so far.

    Raises:
        EncoderRefused, ValueError, DatasetError: as `ChunkEncoder`, before any worker is started.
        ray.exceptions.RayError: a worker failed.
    """
    num_chunks = ChunkEncoder(job).num_chunks
    numbers = ray.data.range(num_chunks, override_num_blocks=num_chunks)
    results = numbers.map_batches(
        _Worker, fn_constructor_args=(job,), batch_size=1, num_gpus=num_gpus,
        compute=ray.data.ActorPoolStrategy(size=num_workers),
    )  # fmt: skip
    pictures = done = before = 0
    for row in results.iter_rows():
        count = row["pictures"]
        pictures, done, before = pictures + max(count, 0), done + (count >= 0), before + (count < 0)
        on_chunk(pictures)
    return Encoded(pictures, done, before)
