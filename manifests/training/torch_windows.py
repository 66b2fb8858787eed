"""The same windows as torch's `Dataset` and `IterableDataset`, and a loader that stops and goes on exactly.

    loader = dataset.loader(batch_size=8, num_workers=4, rank=rank, world_size=world_size)
    for batch in loader: ...
    loader.state_dict()            # goes on at any number of ranks and workers

torch's own DataLoader and torchdata's StatefulDataLoader take them as well, with batch_size=None for streams,
which make whole batches; StatefulDataLoader goes on at the same number of workers, as it always does.
This module is the door to torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manifests.training.dataset import WindowDataset
    from manifests.training.stream import Stream

    Tensors = dict[str, Any]


def as_tensors(sample: Mapping[str, Any]) -> Tensors:
    """Arrays to tensors that share their memory; what a transform made a tensor of stays."""
    return {
        name: value if isinstance(value, torch.Tensor) else torch.as_tensor(value)
        for name, value in sample.items()
    }


class TorchWindows(Dataset[Any]):  # type: ignore[misc] # torch is not installed everywhere
    """A `WindowDataset` whose samples are dicts of tensors; map style."""

    def __init__(self, windows: WindowDataset) -> None:
        self.windows = windows
        self.names, self.games, self.url = windows.names, windows.games, windows.url

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, window: int) -> Tensors:
        """One sample; see `manifests.training.dataset`."""
        return as_tensors(self.windows[window])

    def stream(self, **options: Any) -> TorchStream:
        """Shuffled batches; see `manifests.training.stream.Stream` for the options."""
        return TorchStream(self.windows.stream(**options))

    def loader(self, *, num_workers: int = 0, start_method: str | None = None, pin_memory: bool = False,
               **options: Any) -> Loader:  # fmt: skip
        """A stream read by worker processes; see `Loader`."""
        return Loader(self.stream(**options), num_workers, start_method, pin_memory=pin_memory)


class TorchStream(IterableDataset[Any]):  # type: ignore[misc]
    """A `Stream` of dicts of tensors. In a worker process it gives that worker's batches."""

    def __init__(self, batches: Stream) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Tensors]:
        """The batches that are left of the epoch; of this worker, in a worker process."""
        info = get_worker_info()
        if info is not None:
            torch.set_num_threads(1)
            self.batches.work_as(info.id, info.num_workers)
        for batch in self.batches:
            yield as_tensors(batch)

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch; call it before each one if torch's DataLoader has workers."""
        self.batches.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Where it is; see `Stream.state_dict`."""
        return self.batches.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there; see `Stream.load_state_dict`."""
        self.batches.load_state_dict(state)


class Loader:
    """A stream read by worker processes, in its order, with a state of its own.

    Args:
        stream: of one rank.
        num_workers: processes; 0 reads in this one.
        start_method: "fork", "spawn" or "forkserver"; the system's by default.
        pin_memory: see torch's DataLoader.
    """

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
        """Batches that are left of this epoch."""
        return len(self.stream.batches)

    def __iter__(self) -> Iterator[Tensors]:
        """Go on to the end of the epoch; the next call begins the next one."""
        batches = self.stream.batches
        if not self.num_workers:
            yield from self.stream
        else:
            # Workers get copies of the stream as it is now; which of them has which batch follows from that.
            loader: DataLoader[Any] = DataLoader(
                self.stream, batch_size=None, num_workers=self.num_workers, pin_memory=self._pin_memory,
                multiprocessing_context=self._start_method,
            )  # fmt: skip
            for step, batch in enumerate(loader, start=batches.step + 1):
                batches.step = step
                yield batch
            batches.set_epoch(batches.epoch + 1)

    def state_dict(self) -> dict[str, Any]:
        """Where all ranks are."""
        return self.stream.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there, at any number of ranks and workers.

        Raises:
            ValueError: a state of another dataset, window or seed.
        """
        self.stream.load_state_dict(state)
