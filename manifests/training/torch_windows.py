"""Windows as tensors: a torch `Dataset`, an `IterableDataset`, and a loader that can resume exactly.

    loader = dataset.loader(batch_size=8, num_workers=4, rank=rank, world_size=world_size)
    for batch in loader: ...
    loader.state_dict()            # can be resumed at any number of ranks and workers

torch's own DataLoader and torchdata's StatefulDataLoader take these datasets as well. Streams need
batch_size=None there, as they make whole batches. StatefulDataLoader resumes only with the same number of
workers. This module is a door to torch: one of the few that import it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from manifests.training.order import DEFAULT_APART
from manifests.training.sample import SampleRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from manifests.side_tables.contract import Span
    from manifests.training.dataset import WeightsWanted, WindowDataset
    from manifests.training.sample import Sample
    from manifests.training.stream import Stream

TensorSample: TypeAlias = SampleRecord[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
"""A window, or a batch of windows, as tensors."""


def as_tensors(sample: Sample) -> TensorSample:
    """Turn arrays into tensors that share their memory; tensors that a transform made stay as they are."""
    tensors = {
        name: value if isinstance(value, torch.Tensor) else torch.as_tensor(value)
        for name, value in sample.items()
    }
    return cast("TensorSample", tensors)


class TorchWindows(Dataset[Any]):  # type: ignore[misc] # torch is not installed everywhere
    """A map-style dataset of tensors: a `WindowDataset` whose samples are tensors."""

    def __init__(self, windows: WindowDataset) -> None:
        self.windows = windows

    @property
    def url(self) -> str:
        """The path or URL of the dataset."""
        return self.windows.url

    @property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the places along the last axis of each tensor: names["state"][d], names["action"][d]."""
        return self.windows.names

    @property
    def games(self) -> pa.Table:
        """The rows of the games table; a sample's `game` is a row number of it."""
        return self.windows.games

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, window: int) -> TensorSample:
        """Read one sample; it raises what `WindowDataset.__getitem__` raises."""
        return as_tensors(self.windows[window])

    @property
    def num_chunks(self) -> int:
        """Number of chunks in the selected games."""
        return self.windows.num_chunks

    def span(self, chunk: int) -> Span:
        """Return which frames a chunk has; see `WindowDataset.span`."""
        return self.windows.span(chunk)

    def read_chunk(self, chunk: int, start: int = 0, exclusive_end: int | None = None) -> TensorSample:
        """Read frames of a chunk as one sample; see `WindowDataset.read_chunk`."""
        return as_tensors(self.windows.read_chunk(chunk, start, exclusive_end))

    def __iter__(self) -> Iterator[TensorSample]:
        """Read every window once, in order."""
        return (self[window] for window in range(len(self)))

    def prepare(self, part: int = 0, num_parts: int = 1) -> None:
        """Pack the states of all chunks now; see `WindowDataset.prepare`."""
        self.windows.prepare(part, num_parts)

    def stream(
        self, *, batch_size: int, rank: int = 0, world_size: int = 1, seed: int = 0, epoch: int = 0,
        drop_last: bool = False, weights: WeightsWanted | None = None, num_visits: int | None = None,
        apart: int = DEFAULT_APART, threads: int | None = None,
    ) -> TorchStream:  # fmt: skip
        """Make a stream of shuffled batches for one rank; `WindowDataset.stream` explains the arguments."""
        return TorchStream(
            self.windows.stream(
                batch_size=batch_size, rank=rank, world_size=world_size, seed=seed, epoch=epoch,
                drop_last=drop_last, weights=weights, num_visits=num_visits, apart=apart, threads=threads,
            )
        )  # fmt: skip

    def loader(
        self, *, batch_size: int, num_workers: int = 0, start_method: str | None = None,
        pin_memory: bool = False, rank: int = 0, world_size: int = 1, seed: int = 0, epoch: int = 0,
        drop_last: bool = False, weights: WeightsWanted | None = None, num_visits: int | None = None,
        apart: int = DEFAULT_APART, threads: int | None = None,
    ) -> Loader:  # fmt: skip
        """Make a loader of the batches of `stream`, read by `num_workers` processes; 0 means in this process.

        `start_method` says how the processes are started: "fork", "spawn" or "forkserver", by default as the
        system does. `pin_memory` puts batches into page-locked memory, which copies to a GPU faster. All
        other arguments are those of `WindowDataset.stream`.
        """
        stream = self.stream(
            batch_size=batch_size, rank=rank, world_size=world_size, seed=seed, epoch=epoch,
            drop_last=drop_last, weights=weights, num_visits=num_visits, apart=apart, threads=threads,
        )  # fmt: skip
        return Loader(stream, num_workers, start_method, pin_memory=pin_memory)


class TorchStream(IterableDataset[Any]):  # type: ignore[misc]
    """A `Stream` of tensors. In a worker process of torch's DataLoader it gives that worker's batches."""

    def __init__(self, batches: Stream) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[TensorSample]:
        """Yield the remaining batches of the epoch; in a worker process, those of this worker."""
        info = get_worker_info()
        if info is not None:
            torch.set_num_threads(1)  # with a thread per core in every worker, all of them would slow down
            self.batches.work_as(info.id, info.num_workers)
        for batch in self.batches:
            yield as_tensors(batch)

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch; call it before each one if torch's DataLoader has workers."""
        self.batches.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return where the stream is, ready for JSON; see `Stream.state_dict`."""
        return self.batches.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where another stream was; see `Stream.load_state_dict`."""
        self.batches.load_state_dict(state)


class Loader:
    """A stream read by worker processes, in the stream's order; `TorchWindows.loader` makes it."""

    def __init__(
        self,
        stream: TorchStream,
        num_workers: int = 0,
        start_method: str | None = None,
        *,
        pin_memory: bool = False,
    ) -> None:
        self.stream, self.num_workers = stream, num_workers
        self._start_method, self._pin_memory = start_method, pin_memory

    def __len__(self) -> int:
        """Count the batches that are left of this epoch."""
        return len(self.stream.batches)

    def __iter__(self) -> Iterator[TensorSample]:
        """Yield the remaining batches of the epoch; the next call begins the next epoch."""
        batches = self.stream.batches
        if not self.num_workers:
            yield from self.stream
        else:
            # Workers get copies of the stream as it is now, from which each of them knows its own batches.
            loader: DataLoader[Any] = DataLoader(
                self.stream, batch_size=None, num_workers=self.num_workers, pin_memory=self._pin_memory,
                multiprocessing_context=self._start_method,
            )  # fmt: skip
            # Workers run ahead, but only batches that were handed out count as taken, so this process keeps
            # count.
            for step, batch in enumerate(loader, start=batches.step + 1):
                batches.step = step
                yield batch
            batches.set_epoch(batches.epoch + 1)

    def state_dict(self) -> dict[str, Any]:
        """Return where all ranks are, ready for JSON."""
        return self.stream.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where another loader was, at any number of ranks and workers.

        Raises:
            ValueError: the state belongs to another dataset, window or seed.
        """
        self.stream.load_state_dict(state)
